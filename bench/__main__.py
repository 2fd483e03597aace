"""`make bench`: accuracy, themes, then speed."""

from bench import privacy, quality, speed, themes

for part in (quality, privacy, themes, speed):
    part.main()
