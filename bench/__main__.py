"""`make bench`: accuracy, themes, cleaning of mails, masking, reading, figures, then speed."""

from bench import channels, figures, privacy, quality, readers, speed, themes

for part in (quality, themes, channels, privacy, readers, figures, speed):
    part.main()
