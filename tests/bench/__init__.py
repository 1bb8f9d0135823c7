"""Benchmarks: `make bench` prints each figure beside what a user would otherwise do, measured in the same run."""
