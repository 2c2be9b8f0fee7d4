"""The console's blocks: each a pure function from rows to markup or a figure, but for the filters, which ask."""
