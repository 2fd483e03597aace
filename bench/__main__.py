"""`make bench`: accuracy, themes, taxonomies, cleaning of mails, masking, reading, figures, then speed."""

from bench import channels, figures, privacy, quality, readers, speed, taxonomy, themes

for part in (quality, themes, taxonomy, channels, privacy, readers, figures, speed):
    part.main()
