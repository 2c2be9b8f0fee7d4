"""Cuts texts to what a receiver takes, and takes out what no receiver should see."""

import re
from collections.abc import Callable

CUT = "…"
# Control characters, what turns the direction of writing (a way to make one text look like another) and halves of
# characters, which no encoding can carry; tabs and line ends stay.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without what is invisible or could not be sent; each such character becomes a space."""
    return _UNWANTED.sub(" ", text)


def one_line(text: str) -> str:
    """The clean text with every stretch of white space made one space."""
    return " ".join(clean(text).split())


def length(text: str) -> int:
    """How long the strictest of receivers takes a text to be: in units of UTF-16, at least one a character."""
    return len(text) + sum(character > "\uffff" for character in text)


def fit(text: str, limit: int, escape: Callable[[str], str] = str) -> str:
    """The text in the receiver's writing, cut with … so that it is no longer than `limit` after escaping."""
    if 6 * len(text) <= limit:
        return escape(text)
    written: list[str] = []
    used = 0
    for character in text:
        part = escape(character)
        used += length(part)
        if used > limit:
            return "".join(_shortened(written, limit))
        written.append(part)
    return "".join(written)


def _shortened(written: list[str], limit: int) -> list[str]:
    used = sum(map(length, written))
    while written and used + len(CUT) > limit:
        used -= length(written.pop())
    return [*written, CUT]
