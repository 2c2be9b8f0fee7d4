"""Tells what became of a pull, for the command line."""

from milepost.answers.answer import Answer
from milepost.output import echo, problem


def tell_pull(row: Answer) -> bool:
    """Prints a pull's outcome and gives whether all of it was well."""
    for line in row["problems"]:
        problem(line)
    counts = f"{row['accepted']} accepted, {row['duplicates']} duplicates, {row['rejected']} rejected"
    if row["error"]:
        problem(f"{row['error']} ({counts} before)")
    else:
        echo(f"{row['pull']}: {counts}")
    return not row["error"] and not row["rejected"]
