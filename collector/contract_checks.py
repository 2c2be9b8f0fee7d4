"""Compiles a contract into a few small functions over an event: what it lacks, and how its personal data is masked.

An event of a contract that it keeps costs a lookup and a call a field (see DECISIONS 15): nothing is decoded unless
the contract asks for something inside the data of a foreign shape.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec

from collector.field_types import WORDS, example_of, test_of
from collector.personal_data import Tree, Unreadable, Way, masked, masked_text, way_of
from collector.receivers.cloudevents import Candidate, is_json_type
from domain.config_file import show
from domain.contract import EventContract, FieldType, OnForeignSource, Protection
from storage.events import EventRow

_object_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_value_decoder = msgspec.json.Decoder()
# An event's own attributes are called as CloudEvents calls them.
_ROW_NAMES = {"correlationid": "correlation_id", "causationid": "causation_id"}
# The reader has checked these already.
_READ_TYPES = {"amount": "decimal", "currency": "currency"}


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which an event breaks its contract: a bounded word, and a sentence."""

    flag: str
    detail: str


Check = Callable[[EventRow], Violation | None]
Getter = Callable[[EventRow], str | None]


def violations_of(contract: EventContract) -> Callable[[EventRow], Sequence[Violation]]:
    """Tells in which ways an event breaks a contract; none in most, so this is told without looking at each field."""
    fields = [(name, field_type, True) for name, field_type in contract.required.items()]
    fields += [(name, field_type, False) for name, field_type in contract.optional.items()]
    object_type = contract.object_type
    checks = [_object_check(object_type)]
    checks += [check for name, type_, required in fields if (check := _field_check(contract, name, type_, required))]
    # Every event has a type: with it there are always several to get at once.
    words = [_row_name(name) for name in contract.required if _is_word(name, contract.required[name])]
    given = attrgetter("type", *words)
    only_words = len(checks) == 1 + len(words)

    def violations(event: EventRow) -> Sequence[Violation]:
        if only_words and (not words or all(given(event))):
            for entry in event.objects:
                if entry[0] == object_type:
                    return ()
        return [violation for check in checks if (violation := check(event))]

    return violations


def foreign_words(contract: EventContract) -> Callable[[EventRow], Sequence[Violation]] | None:
    """Tells what of an event its source states although its word does not count; None where nobody wants to know."""
    if contract.on_foreign_source is not OnForeignSource.FLAG:
        return None
    owned = [(name, _getter(name), owners) for name, owners in contract.field_sources.items()]

    def foreign(event: EventRow) -> Sequence[Violation]:
        source = event.source
        found = [
            Violation("foreign_field", f"{name} is stated by {show(source)}; give it from {' or '.join(owners)}")
            for name, get, owners in owned
            if source not in owners and get(event)
        ]
        if not contract.may_state(source):
            named = " or ".join(contract.sources)
            found.append(Violation("foreign_source", f"the event is stated by {show(source)}; give it from {named}"))
        return found

    return foreign


class PersonalData:
    """The personal data of one contract, and how to mask it wherever an event carries it."""

    def __init__(self, fields: Mapping[str, Protection], key: bytes) -> None:
        self._attributes: dict[str, Way] = {}
        self._extensions: dict[str, Way] = {}
        self._data: Tree = {}
        for field, protection in fields.items():
            way = way_of(protection, key)
            place, _, name = field.partition(".")
            if place == "extensions":
                self._extensions[name] = way
            elif place == "attributes":
                self._attributes[name] = way
            else:
                _plant(self._data, name.split("."), way)
        if self._attributes:
            self._data["attributes"] = dict(self._attributes)
        self._event: Tree = {**self._extensions, **({"data": self._data} if self._data else {})}
        # A path's first name tells even where no object follows it.
        names = {*self._attributes, *self._extensions, *self._data} - {"attributes"}
        self._names = tuple(f'"{name}"'.encode() for name in names)

    def mask(self, candidate: Candidate, is_binary: bool) -> None:
        """Masks an event and what a dead letter would keep of it; Unreadable where its data cannot be read."""
        event = candidate.event
        for name, way in self._extensions.items():
            if name in event.extensions:
                event.extensions[name] = way(event.extensions[name])
        if self._data and not _can_be_masked(event):
            raise Unreadable
        raw = bytes(candidate.raw)
        if not self._may_be_in(raw):
            return
        if self._data and event.data:
            event.data = masked(event.data.encode(), self._data).decode()
            for name, way in self._attributes.items():
                if name in event.attributes:
                    event.attributes[name] = masked_text(event.attributes[name], way)
        candidate.raw = self.masked_raw(raw, is_binary)

    def _may_be_in(self, raw: bytes) -> bool:
        # An escape can write any name. In structured mode the data stands in the raw bytes as it is in the event.
        if b"\\" in raw:
            return True
        for name in self._names:  # noqa: SIM110 - a generator would cost as much as the search
            if name in raw:
                return True
        return False

    def masked_raw(self, raw: bytes, is_binary: bool) -> bytes:
        """An event masked as it was sent: its JSON, or in binary mode its data; Unreadable where that is no JSON."""
        data, tree = raw, self._data
        if not is_binary:
            tree = self._event
            try:
                event = _object_decoder.decode(raw)
            except (msgspec.DecodeError, RecursionError, UnicodeError):
                raise Unreadable from None
            data = bytes(event.get("data", b""))
            if self._data and bytes(event.get("data_base64", b"null")) != b"null":
                raise Unreadable
        if self._data and not _has_fields(data):
            raise Unreadable
        return masked(raw, tree) if tree and raw.strip() else raw


def leaf_of(field: str) -> str:
    """The name that a field's value stands under."""
    place, _, name = field.partition(".")
    return name.rpartition(".")[2] if place == "data" else name


def _plant(tree: Tree, path: Sequence[str], way: Way) -> None:
    *parents, name = path
    for parent in parents:
        node = tree.setdefault(parent, {})
        if callable(node):
            # What is masked as a whole needs nothing masked inside.
            return
        tree = node
    tree[name] = way


def _object_check(object_type: str) -> Check:
    missing = Violation(
        "missing_object", f"names no {object_type}; name one in data.objects, or as the subject {object_type}/ID"
    )

    def check(event: EventRow) -> Violation | None:
        for entry in event.objects:
            if entry[0] == object_type:
                return None
        return missing

    return check


def _field_check(contract: EventContract, name: str, field_type: FieldType, required: bool) -> Check | None:
    get = _getter(name)
    example = example_of(field_type)
    missing = Violation("missing_field", f"{name} is missing; give {example}") if required else None
    if not required and (field_type == "text" or _is_word(name, field_type)):
        return None
    fits = test_of(field_type)
    # What holds a personal field, or is part of one, is not repeated either.
    is_personal = any(
        f"{name}.".startswith(f"{other}.") or other.startswith(f"{name}.") for other in contract.personal_data
    )

    def check(event: EventRow) -> Violation | None:
        text = get(event)
        if not text:
            return missing
        if fits(text):
            return None
        shown = "of another type" if is_personal else show(text)
        return Violation("wrong_type", f"{name} is {shown}; give {example}")

    return check


def _is_word(name: str, field_type: FieldType) -> bool:
    """Whether a field is one of the row's own and there can be nothing wrong with it but that it is not there."""
    return name in WORDS and field_type in ("text", _READ_TYPES.get(name))


def _row_name(name: str) -> str:
    return _ROW_NAMES.get(name, name)


def _getter(name: str) -> Getter:
    place, _, rest = name.partition(".")
    if place == "attributes":
        return lambda event: event.attributes.get(rest)
    if place == "extensions":
        return lambda event: event.extensions.get(rest)
    if place == "data":
        path = rest.split(".")
        return lambda event: _in_data(event, path)
    get: Callable[[Any], str | None] = attrgetter(_row_name(name))
    return get


def _can_be_masked(event: EventRow) -> bool:
    """Whether an event's data is JSON that has fields, or is not there."""
    is_json = event.datacontenttype in ("application/json", "") or is_json_type(event.datacontenttype)
    return not event.data or (is_json and not event.data_base64 and _has_fields(event.data.encode()))


def _has_fields(data: bytes) -> bool:
    return data.lstrip()[:1] in (b"{", b"[") or data.strip() in (b"", b"null")


def _in_data(event: EventRow, path: Sequence[str]) -> str | None:
    """The text at a path of the data; None where there is none."""
    if event.data_base64:
        return None
    raw: bytes | msgspec.Raw = event.data.encode()
    try:
        for name in path:
            fields = _object_decoder.decode(raw)
            if name not in fields:
                return None
            raw = fields[name]
        raw = bytes(raw)
        if raw == b"null":
            return None
        return str(_value_decoder.decode(raw)) if raw[:1] == b'"' else raw.decode()
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
