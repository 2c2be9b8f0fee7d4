"""Markup that cannot be broken by what it shows: text is escaped unless it is Html already."""

import re
from collections.abc import Iterable
from html import escape


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


_VOID = frozenset({"img", "br"})


def element(name: str, *children: str | Iterable[str], **attributes: str | None) -> Html:
    """An element around its children; an attribute that is None is left out, `class_` is `class`."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{given}>")
    inner = "".join(_text(child) if isinstance(child, str) else "".join(map(_text, child)) for child in children)
    return Html(f"<{name}{given}>{inner}</{name}>")


def join(*parts: str | Iterable[str]) -> Html:
    """Markup after markup."""
    return Html("".join(_text(part) if isinstance(part, str) else "".join(map(_text, part)) for part in parts))


def _text(child: str) -> str:
    return child if isinstance(child, Html) else escape(child)


# What begins or ends anything in Markdown but what stands at the beginning of a line, where labels have nothing.
_MARKDOWN = re.compile(r"([\\`*_\[\]<>~$])")
# What becomes a link by itself, whatever is escaped in it; parted by a character that nobody sees.
_ADDRESS = re.compile(r"(https?|www)(?=://|\.)", re.IGNORECASE)


def as_label(text: str) -> str:
    """The text as the label of a button and the like, which Streamlit reads as Markdown: with links and pictures."""
    return _ADDRESS.sub("\\1\u2060", _MARKDOWN.sub(r"\\\1", " ".join(text.split())))
