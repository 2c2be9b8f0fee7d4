"""Doubts about names that no contract knows: object types, and the attributes that events state."""

import difflib
from collections.abc import Iterable, Iterator

from domain.config_file import Location
from domain.contract import Contracts
from domain.reconcile_rule import ATTRIBUTES


def doubt_object(contracts: Contracts, object_type: str) -> Iterator[tuple[Location, str]]:
    """That no contract knows an object type; nothing where there are no contracts."""
    known = {*contracts.objects, *(event.object_type for event in contracts.events.values())}
    known |= {link.object_type for event in contracts.events.values() for link in event.links}
    if known and object_type not in known:
        yield ("object",), f'no contract knows the object type "{object_type}"{_near(object_type, known)}'


def doubt_fields(
    contracts: Contracts, event_types: Iterable[str], fields: Iterable[tuple[Location, str]]
) -> Iterator[tuple[Location, str]]:
    """That no contract of these event types names an attribute; nothing where none of them has a contract."""
    agreed = [event for event in contracts.events.values() if {event.type, *event.aliases} & {*event_types}]
    if not agreed:
        return
    known = {
        name.removeprefix(ATTRIBUTES)
        for event in agreed
        for name in (*event.required, *event.optional, *event.field_sources, *event.personal_data)
        if name.startswith(ATTRIBUTES)
    }
    for place, field in fields:
        name = field.removeprefix(ATTRIBUTES)
        if field.startswith(ATTRIBUTES) and name not in known:
            yield place, f'no contract of these events names the attribute "{name}"{_near(name, known)}'


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=3)
    return f"; did you mean {' or '.join(near)}?" if near else ""
