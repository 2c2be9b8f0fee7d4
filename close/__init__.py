"""The month-end close: what has to be done for a period, how ready it is, and who signs it off."""
