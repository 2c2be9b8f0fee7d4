"""Benchmarks of what DESIGN.md, part 10, sets targets for: `make bench`, or `python -m bench --quick`."""
