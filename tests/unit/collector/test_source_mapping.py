"""Mapping payloads to events: what of a payload decides, what is refused and why, and which bytes are kept."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.receivers.cloudevents import Received
from collector.source_definitions import SHIPPED, SourceDefinition, load_definitions
from collector.source_mapping import SourceMapper, read_time
from domain.errors import InputError
from domain.instants import from_micros
from tests.builders import NOW

DEFINITIONS = load_definitions([SHIPPED])
SHOP = """\
title: A shop
source: webshop
authentication: none
headers: [X-Kind]
map:
  id: event.id
  time: event.at
  amount: event.amount
  currency: event.currency
  attributes: {kind: 'headers."x-kind"', raw: event.raw}
  objects: [{type: customer, id: event.customer, qualifier: buyer}]
types:
  - when: event.kind == 'order'
    type: order.created
    currency: "'CHF'"
    attributes: {kind: "'special'"}
    objects: [{type: order, id: event.orders}]
  - when: event.kind
    type_from: event.kind
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SourceDefinition:
    """A definition that uses what a definition can."""
    path = tmp_path_factory.mktemp("sources") / "shop.yaml"
    path.write_text(SHOP)
    return load_definitions([path])["shop"]


def event(**changes: Any) -> dict[str, Any]:
    return {"id": "e-1", "at": "2026-11-02T09:30:00Z", "kind": "order", "orders": "O-1", **changes}


def read(definition: SourceDefinition, payload: Any, headers: dict[str, str] | None = None) -> Received:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return SourceMapper(definition).read(body, headers or {}, NOW)


def test_a_types_fields_come_before_the_common_ones(shop: SourceDefinition) -> None:
    [one] = read(shop, event(amount=1, currency="eur", customer=9), {"x-kind": "h"}).candidates

    assert (one.event.source, one.event.type, one.event.currency) == ("webshop", "order.created", "CHF")
    assert one.event.attributes == {"kind": "special"}
    assert one.event.objects == [("order", "O-1", ""), ("customer", "9", "buyer")]


def test_common_fields_serve_where_the_type_has_none(shop: SourceDefinition) -> None:
    [one] = read(shop, event(kind="refund", amount=1, currency="eur"), {"x-kind": "h"}).candidates

    assert (one.event.type, one.event.currency, one.event.attributes) == ("refund", "EUR", {"kind": "h"})


def test_a_currency_of_no_amount_is_not_judged(shop: SourceDefinition) -> None:
    [one] = read(shop, event(kind="x", currency="beans")).candidates

    assert (one.event.amount, one.event.currency) == (None, "")


def test_what_is_empty_counts_as_nothing(shop: SourceDefinition) -> None:
    [one] = read(shop, event(orders={}, customer=[], amount="")).candidates

    assert (one.event.objects, one.event.amount) == ([], None)


def test_several_ids_name_several_objects(shop: SourceDefinition) -> None:
    [one] = read(shop, event(orders=["O-1", None, 2])).candidates

    assert one.event.objects == [("order", "O-1", ""), ("order", "2", "")]


def test_an_amount_keeps_its_digits(shop: SourceDefinition) -> None:
    [one] = read(
        shop, b'{"id":1,"at":"2026-11-02T09:30:00Z","kind":"x","amount":12345678901234567.123456789}'
    ).candidates

    assert (one.event.event_id, one.event.amount) == ("1", "12345678901234567.123456789")


def test_an_attribute_may_be_anything(shop: SourceDefinition) -> None:
    [one] = read(shop, event(kind="x", raw={"a": [True, 1.50, None]})).candidates

    assert json.loads(one.event.attributes["raw"]) == {"a": [True, 1.5, None]}


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"id": None}, "missing_id", "id: 'event.id' gives nothing; every event needs its id"),
        ({"id": ""}, "missing_id", "id: 'event.id' gives nothing; every event needs its id"),
        ({"id": {"a": 1}}, "mapping_failed", 'id gives {"a":1}; it takes a text or a number'),
        ({"id": True}, "mapping_failed", "id gives true; it takes a text or a number"),
        ({"at": None}, "missing_time", "time: 'event.at' gives nothing; every event needs its time"),
        (
            {"at": 1793620800},
            "invalid_time",
            "time is 1793620800, which is no text; from_seconds() or from_milliseconds() makes an instant of a number",
        ),
        (
            {"at": "soon"},
            "invalid_time",
            "time 'soon' is no time such as 2026-11-02T09:30:00Z; parse_time() reads others",
        ),
        (
            {"at": "2026-11-02 09:30"},
            "time_without_zone",
            "time '2026-11-02 09:30' has no zone, so it names no instant; set time_zone in the definition of shop to "
            "the zone that its clock shows",
        ),
        ({"at": "1850-01-01T00:00:00Z"}, "time_out_of_range", None),
        ({"kind": None}, "unmapped", "no type in shop's definition applies to this event"),
        ({"amount": "much"}, "invalid_amount", None),
        ({"kind": "x", "amount": 1, "currency": "euro"}, "invalid_currency", None),
        ({"orders": {"no": "id"}}, "mapping_failed", 'objects[0].id gives {"no":"id"}; it takes a text or a number'),
    ],
)
def test_an_event_that_cannot_be_mapped_is_refused_with_its_reason(
    shop: SourceDefinition, changes: dict[str, Any], code: str, reason: str | None
) -> None:
    received = read(shop, event(**changes))

    assert received.candidates == []
    assert [one.code for one in received.rejections] == [code]
    assert reason is None or received.rejections[0].reason == reason


def test_a_configured_zone_makes_an_instant_of_a_wall_clock(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP + "time_zone: Europe/Berlin\n")

    [one] = read(load_definitions([tmp_path])["shop"], event(at="2026-11-02 10:30")).candidates

    assert from_micros(one.event.occurred_us) == datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def test_one_bad_event_leaves_the_others(shop: SourceDefinition) -> None:
    received = read(shop, [event(), event(id=None), event(id="e-3")])

    assert [one.index for one in received.candidates] == [0, 2]
    assert [one.index for one in received.rejections] == [1]


def test_of_an_array_each_item_is_kept_as_it_was_sent(shop: SourceDefinition) -> None:
    received = read(shop, b'[ {"id":  "a"}, {"id": "b"} ]')

    assert [one.raw for one in received.rejections] == [b'{"id":  "a"}', b'{"id": "b"}']


def test_of_anything_else_the_whole_is_kept() -> None:
    body = b'{"reports": [{"id": 1, "kind": "new"}, {"id": 2, "kind": "newer"}]}'

    received = read(DEFINITIONS["middleware"], body)

    assert [one.raw for one in received.rejections] == [body, body]


@pytest.mark.parametrize(
    ("source", "payload"),
    [
        ("stripe", None),
        ("salesforce", {"Envelope": {"Body": {}}}),
        ("middleware", {"reports": None}),
        ("oracle_fusion", {}),
        ("chargebee", {"event": []}),
    ],
)
def test_a_payload_without_events_is_not_lost_in_silence(source: str, payload: Any) -> None:
    with_reasons: list[str]
    try:
        with_reasons = [one.reason for one in read(DEFINITIONS[source], payload).rejections]
    except InputError as error:
        with_reasons = [str(error)]

    assert with_reasons


@pytest.mark.parametrize("source", sorted(DEFINITIONS))
def test_an_empty_array_holds_no_events(source: str) -> None:
    assert read(DEFINITIONS[source], []).count == 0


@pytest.mark.parametrize(
    ("source", "changes", "sample"),
    [
        ("stripe", [{"pending_webhooks": 2}, {"pending_webhooks": 1}], "invoice_finalized.json"),
        ("chargebee", [{"webhook_status": "scheduled"}, {"webhook_status": "failed"}], "invoice_generated.json"),
        ("netsuite", [{}, {}], "invoice_without_event_id.json"),
    ],
)
def test_another_attempt_to_deliver_is_the_same_event(source: str, changes: list[dict[str, Any]], sample: str) -> None:
    payload = json.loads((SHIPPED / "samples" / source / sample).read_bytes())

    events = [read(DEFINITIONS[source], {**payload, **change}).candidates[0].event for change in changes]

    assert events[0].event_id == events[1].event_id
    assert events[0].data == events[1].data


def test_hubspots_attempts_are_the_same_event() -> None:
    [first, *_] = json.loads((SHIPPED / "samples/hubspot/batch.json").read_bytes())

    events = [read(DEFINITIONS["hubspot"], [{**first, "attemptNumber": attempt}]) for attempt in (0, 3)]

    assert events[0].candidates[0].event == events[1].candidates[0].event


def test_zuoras_attempts_are_the_same_event() -> None:
    body = (SHIPPED / "samples/zuora/invoice_posted.xml").read_bytes()

    events = [
        read(DEFINITIONS["zuora"], body, {"zuora-notification-id": "n-1", "zuora-request-id": request})
        for request in ("r-1", "r-2")
    ]

    assert events[0].candidates[0].event == events[1].candidates[0].event


@pytest.mark.parametrize(
    ("body", "answer"),
    [(b'{"kinds": ["a"]}', ("text/plain", "ok")), (b'{"kinds": 1}', None)],
    ids=["it holds", "it cannot be worked out"],
)
def test_a_condition_decides_whether_the_vendor_gets_its_own_answer(
    tmp_path: Path, body: bytes, answer: tuple[str, str] | None
) -> None:
    (tmp_path / "shop.yaml").write_text(
        SHOP + "responses: [{when: \"join('', body.kinds)\", content_type: text/plain, body: ok}]\n"
    )
    mapper = SourceMapper(load_definitions([tmp_path])["shop"])

    assert mapper.response(body, {}) == answer


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-11-02T09:30:00Z", None, "2026-11-02T09:30:00Z"),
        ("2026-11-02T09:30:00.000+0100", None, "2026-11-02T08:30:00Z"),
        ("2022-12-30T13:51:15.2942742Z", None, "2022-12-30T13:51:15.294274Z"),
        ("/Date(1506409448000-0700)/", None, "2017-09-26T07:04:08Z"),
        ("2026-07-01 12:00:00", "Europe/Berlin", "2026-07-01T10:00:00Z"),
        ("2026-12-01 12:00:00", "Europe/Berlin", "2026-12-01T11:00:00Z"),
        ("2026-07-01T12:00:00Z", "Europe/Berlin", "2026-07-01T12:00:00Z"),
        (None, None, None),
        ("", None, None),
    ],
)
def test_times_become_instants(value: str | None, zone: str | None, expected: str | None) -> None:
    assert read_time(value, ZoneInfo(zone) if zone else None, "shop") == expected


@pytest.mark.parametrize("value", ["/Date(999999999999999999)/", "0001-01-01T00:00:00+14:00", "12:30", True])
def test_what_is_no_instant_is_refused(value: object) -> None:
    with pytest.raises(InputError) as caught:
        read_time(value, None, "shop")

    assert caught.value.code == "invalid_time"


@given(st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2299, 12, 30)))  # noqa: DTZ001
def test_no_microsecond_of_a_time_is_lost(instant: datetime) -> None:
    text = read_time(instant.replace(tzinfo=UTC).isoformat(), None, "shop")

    assert text is not None
    assert datetime.fromisoformat(text) == instant.replace(tzinfo=UTC)


def test_every_sample_has_what_it_becomes_beside_it() -> None:
    payloads = [path for path in Path(SHIPPED / "samples").rglob("*") if path.suffix in (".json", ".xml")]
    samples = {path for path in payloads if not path.name.endswith((".expected.json", ".headers.json"))}

    assert len(samples) >= 3 * len(DEFINITIONS)
    assert [path for path in samples if not path.with_name(f"{path.stem}.expected.json").exists()] == []
