"""Texts with places for the facts of an object, filled in as the place they stand in asks for."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

PLACEHOLDERS = ("object_type", "object_id", "amount", "currency", "legal_entity", "region", "correlation_id")
ATTRIBUTE = "attributes."
ACCEPTED = f"{', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}, {{{ATTRIBUTE}NAME}}"
# What may stand in a header as it is: visible characters, and spaces between.
_HEADER = re.compile(r"[\x21-\x7e]+( +[\x21-\x7e]+)*")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_STRAY = re.compile(r"[{}]")
# By name, None where a fact is not known.
FilledIn = Mapping[str, str | None]


class CannotBeWritten(Exception):
    """A request cannot be made of what is known of an object; the text says why, without the object."""


def check_template(text: str) -> str:
    """The text; ValueError where nothing fills in what it names."""
    for name in _PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS and not (name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE)):
            raise ValueError(f"is a template with {{{name}}}, which nothing fills in; accepted: {ACCEPTED}")
    if _STRAY.search(_PLACEHOLDER.sub("", text)):
        raise ValueError("is a template with a brace that has no partner; only placeholders stand in braces")
    return text


def has_placeholder(text: str) -> bool:
    """Whether anything is filled in."""
    return _PLACEHOLDER.search(text) is not None


def in_url(template: str, facts: FilledIn) -> str:
    """An address with each fact as one part of a path or a query, whatever characters it has."""

    def escaped(name: str) -> str:
        value = _known(name, facts)
        # These two climb in a path, and no escape keeps them from it.
        if value in (".", ".."):
            raise CannotBeWritten(f"{name} is {value!r}, which cannot stand in an address")
        return quote(value, safe="")

    return _filled(template, escaped)


def in_header(template: str, facts: FilledIn) -> str:
    """A header's value; CannotBeWritten where a fact has characters that no header can have."""

    def plain(name: str) -> str:
        value = _known(name, facts)
        if not _HEADER.fullmatch(value):
            raise CannotBeWritten(f"{name} has characters that a header cannot hold")
        return value

    return _filled(template, plain)


def in_json(template: Any, facts: FilledIn) -> Any:
    """A JSON document with its texts filled in; one that is nothing but a fact that is not known becomes null."""
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        return facts.get(whole[1]) if whole else _filled(template, lambda name: _known(name, facts))
    if isinstance(template, dict):
        return {key: in_json(value, facts) for key, value in template.items()}
    return [in_json(value, facts) for value in template] if isinstance(template, list) else template


def _filled(template: str, write: Any) -> str:
    return _PLACEHOLDER.sub(lambda found: write(found[1]), template)


def _known(name: str, facts: FilledIn) -> str:
    value = facts.get(name)
    if not value:
        raise CannotBeWritten(f"{name} is not known, and the call needs it")
    return value
