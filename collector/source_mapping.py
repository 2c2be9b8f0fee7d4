"""Splits a vendor's payload into events and maps each to the canonical CloudEvent, as the source's definition says.

A mapped event goes through the same reader as one that came to /v1/events, so nothing is taken here that would be
refused there. Only what is mapped is kept of an event that is taken: what a vendor adds at every attempt to deliver
(a counter, a time) then makes no conflict with the first.
"""

import contextlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from jmespath.visitor import Options

from collector.receivers.cloudevents import Candidate, Received, Rejection, read_event
from collector.source_definitions import FieldsConfig, ObjectConfig, SourceDefinition, TypeConfig
from collector.source_expressions import Expression
from collector.source_functions import SourceFunctions
from collector.source_payload import array_items, read_payload
from domain.config_file import show
from domain.errors import InputError
from domain.instants import EPOCH, format_instant

# What .NET's older JSON makes of an instant: milliseconds since 1970 in UTC, and an offset that changes nothing.
# https://learn.microsoft.com/previous-versions/dotnet/articles/bb299886(v=msdn.10)
_DOTNET_DATE = re.compile(r"/Date\((-?\d{1,18})(?:[+-]\d{4})?\)/")
# No vendor sends more than some hundreds at once, and each costs up to half a millisecond of expressions.
MOST_AT_ONCE = 5_000
_encoder = msgspec.json.Encoder(decimal_format="number")
Names = dict[str, Any]


class WrongSender(Exception):
    """A request says of its sender what it should not."""


class SourceMapper:
    """Reads the requests of one source."""

    def __init__(self, definition: SourceDefinition, senders: Sequence[str] = ()) -> None:
        """`senders` are those that the definition's `sender` expects; without any it asks nothing."""
        self._definition = definition
        self._senders = list(senders)
        self._config = definition.config
        self._options = Options(custom_functions=SourceFunctions(dict(self._config.currency_exponents)))

    def read(self, body: bytes, headers: Mapping[str, str], now: datetime) -> Received:
        """The events of one request, and those that cannot be mapped.

        InputError where it holds none, WrongSender where it comes from somebody else.
        """
        payload = read_payload(body)
        names: Names = {"body": payload, "headers": headers}
        sender = self._config.authentication.sender
        asked = {**names, "expected": self._senders}
        if sender and self._senders and not _is_true(sender.holds.find(asked, self._options)):
            raise WrongSender
        items = self._split(names)
        # An array's items can be kept one by one; of any other payload only the whole is what was sent.
        raws = array_items(body) if not self._config.events and len(items) > 1 else []
        received = Received(is_batch=isinstance(payload, list) or len(items) != 1)
        for index, item in enumerate(items):
            read = self._read_one(index, {**names, "event": item}, now)
            read.raw = raws[index] if raws else body
            if isinstance(read, Candidate):
                received.candidates.append(read)
            else:
                received.rejections.append(read)
        return received

    def response(self, body: bytes, headers: Mapping[str, str]) -> tuple[str, str] | None:
        """The content type and the body of the acknowledgement that the vendor expects; None for the usual one."""
        if not self._config.responses:
            return None
        names: Names = {"body": read_payload(body), "headers": headers}
        for response in self._config.responses:
            # All is stored by now: a condition that cannot be worked out is no reason to tell the vendor otherwise.
            with contextlib.suppress(InputError):
                if _is_true(response.when.find(names, self._options)):
                    return response.content_type, response.body
        return None

    def _split(self, names: Names) -> list[Any]:
        if names["body"] == []:
            return []
        found = self._events(names)
        items = found if isinstance(found, list) else [found]
        if found is None or not items:
            told = ", ".join(show(one.text) for one in self._config.events)
            where = f"nothing comes of {told}" if told else "it is null"
            raise InputError("no_events", f"the payload holds no events as {self._definition.name} sends them: {where}")
        if len(items) > MOST_AT_ONCE:
            raise InputError("too_many_events", f"the payload holds {len(items)} events; send at most {MOST_AT_ONCE}")
        return items

    def _events(self, names: Names) -> Any:
        """What holds the events: the payload itself, or what the first form of it that fits gives."""
        if not self._config.events:
            return names["body"]
        for expression in self._config.events:
            found = expression.find(names, self._options)
            if _is_true(found):
                return found
        return None

    def _read_one(self, index: int, names: Names, now: datetime) -> Candidate | Rejection:
        event_id: str | None = None
        try:
            type_ = self._type_of(names)
            finder = _Finder(type_, self._config.map, names, self._options)
            event_id = finder.text("id")
            if event_id is None:
                raise InputError("missing_id", f"id: {finder.told('id')} gives nothing; every event needs its id")
            raw = _encoder.encode(self._cloud_event(event_id, type_, finder))
        except InputError as error:
            return Rejection(index, event_id, self._definition.source, error.code, str(error), b"")
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            reason = f"the mapped event is no JSON: {str(error)[:200]}"
            return Rejection(index, event_id, self._definition.source, "mapping_failed", reason, b"")
        return read_event(index, raw, now)

    def _type_of(self, names: Names) -> TypeConfig:
        for type_ in self._config.types:
            if type_.when is None or _is_true(type_.when.find(names, self._options)):
                return type_
        raise InputError("unmapped", f"no type in {self._definition.name}'s definition applies to this event")

    def _cloud_event(self, event_id: str, type_: TypeConfig, finder: "_Finder") -> dict[str, Any]:
        type_name = type_.type or _required("type_from", finder.find_text("type_from", type_.type_from))
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": type_.source or self._definition.source,
            "type": type_name,
            "datacontenttype": "application/json",
        }
        time = read_time(finder.value("time"), self._config.time_zone, self._definition.name)
        if time is not None:
            event["time"] = time
        elif self._config.when_time_is_missing == "refuse":
            raise InputError("missing_time", f"time: {finder.told('time')} gives nothing; every event needs its time")
        for attribute, field in (
            ("subject", "subject"),
            ("correlationid", "correlation_id"),
            ("traceparent", "traceparent"),
        ):
            if text := finder.text(field):
                event[attribute] = text
        return {**event, "data": _data(finder, [*type_.objects, *self._config.map.objects])}


class _Finder:
    """Finds the fields of one event: as its type says, else as `map` does."""

    def __init__(self, type_: FieldsConfig, common: FieldsConfig, names: Names, options: Options) -> None:
        self._configs = (type_, common)
        self._names = names
        self._options = options

    def value(self, field: str) -> Any:
        expression = self._expression(field)
        return None if expression is None else self._find(field, expression)

    def text(self, field: str) -> str | None:
        return _text(field, self.value(field))

    def find_text(self, field: str, expression: Expression | None) -> str | None:
        return None if expression is None else _text(field, self._find(field, expression))

    def told(self, field: str) -> str:
        """The field's expression as its author wrote it."""
        expression = self._expression(field)
        return repr(expression.text) if expression else "no expression"

    def objects(self, configs: Sequence[ObjectConfig]) -> list[dict[str, str]]:
        found = []
        for number, config in enumerate(configs):
            field = f"objects[{number}]"
            value = self._find(f"{field}.id", config.id)
            for one in value if isinstance(value, list) else [value]:
                if (id_ := _text(f"{field}.id", one)) is None:
                    continue
                type_ = config.type or _required(
                    f"{field}.type_from", self.find_text(f"{field}.type_from", config.type_from)
                )
                found.append(
                    {"type": type_, "id": id_, **({"qualifier": config.qualifier} if config.qualifier else {})}
                )
        return found

    def attributes(self) -> dict[str, str]:
        expressions = {**self._configs[1].attributes, **self._configs[0].attributes}
        values = {name: self._find(f"attributes.{name}", one) for name, one in expressions.items()}
        return {name: _plain(value) for name, value in values.items() if value not in (None, "")}

    def _expression(self, field: str) -> Expression | None:
        found: list[Expression] = [
            expression for config in self._configs if (expression := getattr(config, field)) is not None
        ]
        return found[0] if found else None

    def _find(self, field: str, expression: Expression) -> Any:
        try:
            return expression.find(self._names, self._options)
        except InputError as error:
            raise InputError(error.code, f"{field}: {error}") from None


def _data(finder: _Finder, objects: Sequence[ObjectConfig]) -> dict[str, Any]:
    data: dict[str, Any] = {"objects": finder.objects(objects)}
    if amount := finder.text("amount"):
        data["amount"] = amount
        # Of nothing, a currency says nothing: an odd one would only cost the event.
        if currency := finder.text("currency"):
            data["currency"] = currency.upper()
    for field in ("legal_entity", "region"):
        if text := finder.text(field):
            data[field] = text
    if attributes := finder.attributes():
        data["attributes"] = attributes
    return data


def read_time(value: Any, zone: ZoneInfo | None, source: str) -> str | None:
    """The instant a payload names, as RFC 3339; InputError where it names none, or none in any zone."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        hint = "from_seconds() or from_milliseconds() makes an instant of a number"
        raise InputError("invalid_time", f"time is {_plain(value)[:40]}, which is no text; {hint}")
    if dotnet := _DOTNET_DATE.fullmatch(value):
        try:
            return format_instant(EPOCH + timedelta(milliseconds=int(dotnet.group(1))))
        except OverflowError:
            raise InputError("invalid_time", f"time {value!r} is no instant") from None
    try:
        instant = datetime.fromisoformat(value.strip())
        if instant.tzinfo is None and zone is not None:
            instant = instant.replace(tzinfo=zone)
        aware = instant if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(
            "invalid_time", f"time {value[:80]!r} is no time such as 2026-11-02T09:30:00Z; parse_time() reads others"
        ) from None
    if aware.tzinfo is None:
        raise InputError(
            "time_without_zone",
            f"time {value[:80]!r} has no zone, so it names no instant; set time_zone in the definition of {source} to "
            "the zone that its clock shows",
        )
    return format_instant(aware)


def _required(field: str, text: str | None) -> str:
    if not text:
        raise InputError("mapping_failed", f"{field} gives nothing; it takes a word")
    return text


def _text(field: str, value: Any) -> str | None:
    """A word or a number as text; None for null and for nothing."""
    if value in (None, "", [], {}):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise InputError("mapping_failed", f"{field} gives {_plain(value)[:40]}; it takes a text or a number")
    return str(value)


def _plain(value: Any) -> str:
    """Any value as text: words as they are, everything else as JSON."""
    return value if isinstance(value, str) else _encoder.encode(value).decode()


def _is_true(value: Any) -> bool:
    """Whether a condition holds: all but null, false and what is empty does, as in JMESPath; a zero does too."""
    return value is not None and value is not False and value not in ("", [], {})
