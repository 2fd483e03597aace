"""`make bench`: accuracy, themes, taxonomies, mails, masking, reading, figures, frontier, depth, then speed."""

from bench import channels, depth, figures, frontier, privacy, quality, readers, speed, taxonomy, themes

for part in (quality, themes, taxonomy, channels, privacy, readers, figures, frontier, depth, speed):
    part.main()
