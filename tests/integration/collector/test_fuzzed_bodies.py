"""Bodies that chance wrote: none is answered by a server error, and each is accounted for.

An event is stored, a repeat, or a dead letter with the bytes that were sent; a request likewise.
"""

import gzip
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.receivers.cloudevents import BATCH, STRUCTURED
from collector.receivers.otlp import JSON, PROTOBUF
from storage.events import count_events
from tests.builders import otlp_request, span
from tests.integration.collector.running import RunningCollector, event

# One collector and its store serve all the examples of a test: each adds to the account.
FUZZ = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])

TEXTS = st.text(max_size=12) | st.sampled_from(
    ["\x00", "\ud800", "\udfff", "\ufffe", "\x85", "e-1", "1e400", "NaN", "9" * 60]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
DATA = st.fixed_dictionaries(
    {},
    optional={
        "objects": st.lists(st.fixed_dictionaries({"type": TEXTS, "id": TEXTS}), max_size=3) | VALUES,
        "amount": st.decimals().map(str) | VALUES,
        "currency": st.sampled_from(["EUR", "eur", ""]) | VALUES,
        "attributes": st.dictionaries(TEXTS, VALUES, max_size=3) | VALUES,
        "region": VALUES,
    },
)
CHANGES = st.fixed_dictionaries(
    {"id": st.integers(0, 10**9).map(str) | TEXTS},
    optional={
        **dict.fromkeys(("source", "type", "subject", "datacontenttype", "dataschema", "correlationid", "x"), VALUES),
        "time": st.datetimes().map(lambda at: f"{at.isoformat()}Z") | VALUES,
        "data": DATA | VALUES,
        "data_base64": st.binary(max_size=6).map(lambda raw: raw.hex()) | VALUES,
    },
)
EVENTS = CHANGES.map(lambda changes: event(1, **changes)) | VALUES
MUTATIONS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4)


def mutated(body: bytes, mutations: list[tuple[int, int]]) -> bytes:
    """The body with some of its bytes replaced, or cut where a zero would stand."""
    changed = bytearray(body)
    for place, byte in mutations:
        if changed and byte:
            changed[place % len(changed)] = byte
        elif changed:
            del changed[place % len(changed) :]
    return bytes(changed)


def encoded(content: Any, mutations: list[tuple[int, int]]) -> bytes:
    return mutated(json.dumps(content).encode(), mutations)


def account(collector: RunningCollector) -> dict[str, int]:
    names = (
        *("events_received", "events_stored", "events_duplicate", "dead_letters", "requests_refused"),
        *("spans_received", "spans_stored", "spans_duplicate", "spans_rejected"),
    )
    return {name: collector.total(f"{name}_total") for name in names}


def check_answer(response: httpx.Response, before: dict[str, int], after: dict[str, int]) -> None:
    """The answer and the counters tell the same story."""
    gained = {name: after[name] - before[name] for name in after}
    if response.status_code == 200:
        answer = response.json()
        assert (answer["accepted"], answer["duplicates"]) == (gained["events_stored"], gained["events_duplicate"])
        assert len(answer["rejected"]) == gained["dead_letters"]
        assert all(rejection["reason"] for rejection in answer["rejected"])
    elif response.status_code == 202:
        answer = response.json()
        assert (answer["accepted"], answer["duplicates"]) == (gained["events_stored"], gained["events_duplicate"])
        assert gained["dead_letters"] == 0
    else:
        assert response.status_code in (400, 415), response.text
        assert response.json()["reason"]
        assert gained["dead_letters"] == 1
        assert gained["events_stored"] == gained["events_duplicate"] == 0
    settled = gained["events_stored"] + gained["events_duplicate"] + gained["dead_letters"]
    assert gained["requests_refused"] == 0
    assert gained["events_received"] == settled


@FUZZ
@given(st.lists(EVENTS, max_size=12), MUTATIONS)
def test_every_batch_is_accounted_for(collector: RunningCollector, events: list[Any], mutations: list[Any]) -> None:
    before = account(collector)

    response = collector.post(encoded(events, mutations), BATCH)

    check_answer(response, before, account(collector))


@FUZZ
@given(EVENTS, MUTATIONS, st.sampled_from([STRUCTURED, "application/json", ""]))
def test_every_event_is_accounted_for(
    collector: RunningCollector, content: Any, mutations: list[Any], content_type: str
) -> None:
    before = account(collector)

    response = collector.post(encoded(content, mutations), content_type)

    check_answer(response, before, account(collector))


HEADER_BYTES = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=20).map(
    str.strip
)


@FUZZ
@given(
    st.dictionaries(
        st.sampled_from(["id", "source", "type", "time", "subject", "x", "a-b", "specversion"]), HEADER_BYTES
    ),
    st.binary(max_size=30) | VALUES.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(["application/json", "text/plain", "image/png", ""]),
)
def test_every_binary_event_is_accounted_for(
    collector: RunningCollector, attributes: dict[str, str], body: bytes, content_type: str
) -> None:
    before = account(collector)
    given_ = {"specversion": "1.0", "id": "e-1", "source": "crm", "type": "a", **attributes}
    headers = [(f"ce-{name}".encode(), value.encode("latin-1")) for name, value in given_.items()]

    response = collector.http.post(
        "/v1/events", content=body, headers=[(b"content-type", content_type.encode()), *headers]
    )

    check_answer(response, before, account(collector))


@FUZZ
@given(st.binary(max_size=80), st.sampled_from(["gzip", "deflate", "identity", "br"]), st.booleans(), MUTATIONS)
def test_every_encoded_body_is_accounted_for(
    collector: RunningCollector, body: bytes, encoding: str, compress: bool, mutations: list[Any]
) -> None:
    before = account(collector)
    sent = mutated(gzip.compress(body), mutations) if compress else body

    response = collector.post(sent, BATCH, content_encoding=encoding)

    check_answer(response, before, account(collector))


SPAN_BODY = otlp_request(
    span(attributes={"a": 1, "b": [1.5, {"c": b"\x00"}], "correlation.id": "q2c-1"}, error="no"), resource={"x": True}
).SerializeToString()


@FUZZ
@given(
    st.binary(max_size=60) | MUTATIONS.map(lambda mutations: mutated(SPAN_BODY, mutations)),
    st.sampled_from([PROTOBUF, JSON]),
)
def test_every_trace_request_is_accounted_for(collector: RunningCollector, body: bytes, media_type: str) -> None:
    before = account(collector)

    response = collector.post(body, media_type, "/v1/traces")

    gained = {name: value - before[name] for name, value in account(collector).items()}
    assert response.status_code in (200, 400), response.content
    refused = response.status_code == 400
    assert gained["dead_letters"] == refused
    settled = ("spans_stored", "spans_duplicate", "spans_rejected", "dead_letters")
    assert gained["spans_received"] == sum(gained[name] for name in settled)
    assert not (refused and gained["spans_stored"])


@pytest.mark.parametrize(
    "changes", [{"id": "\ud800"}, {"data": {"objects": [{"type": "order", "id": "\udfff"}]}}, {"x": 10**400}]
)
def test_a_poisoned_event_does_not_take_its_batch_down(collector: RunningCollector, changes: dict[str, Any]) -> None:
    answer = collector.send_batch([event(1), event(2, **changes), event(3)])

    assert (answer["accepted"], [rejection["index"] for rejection in answer["rejected"]]) == (2, [1])
    assert count_events(collector.store) == 2
