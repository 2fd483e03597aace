"""Benchmarks of everything that a figure in a text rests on; `make bench` runs them all, one after the other."""
