"""Tells JSON that is nested deeper than anything means, before a reader that recurses meets it.

Most events have fewer brackets in all than may be nested: two counts at the speed of memory settle them.
"""

import re
from collections.abc import Iterable

import numpy as np

DEEPEST = 64
REASON = f"nested deeper than {DEEPEST} levels; send flatter JSON"
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_OPENING = b"[{"
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def are_any_too_deep(data: Iterable[str]) -> bool:
    """Whether the data of some event has as many arrays and objects inside each other as make the event too deep."""
    return any(
        text.count("[") + text.count("{") >= DEEPEST and is_too_deep(b"[" + text.encode() + b"]") for text in data
    )


def is_too_deep(raw: bytes) -> bool:
    """Whether JSON text has more than DEEPEST arrays and objects inside each other."""
    # By their numbers: a quarter faster than by b"[" and b"{".
    if raw.count(0x5B) + raw.count(0x7B) <= DEEPEST:
        return False
    brackets = np.frombuffer(_TEXT.sub(b"", raw).translate(None, _NO_BRACKETS), dtype=np.uint8)
    steps = np.where(np.isin(brackets, np.frombuffer(_OPENING, dtype=np.uint8)), np.int8(1), np.int8(-1))
    return int(np.cumsum(steps, dtype=np.int32).max(initial=0)) > DEEPEST
