"""Files of spans: JSON and protobuf, in one piece or as the Collector's file exporter writes them."""

import json
from pathlib import Path

import pytest

from domain.errors import UsageError
from tests.builders import otlp_request, span
from tests.unit.collector.files.doors import RecordingDoor, ingest, spans, written

REQUEST = otlp_request(span(), span())
PROTOBUF = REQUEST.SerializeToString()
# An id in OTLP/JSON is hexadecimal.
DOCUMENT = {
    "resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "POST /orders"}]}]}]
}


def prefixed(*messages: bytes) -> bytes:
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(PROTOBUF, [2], id="a message"),
        pytest.param(prefixed(PROTOBUF, PROTOBUF), [2, 2], id="messages with their lengths"),
        pytest.param(json.dumps(DOCUMENT).encode(), [1], id="a document"),
        pytest.param(json.dumps(DOCUMENT, indent=1).encode(), [1], id="a document over lines"),
        pytest.param(json.dumps(DOCUMENT).encode() + b"\n\n" + json.dumps(DOCUMENT).encode(), [1, 1], id="lines"),
    ],
)
@pytest.mark.parametrize("name", ["spans", "spans.gz"])
def test_spans_are_read_however_they_are_written(tmp_path: Path, name: str, content: bytes, found: list[int]) -> None:
    assert spans(written(tmp_path / name, content)) == found


def large(number: int) -> list[object]:
    return [
        {"scopeSpans": [{"spans": [{"traceId": "ab" * 16, "spanId": f"{i + 1:016x}", "name": "x" * 5_000_000}]}]}
        for i in range(number)
    ]


def test_what_is_larger_than_a_request_is_split_by_resource(tmp_path: Path) -> None:
    path = written(tmp_path / "spans.json", json.dumps({"resourceSpans": large(5)}))

    assert spans(path) == [1, 1, 1, 1, 1]


def test_a_large_message_is_split_by_resource(tmp_path: Path) -> None:
    message = b"".join(otlp_request(span("x" * 3_000_000)).SerializeToString() for _ in range(5))

    assert spans(written(tmp_path / "spans.pb", message)) == [2, 2, 1]


def test_spans_go_through_their_own_door_and_are_counted(tmp_path: Path) -> None:
    door = RecordingDoor()

    summary = ingest(tmp_path / "spans.pb", prefixed(PROTOBUF, PROTOBUF), door)

    assert summary.accepted == 4
    assert door.bodies == [("application/x-protobuf", PROTOBUF)] * 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(prefixed(PROTOBUF)[:-3], "ends in the middle of message 1", id="one cut off"),
        pytest.param(
            b"\x7f\xff\xff\xff" + PROTOBUF,
            "not OTLP protobuf: message 1 is 2147483647 bytes; 20971520 are taken",
            id="a length that cannot be",
        ),
        pytest.param(
            PROTOBUF[:-3], f"not OTLP protobuf, or it ends too soon; a resource of {len(PROTOBUF) - 3} bytes", id="cut"
        ),
        pytest.param(PROTOBUF + b"\x12\x00", "not an OTLP trace request in protobuf", id="another message"),
    ],
)
def test_what_is_no_request_is_told(tmp_path: Path, content: bytes, reason: str) -> None:
    path = written(tmp_path / "spans.pb", content)

    with pytest.raises(UsageError) as caught:
        spans(path)

    assert str(caught.value) == f"{path}: {reason}"
