"""CloudEvents requests to start from, and what the receiver makes of them."""

import json
from collections.abc import Mapping
from typing import Any

from collector.receivers.cloudevents import STRUCTURED, Received, read_request
from domain.errors import InputError
from storage.events import EventRow
from tests.builders import NOW

TIME = "2026-11-02T09:30:00Z"
TIME_US = 1793611800000000
BINARY_HEADERS = {"ce-specversion": "1.0", "ce-id": "8d1f", "ce-source": "crm", "ce-type": "order.approved"}


class Absent:
    """Leaves an attribute out."""


def event(**changes: Any) -> dict[str, Any]:
    """A valid event as JSON would hold it; `changes` set members, or drop them by Absent."""
    members = {"specversion": "1.0", "id": "8d1f", "source": "crm", "type": "order.approved", "time": TIME, **changes}
    return {name: value for name, value in members.items() if value is not Absent}


def text(**changes: Any) -> str:
    """The same as JSON text."""
    return json.dumps(event(**changes), ensure_ascii=False)


def event_with(member: str, raw: str) -> bytes:
    """A valid event with one member more, its value given as JSON text that Python itself would not write."""
    return f'{text()[:-1]}, "{member}": {raw}}}'.encode()


def read(body: bytes | str, content_type: str = STRUCTURED, headers: Mapping[str, str] | None = None) -> Received:
    """What the receiver reads from one request."""
    raw = [(name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    return read_request(content_type, raw, body.encode() if isinstance(body, str) else body, NOW)


def read_binary(body: bytes = b"", content_type: str = "application/json", /, **headers: str) -> Received:
    """What the receiver reads from a binary request; `headers` are attributes, by name."""
    return read(body, content_type, BINARY_HEADERS | {f"ce-{name}": value for name, value in headers.items()})


def taken(received: Received) -> EventRow:
    """The row of the only event of a request, which was taken."""
    assert [rejection.reason for rejection in received.rejections] == []
    [candidate] = received.candidates
    return candidate.event


def refusal(received: Received) -> str:
    """Code and reason of the only event of a request, which was refused."""
    assert received.candidates == []
    [rejection] = received.rejections
    return f"{rejection.code}: {rejection.reason}"


def outcome(body: bytes | str, content_type: str = STRUCTURED, headers: Mapping[str, str] | None = None) -> str:
    """What became of a request with one event, in one line: taken, or the reason why not."""
    try:
        received = read(body, content_type, headers)
    except InputError as error:
        return f"request refused: {error.code}: {error}"
    return refusal(received) if received.rejections else f"taken: {taken(received).event_id}"
