"""What an event must say under its contract, and what becomes of one that does not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from collector.contract_definitions import SHIPPED, load_contracts
from collector.contract_door import ContractDoor
from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import BATCH, Received
from tests.unit.collector.contracts import WHOLE, applied, contract_files, door_with
from tests.unit.collector.examples import event, read, read_binary, taken, text

ORDER = [{"type": "order", "id": "O-1"}]
DATA = {"objects": ORDER, "amount": "12.50", "currency": "EUR"}


def order(data: dict[str, Any] | None = None, **attributes: Any) -> Received:
    return read(text(data={**DATA, **(data or {})}, **attributes))


def flags(received: Received) -> list[str]:
    return [f"{flag.flag}: {flag.detail}" for _, flag in received.flags]


def test_an_event_that_keeps_its_contract_is_taken_as_it_is() -> None:
    door = door_with("    required: {amount: decimal, currency: currency, attributes.tier: [gold, silver]}\n")

    received = applied(door, order({"attributes": {"tier": "gold"}}))

    assert taken(received) == taken(order({"attributes": {"tier": "gold"}}))
    assert received.flags == []


def test_an_event_type_without_a_contract_is_taken_as_it_is() -> None:
    received = applied(door_with("    required: {amount: decimal}\n"), order(type="order.cancelled"))

    assert taken(received).type == "order.cancelled"
    assert received.flags == []


@pytest.mark.parametrize(
    ("contract", "data", "expected"),
    [
        pytest.param(
            "optional: {}",
            {"objects": [{"type": "customer", "id": "C-1"}]},
            ["missing_object: names no order; name one in data.objects, or as the subject order/ID"],
            id="no object of its type",
        ),
        pytest.param(
            "required: {amount: decimal, legal_entity: text}",
            {"amount": None},
            [
                "missing_field: amount is missing; give a decimal such as 12500.00",
                "missing_field: legal_entity is missing; give a text",
            ],
            id="fields that are not there",
        ),
        pytest.param(
            "required: {attributes.tier: text}",
            {"attributes": {"tier": ""}},
            ["missing_field: attributes.tier is missing; give a text"],
            id="an attribute that is empty",
        ),
        pytest.param(
            "optional: {attributes.tier: [gold, silver]}",
            {"attributes": {"tier": "golden"}},
            ['wrong_type: attributes.tier is "golden"; give one of gold, silver'],
            id="a word of no choice",
        ),
        pytest.param(
            "optional: {attributes.lines: integer}",
            {"attributes": {"lines": 2.5}},
            ['wrong_type: attributes.lines is "2.5"; give a whole number'],
            id="a fraction for a whole number",
        ),
        pytest.param(
            "optional: {attributes.paid: boolean}",
            {"attributes": {"paid": "yes"}},
            ['wrong_type: attributes.paid is "yes"; give true or false'],
            id="a word for a boolean",
        ),
        pytest.param(
            "optional: {attributes.due: date}",
            {"attributes": {"due": "2026-02-30"}},
            ['wrong_type: attributes.due is "2026-02-30"; give a date such as 2026-11-02'],
            id="a day that is none",
        ),
        pytest.param(
            "required: {attributes.at: instant}",
            {"attributes": {"at": "2026-11-02T09:30:00"}},
            ['wrong_type: attributes.at is "2026-11-02T09:30:00"; give an instant such as 2026-11-02T09:30:00Z'],
            id="an instant without a zone",
        ),
        pytest.param(
            "required: {data.terms.days: integer}",
            {"terms": {"days": "soon"}},
            ['wrong_type: data.terms.days is "soon"; give a whole number'],
            id="a value inside foreign data",
        ),
        pytest.param(
            "required: {data.terms.days: integer}",
            {"terms": 30},
            ["missing_field: data.terms.days is missing; give a whole number"],
            id="a path that leads nowhere",
        ),
        pytest.param(
            "optional: {attributes.email: date}\n    personal_data: {attributes.email: mask}",
            {"attributes": {"email": "jane@example.com"}},
            ["wrong_type: attributes.email is of another type; give a date such as 2026-11-02"],
            id="a personal value, which is not repeated",
        ),
        pytest.param(
            "optional: {data.contact: date, data.phone.home: date}\n"
            "    personal_data: {data.contact.email: mask, data.phone: mask}",
            {"contact": {"email": "jane@example.com"}, "phone": {"home": "1"}},
            [
                "wrong_type: data.contact is of another type; give a date such as 2026-11-02",
                "wrong_type: data.phone.home is of another type; give a date such as 2026-11-02",
            ],
            id="what holds a personal value, or is part of one",
        ),
    ],
)
def test_what_an_event_lacks_is_said_and_flagged(contract: str, data: dict[str, Any], expected: list[str]) -> None:
    received = applied(door_with(f"    {contract}\n"), order(data))

    assert taken(received).event_id == "8d1f"
    assert flags(received) == expected


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"lines": 3}, id="a number"),
        pytest.param({"lines": "-3"}, id="a text"),
        pytest.param({"lines": None}, id="nothing"),
        pytest.param({}, id="no such attribute"),
    ],
)
def test_an_optional_field_is_judged_only_where_it_is_given(value: dict[str, Any]) -> None:
    received = applied(door_with("    optional: {attributes.lines: integer}\n"), order({"attributes": value}))

    assert flags(received) == []


def test_an_event_that_must_keep_its_contract_is_refused_with_all_that_it_lacks() -> None:
    door = door_with("    required: {legal_entity: text, region: text}\n    on_violation: reject\n")

    received = applied(door, order())

    assert received.candidates == []
    [rejection] = received.rejections
    assert (rejection.code, rejection.event_id, rejection.source) == ("contract_violation", "8d1f", "crm")
    assert rejection.reason == (
        "breaks the contract order.approved/3: legal_entity is missing; give a text; region is missing; give a text"
    )
    assert json.loads(rejection.raw) == event(data=DATA)
    assert received.flags == []


def test_one_that_breaks_its_contract_does_not_take_the_others_of_its_batch_down() -> None:
    door = door_with("    required: {region: text}\n    on_violation: reject\n")
    batch = [event(id="a", data=DATA), event(id="b", data={**DATA, "region": "EMEA"}), event(id="c", type="")]

    received = applied(door, read(json.dumps(batch), BATCH))

    assert [candidate.event.event_id for candidate in received.candidates] == ["b"]
    assert [(one.index, one.code) for one in received.rejections] == [(2, "missing_type"), (0, "contract_violation")]


def test_the_object_may_be_named_by_the_subject() -> None:
    assert flags(applied(door_with(""), read(text(subject="order/O-1")))) == []


def test_other_names_of_a_type_and_a_source_become_the_short_ones() -> None:
    door = door_with("    aliases: [com.example.crm.OrderApproved.v1]\n")

    received = applied(door, order(type="com.example.crm.OrderApproved.v1", source="https://crm.example.com/tenant/7"))

    row = taken(received)
    assert (row.source, row.type) == ("crm", "order.approved")


def test_a_refused_event_is_kept_under_the_short_name_of_its_source() -> None:
    received = applied(door_with(""), read(text(source="https://crm.example.com/tenant/7", time="yesterday")))

    assert [one.source for one in received.rejections] == ["crm"]


def test_an_event_in_binary_mode_is_judged_alike() -> None:
    door = door_with("    required: {region: text}\n")

    received = applied(door, read_binary(json.dumps(DATA).encode()))

    assert flags(received) == ["missing_field: region is missing; give a text"]


def test_violations_are_counted_by_event_type_and_outcome() -> None:
    registry = CollectorRegistry()
    door = door_with("    required: {region: text, legal_entity: text}\n")

    door.apply(order(), CollectorMetrics(registry))

    labels = {"type": "order.approved", "action": "flag"}
    assert registry.get_sample_value("milepost_contract_violations_total", labels) == 1


def test_an_event_without_a_violation_is_not_counted() -> None:
    registry = CollectorRegistry()

    door_with("    required: {amount: decimal}\n").apply(order(), CollectorMetrics(registry))

    [family] = [one for one in registry.collect() if one.name == "milepost_contract_violations"]
    assert family.samples == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(max_size=8)
    | st.decimals(-9, 9, places=2).map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(
    extra=st.dictionaries(st.text(max_size=6).filter(lambda name: name not in DATA), json_values, max_size=4),
    email=st.text(max_size=20),
    ascii_only=st.booleans(),
)
def test_an_event_that_keeps_its_contract_is_stored_unchanged_but_for_masked_fields(
    extra: dict[str, Any], email: str, ascii_only: bool
) -> None:
    data = {**DATA, **extra, "attributes": {"tier": "gold", "email": email}, "contact": {"phone": "1", "role": "cfo"}}
    body = json.dumps(event(data=data), ensure_ascii=ascii_only)
    door = door_with(
        "    required: {amount: decimal}\n    personal_data: {attributes.email: mask, data.contact.phone: mask}\n"
    )

    received = applied(door, read(body))

    before, after = taken(read(body)), taken(received)
    assert received.flags == []
    masked = {**data, "attributes": {"tier": "gold", "email": "***"}, "contact": {"phone": "***", "role": "cfo"}}
    assert json.loads(after.data) == masked
    assert after.attributes == {"tier": "gold", "email": "***"}
    after.data, after.attributes = before.data, before.attributes
    assert after == before
    assert json.loads(received.candidates[0].raw) == event(data=masked)


def test_the_shipped_contracts_take_the_readmes_event_without_a_flag() -> None:
    data = {**DATA, "legal_entity": "DE01", "region": "EMEA"}

    assert flags(applied(ContractDoor(load_contracts(SHIPPED).contracts), order(data))) == []


def test_contracts_of_no_personal_data_leave_refused_requests_alone() -> None:
    door = ContractDoor(contract_files(WHOLE).contracts)

    assert door.masked_request(b'{"email": "jane@example.com"', [(b"ce-email", b"x")]) == (
        b'{"email": "jane@example.com"',
        [(b"ce-email", b"x")],
    )
