"""The words of revenue work as types: no I/O, no clock of its own, imported by every other package."""
