"""Vendors on loopback: each checks what it gets by its documented schema and keeps the state that matters to us."""
