"""Stored events as files for other tools: OCEL 2.0 and CSV."""
