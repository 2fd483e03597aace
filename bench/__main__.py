"""`make bench`: accuracy, themes, cleaning of mails, masking, reading, then speed."""

from bench import channels, privacy, quality, readers, speed, themes

for part in (quality, themes, channels, privacy, readers, speed):
    part.main()
