"""The forms in which input arrives, each turned into what the writer takes."""
