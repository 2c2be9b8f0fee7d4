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
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def fit(text: str, limit: int, escape: Callable[[str], str] = str) -> str:
    """The text in the receiver's writing, cut with … so that it is no longer than `limit` after escaping."""
    # Every character is written as at least one, so no more of them can have room.
    written = escape(text[:limit])
    if len(text) <= limit and length(written) <= limit:
        return written
    parts: list[str] = []
    left = limit - len(CUT)
    for character in text[:limit]:
        part = escape(character)
        left -= length(part)
        if left < 0:
            break
        parts.append(part)
    return "".join(parts) + CUT
