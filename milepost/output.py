"""What commands print: plain text for people, JSON for programs."""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

_WIDEST = 100
# What a terminal would obey, what turns the direction of writing, and halves of characters, which cannot be printed:
# systems send any text. Tabs and line ends stay.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def echo(line: str, *, err: bool = False) -> None:
    """Prints a line at once; a reader that has gone away is no error."""
    _print(_UNWANTED.sub("�", line), sys.stderr if err else sys.stdout)


def problem(line: str) -> None:
    """Prints what is wrong on standard error."""
    echo(line, err=True)


def print_json(value: Any) -> None:
    """Prints JSON on standard output."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    # In JSON another way to write the same text.
    echo(_UNWANTED.sub(lambda found: json.dumps(found[0])[1:-1], text))


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], when_empty: str) -> None:
    """Prints rows in columns as wide as their longest cell; `unknown` for a value that is not known."""
    if not rows:
        echo(when_empty)
        return
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(columns, *cells, strict=True)]
    for line in ([*columns], *cells):
        echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _print(line: str, stream: TextIO) -> None:
    try:
        stream.write(f"{line}\n")
        stream.flush()
    except BrokenPipeError:
        # What the stream still holds would be flushed into the pipe at the end of the program.
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _cell(value: Any) -> str:
    if value is None:
        return "unknown"
    text = "".join(character if character.isprintable() else "�" for character in str(value))
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
