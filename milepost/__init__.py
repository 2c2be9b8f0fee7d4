"""The program: commands, settings, and the one place where the parts are put together."""
