"""Benchmarks: accuracy, themes, cleaning, masking, reading, speed. `make bench` runs them all."""
