"""OTLP trace requests: JSON (one document, or one a line) and protobuf (one message, or the Collector's file export).

https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/ and, for length-prefixed protobuf, the file exporter of
the OpenTelemetry Collector. A document too large for one request is split by its resources.
"""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from collector.body import LARGEST_BODY
from collector.files.items import Item, Reading, SpansItem, refused_item
from collector.files.source_file import SourceFile
from collector.receivers.otlp import JSON, PROTOBUF
from domain.errors import UsageError

JSON_KEYS = frozenset({"resourceSpans", "resource_spans"})
OTHER_JSON_KEYS = frozenset({"resourceLogs", "resource_logs", "resourceMetrics", "resource_metrics"})
# The tag of `resource_spans`, the only field of a request: number 1, length-delimited.
RESOURCE_SPANS_TAG = 0x0A
_LARGEST_DOCUMENT = 1024 * 1024 * 1024
_BYTES_A_REQUEST = 8 * 1024 * 1024


class _Request(msgspec.Struct, forbid_unknown_fields=False):
    resource_spans: list[msgspec.Raw] = msgspec.field(default_factory=list, name="resourceSpans")


_request_decoder = msgspec.json.Decoder(_Request)
_raw_decoder = msgspec.json.Decoder(msgspec.Raw)


def read(source: SourceFile, reading: Reading) -> Iterator[Item]:
    """The file's requests; places count them."""
    with source.open() as file:
        if source.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            yield from _json_requests(source, file)
        elif source.head[:1] == bytes([RESOURCE_SPANS_TAG]):
            for place, portion in enumerate(_portions(_resources(source, file)), start=1):
                yield SpansItem(place, PROTOBUF, b"".join(portion))
        else:
            yield from _prefixed(source, file)


def _json_requests(source: SourceFile, file: BinaryIO) -> Iterator[Item]:
    first = file.readline(LARGEST_BODY + 1)
    if _is_json(first):
        line = first
        place = 1
        while line:
            if line.strip():
                yield from _json_request(place, line)
            line = file.readline(LARGEST_BODY + 1)
            place += 1
        return
    document = first + file.read(_LARGEST_DOCUMENT)
    if file.read(1):
        raise UsageError(f"{source.path}: an OTLP document over 1 GiB; give one request a line instead")
    yield from _json_request(1, document)


def _json_request(place: int, text: bytes) -> Iterator[Item]:
    if len(text) <= _BYTES_A_REQUEST:
        yield SpansItem(place, JSON, text)
        return
    try:
        resources = [bytes(raw) for raw in _request_decoder.decode(text).resource_spans]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        yield refused_item(place, f"not an OTLP trace request: {error}", text[:1000].decode("utf-8", "replace"))
        return
    for portion in _portions(resources):
        body = b'{"resourceSpans":[' + b",".join(portion) + b"]}"
        yield SpansItem(place, JSON, body)


def _portions(resources: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Neighbours together, as many as one request may hold."""
    portion: list[bytes] = []
    size = 0
    for resource in resources:
        if portion and size + len(resource) > _BYTES_A_REQUEST:
            yield portion
            portion, size = [], 0
        portion.append(resource)
        size += len(resource)
    if portion:
        yield portion


def _is_json(text: bytes) -> bool:
    try:
        _raw_decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _prefixed(source: SourceFile, file: BinaryIO) -> Iterator[Item]:
    """Messages with four bytes of length before each, the highest first."""
    place = 0
    while prefix := file.read(4):
        place += 1
        length = int.from_bytes(prefix, "big")
        if len(prefix) < 4 or length > LARGEST_BODY:
            raise UsageError(
                f"{source.path}: not OTLP protobuf: message {place} is {length} bytes; {LARGEST_BODY} are taken"
            )
        body = file.read(length)
        if len(body) < length:
            raise UsageError(f"{source.path}: ends in the middle of message {place}")
        yield SpansItem(place, PROTOBUF, body)


def _resources(source: SourceFile, file: BinaryIO) -> Iterator[bytes]:
    """The fields of one message, each whole: repeated fields of messages that are put together add up."""
    while tag := file.read(1):
        if tag[0] != RESOURCE_SPANS_TAG:
            raise UsageError(f"{source.path}: not an OTLP trace request in protobuf")
        prefix, length = _varint(file)
        body = file.read(length) if length <= LARGEST_BODY else b""
        if len(body) < length:
            raise UsageError(f"{source.path}: not OTLP protobuf, or it ends too soon; a resource of {length} bytes")
        yield tag + prefix + body


def _varint(file: BinaryIO) -> tuple[bytes, int]:
    """A length as it is written, and its value."""
    written = b""
    value = 0
    while len(written) < 5 and (byte := file.read(1)):
        written += byte
        value |= (byte[0] & 0x7F) << (7 * (len(written) - 1))
        if byte[0] < 0x80:
            break
    return written, value
