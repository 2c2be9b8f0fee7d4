"""Personal data is masked wherever a request carries it, the same way every time, and nothing else is."""

import base64
import gzip
import json
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collector.contract_door import ContractDoor
from collector.event_content import same_content
from collector.receivers.cloudevents import BATCH, Received, read_request
from domain.errors import InputError
from tests.builders import NOW
from tests.unit.collector.contracts import WHOLE, applied, contract_files, door_with
from tests.unit.collector.examples import event, read, read_binary, taken, text

SECRET = "jane.doe@example.com"
DATA = {"objects": [{"type": "order", "id": "O-1"}]}
PERSONAL = """
    personal_data:
      attributes.email: hash
      attributes.phone: mask
      data.contacts.email: mask
      extensions.signedby: mask
"""


@pytest.fixture
def door() -> ContractDoor:
    return door_with(PERSONAL)


def order(**data: Any) -> Received:
    return read(text(data={**DATA, **data}))


def attributes(door: ContractDoor, **given: Any) -> dict[str, str]:
    return taken(applied(door, order(attributes=given))).attributes


def test_a_mask_leaves_nothing_and_a_hash_only_whether_two_are_the_same(door: ContractDoor) -> None:
    first = attributes(door, email=SECRET, phone="+49 1", tier="gold")
    other = attributes(door, email="john@example.com", phone="+49 2", tier="gold")

    assert (first["phone"], first["tier"]) == (other["phone"], other["tier"]) == ("***", "gold")
    assert first["email"] != other["email"]
    assert first["email"] == attributes(door, email=f" {SECRET.upper()} ")["email"]


def test_a_hash_needs_the_key() -> None:
    contracts = contract_files(WHOLE + PERSONAL).contracts

    hashes = {attributes(ContractDoor(contracts, key), email=SECRET)["email"] for key in (b"a" * 16, b"b" * 16)}

    assert len(hashes) == 2


def test_what_is_masked_already_stays_as_it_is(door: ContractDoor) -> None:
    once = attributes(door, email=SECRET, phone="1")

    assert attributes(door, **once) == once


def test_data_and_attributes_say_the_same_of_a_value(door: ContractDoor) -> None:
    row = taken(applied(door, order(attributes={"email": 12345, "phone": ["1", "2"]})))

    data = json.loads(row.data)["attributes"]
    assert (data["email"], data["phone"]) == (row.attributes["email"], ["***", "***"])
    assert json.loads(row.attributes["phone"]) == data["phone"]


def test_a_path_goes_through_lists(door: ContractDoor) -> None:
    contacts = [{"email": SECRET, "role": "cfo"}, {"role": "ceo"}, None, {"email": None}]

    row = taken(applied(door, order(contacts=contacts)))

    masked = [{"email": "***", "role": "cfo"}, {"role": "ceo"}, None, {"email": None}]
    assert json.loads(row.data)["contacts"] == masked


def test_an_extension_is_masked_in_the_event_and_in_its_raw_bytes(door: ContractDoor) -> None:
    received = applied(door, read(text(data=DATA, signedby=SECRET)))

    assert taken(received).extensions == {"signedby": "***"}
    assert json.loads(received.candidates[0].raw)["signedby"] == "***"


def test_an_extension_of_binary_mode_is_masked_in_the_headers_kept(door: ContractDoor) -> None:
    received = applied(door, read_binary(json.dumps(DATA).encode(), signedby=SECRET))

    assert taken(received).extensions == {"signedby": "***"}
    kept = door.masked_headers([(b"ce-signedby", SECRET.encode()), (b"ce-id", b"8d1f")])
    assert kept == [(b"ce-signedby", b"***"), (b"ce-id", b"8d1f")]


def test_data_that_holds_nothing_personal_may_be_anything() -> None:
    door = door_with("    personal_data: {extensions.signedby: mask}\n")
    body = b"\\ \xff no text"

    received = applied(door, read_binary(body, "image/png", signedby=SECRET, subject="order/O-1"))
    [refused] = applied(door, read_binary(body, "image/png", signedby=SECRET, time="never")).rejections

    assert taken(received).extensions == {"signedby": "***"}
    assert (received.candidates[0].raw, refused.raw) == (body, body)


@pytest.mark.parametrize("data", [b"", b"null"])
def test_an_event_without_data_has_nothing_to_mask(door: ContractDoor, data: bytes) -> None:
    [refused] = applied(door, read_binary(data, time="never")).rejections

    assert taken(applied(door, read_binary(data))).data == data.decode()
    assert refused.raw == data


HIDDEN_IN_EVENTS = [
    pytest.param(text(data={**DATA, "attributes": {"email": SECRET}}), id="the usual place"),
    pytest.param(
        text(data={**DATA, "attributes": {"phone": "@"}}).replace("phone", "\\u0070hone").replace("@", SECRET),
        id="a name with an escape",
    ),
    pytest.param(
        text(data={**DATA, "attributes": {"email": "@"}}).replace('"@"', f'"{SECRET}", "email": null'),
        id="a name given twice",
    ),
    pytest.param(
        text(data=DATA)[:-1] + f', "data": {{"attributes": {{"email": "{SECRET}"}}}}}}', id="data given twice"
    ),
    pytest.param(text(data={**DATA, "contacts": SECRET}), id="a text where an object should be"),
    pytest.param(text(data={**DATA, "contacts": {"email": {"work": [SECRET]}}}), id="an object where a text should be"),
    pytest.param(text(data=SECRET), id="data that is a text"),
    pytest.param(text(data=f"<email>{SECRET}</email>", datacontenttype="text/xml"), id="data that is XML"),
    pytest.param(
        text(time="never", data={**DATA, "attributes": {"email": SECRET}}), id="an event refused for its time"
    ),
    pytest.param(text(time="never", data=f"<a>{SECRET}</a>", datacontenttype="text/xml"), id="refused, with XML"),
    pytest.param(text(type="", data={**DATA, "attributes": {"email": SECRET}}), id="an event without a type"),
    pytest.param(json.dumps({"attributes": {"email": SECRET}}), id="data without an event around it"),
    pytest.param(text(data={**DATA, "amount": "many", "contacts": {"email": SECRET}}), id="a wrong amount"),
    pytest.param(text(data={**DATA, "contacts": {"email": SECRET}}).replace("8d1f", "\\ud800"), id="half a character"),
]


@pytest.mark.parametrize("body", HIDDEN_IN_EVENTS)
def test_nothing_that_is_kept_of_an_event_shows_personal_data(door: ContractDoor, body: str) -> None:
    received = applied(door, read(f"[{body}]", BATCH))

    assert received.count == 1
    assert SECRET not in repr(received)


def test_base64_may_hide_anything_and_is_not_kept(door: ContractDoor) -> None:
    hidden = base64.b64encode(json.dumps({"attributes": {"email": SECRET}}).encode()).decode()
    taken_apart = [
        applied(door, read(text(data_base64=hidden, datacontenttype="application/json"))),
        applied(door, read(text(data_base64=hidden, time="never"))),
    ]

    assert [len(one.rejections) for one in taken_apart] == [1, 1]
    assert hidden not in repr(taken_apart)


def test_data_that_cannot_be_masked_is_refused_though_violations_are_only_flagged(door: ContractDoor) -> None:
    body = text(data="<a/>", datacontenttype="text/xml", subject="order/O-1")

    received = applied(door, read(body))

    [rejection] = received.rejections
    assert (rejection.code, rejection.reason) == (
        "contract_violation",
        "breaks the contract order.approved/3: its data is no JSON object, so personal data cannot be masked",
    )
    assert rejection.raw.decode() == (
        f"withheld: {len(body)} bytes that may hold personal data, in a form in which it cannot be masked"
    )


def test_an_event_of_another_type_is_left_alone(door: ContractDoor) -> None:
    body = text(type="order.cancelled", data={**DATA, "attributes": {"email": SECRET}})

    received = applied(door, read(body))

    assert taken(received) == taken(read(body))
    assert received.candidates[0].raw == body.encode()


def test_an_event_without_personal_data_keeps_its_bytes(door: ContractDoor) -> None:
    body = text(data={**DATA, "attributes": {"tier": "gold"}}).replace(": ", " :\t")

    received = applied(door, read(body))

    assert (taken(received).data, received.candidates[0].raw) == (taken(read(body)).data, body.encode())


def test_a_refused_event_in_binary_mode_is_masked_by_its_type(door: ContractDoor) -> None:
    body = json.dumps({**DATA, "attributes": {"email": SECRET, "tier": "gold"}}).encode()

    [rejection] = applied(door, read_binary(body, time="never")).rejections

    kept = json.loads(rejection.raw)["attributes"]
    assert kept["tier"] == "gold"
    assert kept["email"].startswith("hmac-sha256:")


def kept_of(door: ContractDoor, body: bytes, **headers: str) -> tuple[bytes, dict[bytes, bytes]]:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    kept, kept_headers = door.masked_request(body, given)
    return kept, dict(kept_headers)


def test_a_refused_request_that_is_json_is_masked_by_name(door: ContractDoor) -> None:
    body = json.dumps([1.50, {"email": SECRET, "tier": "gold", "deep": [{"phone": ["1"], "email": None}]}])

    kept, _ = kept_of(door, body.encode())

    first, second = json.loads(kept)
    assert first == 1.5
    assert second | {"email": ""} == {"email": "", "tier": "gold", "deep": [{"phone": ["***"], "email": None}]}
    assert second["email"] == "***"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"email": "' + SECRET.encode(), id="JSON cut off"),
        pytest.param(f"email={SECRET}".encode(), id="a form"),
        pytest.param(b'{"\\u0065mail": "' + SECRET.encode(), id="a name with an escape, cut off"),
        pytest.param(json.dumps({"email": SECRET}).encode("utf-16"), id="another encoding"),
        pytest.param(b"\xff email " + SECRET.encode(), id="no text"),
        pytest.param(b'[{"email": "' + SECRET.encode() + b'"}, \xff]', id="JSON that is no UTF-8"),
    ],
)
def test_a_refused_request_that_may_hold_personal_data_and_is_no_json_is_withheld(
    door: ContractDoor, body: bytes
) -> None:
    kept, _ = kept_of(door, body)

    size = len(body)
    assert (
        kept == f"withheld: {size} bytes that may hold personal data, in a form in which it cannot be masked".encode()
    )


def test_json_inside_a_text_is_masked_as_a_whole(door: ContractDoor) -> None:
    body = json.dumps({"payload": json.dumps({"email": SECRET}), "kind": "order"})

    assert json.loads(kept_of(door, body.encode())[0]) == {"payload": "***", "kind": "order"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"specversion": "1.0", "id": "\\ud800"', id="JSON cut off"),
        pytest.param(b"not JSON at all", id="a text"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_refused_request_that_holds_no_personal_field_is_kept_whole(door: ContractDoor, body: bytes) -> None:
    assert kept_of(door, body, ce_id="1") == (body, {b"ce-id": b"1"})


def test_a_compressed_request_is_looked_into(door: ContractDoor) -> None:
    plain, personal = gzip.compress(b'{"a": 1'), gzip.compress(json.dumps({"phone": SECRET}).encode())

    assert kept_of(door, plain, content_encoding="gzip") == (plain, {b"content-encoding": b"gzip"})
    assert kept_of(door, personal, content_encoding="gzip", ce_id="1") == (b'{"phone":"***"}', {b"ce-id": b"1"})


def test_a_request_that_cannot_be_decompressed_is_withheld(door: ContractDoor) -> None:
    cut = gzip.compress(SECRET.encode())[:-9]

    kept, headers = kept_of(door, cut, content_encoding="gzip")

    assert kept.startswith(b"withheld: ")
    assert headers == {}


WHOLE_BODY = json.dumps(
    [event(data={**DATA, "attributes": {"email": SECRET}, "contacts": [{"email": SECRET}]})]
).encode()
NAMES = (b'"type": "order.approved"', b'"data":', b'"attributes":', b'"contacts":', b'"email":')


@given(
    start=st.integers(0, len(WHOLE_BODY)),
    length=st.integers(0, 12),
    put=st.binary(max_size=3) | st.sampled_from([b'"', b"}", b"[", b"null", b"\\u0065", b"\\ud800", b"1e999"]),
)
def test_however_a_body_is_damaged_what_is_kept_of_it_shows_no_personal_data(
    start: int, length: int, put: bytes
) -> None:
    door = door_with(PERSONAL)
    body = WHOLE_BODY[:start] + put + WHOLE_BODY[start + length :]
    # Under another name, or in another event type, it would be no personal data.
    assume(all(body.count(name) == WHOLE_BODY.count(name) for name in NAMES))

    try:
        kept = repr(applied(door, read_request(BATCH, [], body, NOW)))
    except InputError:
        kept = repr(door.masked_request(body, []))

    assert SECRET not in kept


def test_a_repeat_written_in_another_way_keeps_saying_the_same(door: ContractDoor) -> None:
    contacts = {"role": "cfo", "email": {"home": "a", "work": SECRET}}
    again = {"email": {"work": SECRET, "home": "a"}, "role": "cfo"}

    first = taken(applied(door, read(json.dumps(event(data={**DATA, "contacts": contacts}), indent=2))))
    second = taken(applied(door, read(json.dumps(event(data={**DATA, "contacts": again})))))

    assert same_content(second, msgspec.structs.asdict(first), time_given=True)
