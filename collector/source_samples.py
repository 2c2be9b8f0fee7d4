"""Runs the samples beside source definitions: payloads as vendors send them, and the events they are to become.

Beside `NAME.yaml` stand `samples/NAME/CASE.json` (or .xml), `CASE.headers.json` where the mapping looks at headers, and
`CASE.expected.json` with the events and the refusals expected.
"""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from collector.receivers.cloudevents import Candidate
from collector.source_definitions import SourceDefinition
from collector.source_mapping import SourceMapper
from domain.errors import ConfigError, InputError, Problem
from domain.instants import format_instant, from_micros

HEADERS = ".headers.json"
EXPECTED = ".expected.json"
# An event without a time of its own would be dated now; here it always is the same now.
RECEIVED_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
_headers_decoder = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True)
class SampleReport:
    """How many samples ran, and what was not as expected, each a text of its own."""

    samples: int
    differences: tuple[str, ...]


def run_samples(definitions: Iterable[SourceDefinition]) -> SampleReport:
    """Runs every sample of the definitions; ConfigError where a file beside one cannot be read."""
    samples = 0
    differences: list[str] = []
    for definition in definitions:
        folder = definition.path.parent / "samples" / definition.name
        payloads = sorted(_payloads(folder))
        if not payloads:
            differences.append(f"{definition.path}: has no samples; put a payload into {folder}")
        samples += len(payloads)
        mapper = SourceMapper(definition)
        for payload in payloads:
            differences.extend(_differences(mapper, payload))
    return SampleReport(samples, tuple(differences))


def mapped(mapper: SourceMapper, body: bytes, headers: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """What a payload becomes, in the form that is written down beside it."""
    try:
        received = mapper.read(body, headers, RECEIVED_AT)
    except InputError as error:
        return {"events": [], "rejected": [{"code": error.code, "reason": str(error)}]}
    return {
        "events": [_event(candidate) for candidate in received.candidates],
        "rejected": [
            {"id": rejection.event_id, "code": rejection.code, "reason": rejection.reason}
            for rejection in received.rejections
        ],
    }


def _payloads(folder: Path) -> Iterator[Path]:
    for path in folder.glob("*") if folder.is_dir() else ():
        if path.suffix in (".json", ".xml") and not path.name.endswith((HEADERS, EXPECTED)):
            yield path


def _differences(mapper: SourceMapper, payload: Path) -> Iterator[str]:
    headers_path, expected_path = (payload.with_name(payload.stem + suffix) for suffix in (HEADERS, EXPECTED))
    try:
        headers = _headers_decoder.decode(headers_path.read_bytes()) if headers_path.exists() else {}
    except msgspec.DecodeError as error:
        raise ConfigError(
            [Problem(headers_path, 0, 0, f"is no JSON object of header names and values: {error}")]
        ) from None
    got = _lines(mapped(mapper, payload.read_bytes(), {name.lower(): value for name, value in headers.items()}))
    if not expected_path.exists():
        yield f"{payload}: has no {expected_path.name} beside it; it becomes\n" + "\n".join(got)
        return
    try:
        expected = _lines(json.loads(expected_path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ConfigError([Problem(expected_path, 0, 0, f"is no JSON: {error}")]) from None
    if expected != got:
        diff = difflib.unified_diff(expected, got, "expected", "got", lineterm="", n=4)
        yield f"{payload}: does not become what {expected_path.name} expects\n" + "\n".join(diff)


def _event(candidate: Candidate) -> dict[str, Any]:
    """An event as its reader would tell it: only what it says."""
    event = candidate.event
    told = {
        "id": event.event_id,
        "source": event.source,
        "type": event.type,
        "time": format_instant(from_micros(event.occurred_us)) if candidate.time_given else "when it is received",
        "subject": event.subject,
        "correlation_id": event.correlation_id,
        "trace_id": event.trace_id,
        "objects": [
            "/".join(filter(None, (type_, id_))) + (f" ({as_})" if as_ else "") for type_, id_, as_ in event.objects
        ],
        "amount": event.amount,
        "currency": event.currency,
        "legal_entity": event.legal_entity,
        "region": event.region,
        "attributes": event.attributes,
    }
    return {name: value for name, value in told.items() if value or name == "objects"}


def _lines(value: Any) -> list[str]:
    # Keys in order, so that their order is no difference.
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True).splitlines()
