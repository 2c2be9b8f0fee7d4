"""Takes a JSON array apart where the strict decoder will not, so that one bad item does not refuse the others.

The strict decoder refuses the whole text for an unpaired surrogate escape, as senders write that cut a text in the
middle of a character. Slow; for arrays that failed once.
"""

import json
from typing import NoReturn

_SPACE = " \t\r\n"


def split_array(body: bytes) -> list[bytes]:
    """The items of a JSON array as they came; ValueError or RecursionError where it is not even loosely one."""
    # Escaping keeps bytes that are no UTF-8 apart, too: they come back in the item they belong to.
    text = body.decode("utf-8", "surrogateescape")
    position = _skip_space(text, 0)
    _expect(text, position, "[")
    items: list[bytes] = []
    position = _skip_space(text, position + 1)
    if text[position : position + 1] == "]":
        _expect_end(text, position + 1)
        return items
    while True:
        _, end = _decoder.raw_decode(text, position)
        items.append(text[position:end].encode("utf-8", "surrogateescape"))
        position = _skip_space(text, end)
        if text[position : position + 1] == "]":
            _expect_end(text, position + 1)
            return items
        _expect(text, position, ",")
        position = _skip_space(text, position + 1)


def _skip_space(text: str, position: int) -> int:
    while text[position : position + 1] in _SPACE and position < len(text):
        position += 1
    return position


def _expect(text: str, position: int, character: str) -> None:
    if text[position : position + 1] != character:
        raise ValueError(f"no {character!r} at character {position}")


def _expect_end(text: str, position: int) -> None:
    if _skip_space(text, position) < len(text):
        raise ValueError(f"trailing characters at character {position}")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


# Numbers stay text: only where an item ends is asked, and an endless number must not cost endless work.
_decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse)
