"""Matches regular expressions in a time that grows with the text alone, whoever wrote the expression or the text.

Python's own engine goes back over what it read, and some expressions keep it at thirty characters for years. What
could do that goes to RE2, the engine that Alertmanager has, which costs some thirty times as much as a plain match.
"""

import importlib
import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

Match = Callable[[str], bool]
_MOST_KEPT = 4096
# An escape, a class and what says of a group that it is none of its own are no group and repeat nothing.
_PARTS = re.compile(
    r"(?P<skip>\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<repeated>\)[*+?{])|(?P<group>\(\??)|(?P<repeat>[*+?{])", re.DOTALL
)


def compile_regex(text: str) -> Match:
    """Whether a text meets the whole expression; ValueError where the expression is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            # RE2's \d, \w, \s and \b are ASCII, Python's are not unless told.
            plain = re.compile(text, re.ASCII)
    except (re.error, FutureWarning) as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from error
    return (lambda value: plain.fullmatch(value) is not None) if _is_plain(text) else _with_re2(text)


def _is_plain(text: str) -> bool:
    """Whether there is one way alone through a text: at most one repetition and one group, which is not repeated."""
    found = [match.lastgroup for match in _PARTS.finditer(text)]
    return "repeated" not in found and found.count("repeat") <= 1 and found.count("group") <= 1


def _with_re2(text: str) -> Match:
    # Loading it takes half a second, and few need it.
    arrow: Any = importlib.import_module("pyarrow")
    compute: Any = importlib.import_module("pyarrow.compute")
    whole = rf"\A(?:{text})\z"

    @lru_cache(maxsize=_MOST_KEPT)
    def match(value: str) -> bool:
        return bool(compute.match_substring_regex(arrow.scalar(value), whole).as_py())

    try:
        match("")
    except arrow.ArrowInvalid as error:
        raise ValueError(f"{text!r} is not a regular expression of RE2: {error}") from error
    return match
