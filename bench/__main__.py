"""`make bench`: accuracy, themes, then speed."""

from bench import quality, speed, themes

for part in (quality, themes, speed):
    part.main()
