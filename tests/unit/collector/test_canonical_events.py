"""The quick reader takes an event exactly as the careful one does, or leaves it to that one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.event_content import trace_context
from collector.receivers.canonical_events import read_canonical
from collector.receivers.cloudevents import Candidate, read_carefully
from tests.builders import NOW
from tests.unit.collector.examples import TIME_US, event

DATA: dict[str, Any] = {
    "objects": [{"type": "order", "id": "O-1001"}, {"type": "customer", "id": "C-9", "qualifier": "buyer"}],
    "amount": "12500.00",
    "currency": "EUR",
    "legal_entity": "DE01",
    "attributes": {"tier": "gold"},
}
TEXTS = st.text(max_size=4) | st.sampled_from(
    ["EUR", "O-1", "1.50", "-1", "1e5", "0" * 40, "x" * 1025, "\x00", "\x7f", "\ufffe"]
)
OBJECTS = st.lists(
    st.dictionaries(st.sampled_from(["type", "id", "qualifier", "note"]), TEXTS | st.none(), max_size=4), max_size=3
)
VALUES = TEXTS | st.none() | st.booleans() | st.integers() | st.floats() | OBJECTS | st.dictionaries(TEXTS, TEXTS)
TIMES = st.sampled_from(
    [
        "2026-11-02T09:30:00.5z",
        "2026-11-02t09:30:00z",
        "2026-11-02 09:30:00Z",
        "2026-11-02T09:30:00",
        "2026-W45-1T09:30:00Z",
        "20261102T093000Z",
        "2026-11-02T09:30:00,5Z",
        "2026-11-02T09:30:00.123456789+05:30",
        "2026-11-02T09:30:60Z",
        "0001-01-01T00:00:00+14:00",
        "2300-01-01T00:00:00Z",
    ]
)
ATTRIBUTES = [
    "id",
    "source",
    "type",
    "subject",
    "dataschema",
    "datacontenttype",
    "correlationid",
    "traceparent",
    "more",
]
CHANGES = st.lists(
    st.tuples(st.sampled_from(ATTRIBUTES), TEXTS | st.none()) | st.tuples(st.just("time"), TIMES), max_size=2
).map(dict)
DATA_CHANGES = st.dictionaries(st.sampled_from([*DATA, "region", "note"]), VALUES, max_size=2)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="as the design shows it"),
        pytest.param({"datacontenttype": "application/json"}, id="with the content type that libraries add"),
        pytest.param({"subject": "order/O-1001", "dataschema": "order.approved/1"}, id="with a subject and a schema"),
        pytest.param({"data": {**DATA, "amount": 12500.00}}, id="with the amount as a number"),
    ],
)
def test_what_most_senders_send_is_read_quickly(changes: dict[str, Any]) -> None:
    body = json.dumps([event(data=DATA) | changes]).encode()

    rows = read_canonical(body, len(body))

    assert rows is not None
    [row] = rows
    assert (row.occurred_us, row.objects) == (TIME_US, [("order", "O-1001", ""), ("customer", "C-9", "buyer")])


@given(st.lists(st.tuples(CHANGES, DATA_CHANGES), max_size=3), st.booleans())
def test_events_read_quickly_are_those_read_carefully(
    changed: list[tuple[dict[str, Any], dict[str, Any]]], escaped: bool
) -> None:
    events = [event(data=DATA | data_changes) | changes for changes, data_changes in changed]
    raws = [json.dumps(one, ensure_ascii=escaped).encode() for one in events]

    rows = read_canonical(b"[" + b",".join(raws) + b"]", max(map(len, raws), default=0))

    assert rows is None or [read_carefully(index, raw, NOW) for index, raw in enumerate(raws)] == [
        Candidate(index, row, True, raw) for index, (row, raw) in enumerate(zip(rows, raws, strict=True))
    ]


@pytest.mark.parametrize("others", [[], [""], ["00-" + "1" * 32 + "-" + "2" * 16 + "-00-later"]])
@pytest.mark.parametrize(
    "trace_id",
    [
        "0af7651916cd43dd8448eb211c80319c",
        "0" * 32,
        "0AF7651916CD43DD8448EB211C80319C",
        "0af7-51916cd43dd8448eb211c80319c",
    ],
)
@pytest.mark.parametrize("span_id", ["b7ad6b7169203331", "0" * 16, "b7ad6b716920333g", "b7ad6b716920333é"])
@pytest.mark.parametrize("dash", ["-", "0"])
def test_a_trace_context_is_read_as_carefully_beside_others(
    trace_id: str, span_id: str, dash: str, others: list[str]
) -> None:
    parents = [f"00{dash}{trace_id}-{span_id}-01", *others, "00-" + "1" * 32 + "-" + "2" * 16 + "-00"]
    body = json.dumps([event(data=DATA, traceparent=parent) for parent in parents]).encode()

    rows = read_canonical(body, len(body))

    assert rows is not None
    assert [(row.trace_id, row.span_id) for row in rows] == [trace_context(parent) for parent in parents]
