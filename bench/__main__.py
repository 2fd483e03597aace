"""`make bench`: accuracy, themes, taxonomies, cleaning of mails, masking, reading, figures, frontier, then speed."""

from bench import channels, figures, frontier, privacy, quality, readers, speed, taxonomy, themes

for part in (quality, themes, taxonomy, channels, privacy, readers, figures, frontier, speed):
    part.main()
