"""Requests to every receiver whose bodies were valid until chance had its hand in them; the same for the same seed."""

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backports import zstd

from collector.receivers.cloudevents import BATCH, STRUCTURED
from collector.receivers.otlp import JSON, PROTOBUF
from tests.builders import otlp_request, span
from tests.integration.collector.log_requests import log_request, record
from tests.integration.collector.running import event
from tests.integration.collector.vendor_requests import DEFINITIONS, SAMPLES, proof

# What breaks parsers: ends of types, half characters, deep nesting, numbers that are none.
_NASTY: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**31, 2**63, 2**64, 10**40, 1e308, float("nan"), float("inf"), "", " ", "\x00", "\ud800"),
    *("\ufffe", "😀" * 40, "9" * 70, "-0", "1e400", "NaN", "2026-02-30T25:61:61Z", "0001-01-01T00:00:00Z", "%ff", "'"),
    *([], {}, [[]], {"": {}}, [None] * 50, json.loads("[" * 70 + "]" * 70), {"type": "order", "id": 7}),
)
_SPLICES = (
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"[" * 200,
    b'{"a":' * 200,
    b"\\ud800",
    b"<!DOCTYPE a>",
    b"&lol;",
    b"null",
)
_SPANS = otlp_request(
    span(attributes={"a": 1, "b": [1.5, {"c": b"\x00"}], "correlation.id": "q2c-1"}, error="no"), resource={"x": True}
).SerializeToString()
_LOGS = log_request(record())
_JSON_SPANS = json.dumps(
    {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "erp"}}]},
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": "5b8efff798038103d269b633813fc60c",
                                "spanId": "eee19b7ec3c1b174",
                                "name": "post",
                                "startTimeUnixNano": "1544712660000000000",
                                "attributes": [{"key": "a", "value": {"arrayValue": {"values": [{"intValue": "1"}]}}}],
                            }
                        ]
                    }
                ],
            }
        ]
    }
).encode()
_SIGNALS = {"traces": _SPANS, "logs": _LOGS, "metrics": b""}
_PAYLOADS = {
    source: [
        path.read_bytes()
        for path in sorted((SAMPLES / source).iterdir())
        if not path.name.endswith((".expected.json", ".headers.json"))
    ]
    for source in sorted(DEFINITIONS)
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One request over HTTP, and the channel that counts it."""

    channel: str
    path: str
    body: bytes
    headers: dict[str, str]


def mutations(seed: int, count: int, at: datetime) -> Iterator[Mutation]:
    """That many requests, spread over all receivers; vendors prove theirs as of `at`."""
    chance = random.Random(seed)
    kinds = (*([_events] * 3), _source, _source, _signal, _signal)
    for _ in range(count):
        yield chance.choice(kinds)(chance, at)


def mutated_spans(chance: random.Random) -> bytes:
    """A mutated protobuf request of spans, for gRPC."""
    return _changed(chance, _SPANS)


def _events(chance: random.Random, at: datetime) -> Mutation:
    number = chance.randrange(10**6)
    if chance.random() < 0.2:
        headers = {"ce-specversion": "1.0", "ce-id": f"b-{number}", "ce-source": "crm", "ce-type": "order.approved"}
        headers[chance.choice([*headers, "ce-time", "ce-x", "ce-subject"])] = chance.choice(["", "%ff", "%", '"', "é"])
        headers["content-type"] = chance.choice(["application/json", "text/plain", "image/png"])
        return Mutation("events", "/v1/events", _changed(chance, json.dumps(event()["data"]).encode()), headers)
    is_batch = chance.random() < 0.5
    content = [event(number + place) for place in range(chance.randrange(6))] if is_batch else event(number)
    body = _changed(chance, json.dumps(content).encode())
    headers = {"content-type": BATCH if is_batch else STRUCTURED}
    if chance.random() < 0.1:
        headers["content-encoding"] = chance.choice(["gzip", "deflate", "br", "zstd", "lz4"])
        compressed = gzip.compress(body) if chance.random() < 0.5 else zstd.compress(body)
        body = _bytes_changed(chance, compressed) if chance.random() < 0.5 else compressed
    return Mutation("events", "/v1/events", body, headers)


def _source(chance: random.Random, at: datetime) -> Mutation:
    source = chance.choice(list(_PAYLOADS))
    body = _changed(chance, chance.choice(_PAYLOADS[source]))
    headers = {**proof(source, body, at), "Zuora-Notification-Id": f"n-{chance.randrange(10**6)}"}
    if chance.random() < 0.05:
        headers = {name: value[:-1] + "~" for name, value in headers.items()}
    return Mutation(f"sources/{source}", f"/v1/sources/{source}", body, headers)


def _signal(chance: random.Random, at: datetime) -> Mutation:
    signal = chance.choice(list(_SIGNALS))
    media_type = chance.choice([PROTOBUF, JSON])
    body = _changed(chance, _JSON_SPANS if media_type == JSON else _SIGNALS[signal])
    return Mutation(signal, f"/v1/{signal}", body, {"content-type": media_type})


def _changed(chance: random.Random, body: bytes) -> bytes:
    """The body with a part of its JSON replaced or with its bytes changed; one in eight as it was."""
    kind = chance.random()
    if kind < 0.125:
        return body
    if kind < 0.5 and body.lstrip()[:1] in (b"[", b"{"):
        return json.dumps(_part_replaced(chance, json.loads(body))).encode()
    return _bytes_changed(chance, body)


def _part_replaced(chance: random.Random, value: Any) -> Any:
    if not isinstance(value, dict | list) or not value or chance.random() < 0.15:
        return chance.choice(_NASTY)
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = chance.choice(keys)
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[key] = _part_replaced(chance, value[key])
    return changed


def _bytes_changed(chance: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[place : place + 1] = chance.randbytes(1)
            case 1:
                del changed[place : place + chance.randrange(1, 30)]
            case 2:
                changed[place:place] = chance.choice(_SPLICES)
            case 3:
                changed[place:place] = changed[: chance.randrange(60)]
    return bytes(changed)
