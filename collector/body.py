"""Reads a request's body within limits: on the wire and after decompression."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import lz4.frame
from backports import zstd
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope

from domain.errors import InputError

# The OpenTelemetry Collector's own limit for OTLP over HTTP; a larger body is for a file import.
LARGEST_BODY = 20 * 1024 * 1024
# Reading this much takes some milliseconds, 18 MiB of OTLP/JSON six seconds; a thread costs a tenth of a millisecond.
LARGEST_AT_ONCE = 256 * 1024
_CHUNK = 256 * 1024
# Input goes in by pieces: at the end of a gzip member zlib copies what is left of its input.
_PIECE = 64 * 1024
_MOST_MEMBERS = 10_000
# 32 MiB, what the OpenTelemetry Collector's compressor uses at its best level.
_LARGEST_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 25}
_ENCODINGS = "gzip, deflate, zlib, zstd, lz4 or none"
Result = TypeVar("Result")


class BodyTooLarge(InputError):
    """The body exceeds the limit, as sent or when decompressed."""

    def __init__(self) -> None:
        super().__init__("body_too_large", f"the body is larger than {LARGEST_BODY} bytes; send smaller batches")


class UnsupportedEncoding(InputError):
    """The body is compressed in a way that is not taken."""


class _Lz4Error(Exception):
    """What is wrong with a body that should be LZ4 frames; the library has no error of its own."""


class Disconnected(Exception):
    """The sender went away before its body was complete."""


def header(scope: Scope, name: bytes) -> str:
    """The value of a header, or an empty text."""
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return ""


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body as it was sent; InputError past the limit."""
    length = header(scope, b"content-length")
    if length.isdigit() and int(length) > LARGEST_BODY:
        raise BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    while True:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > LARGEST_BODY:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body"):
            break
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def beside(size: int, work: Callable[[], Result]) -> Result:
    """The result of work on that many bytes: much of it in a thread, so that other requests need not wait for it."""
    return await run_in_threadpool(work) if size > LARGEST_AT_ONCE else work()


def decompress(body: bytes, content_encoding: str) -> bytes:
    """The body as it was before it was compressed; never more than the limit is ever held."""
    encoding = content_encoding.strip().lower()
    if encoding in ("", "identity", "none"):
        return body
    unpack = _UNPACKERS.get(encoding)
    if unpack is None:
        raise UnsupportedEncoding("unsupported_encoding", f"content encoding {encoding[:40]!r}; {_ENCODINGS} is taken")
    chunks: list[bytes] = []
    size = 0
    try:
        for chunk in unpack(memoryview(body)):
            size += len(chunk)
            if size > LARGEST_BODY:
                raise BodyTooLarge
            chunks.append(chunk)
    except (zlib.error, zstd.ZstdError, _Lz4Error) as error:
        raise InputError("invalid_encoding", f"the body is not {encoding}: {error}") from None
    return b"".join(chunks)


def _inflate(body: memoryview) -> Iterator[bytes]:
    """The decompressed body in chunks; a gzip body may be several members one after the other."""
    position = members = 0
    while position < len(body):
        members += 1
        if members > _MOST_MEMBERS:
            raise zlib.error(f"it has over {_MOST_MEMBERS} members")
        # 32 accepts gzip and zlib headers alike.
        inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        while not inflater.eof:
            piece = body[position : position + _PIECE]
            chunk = inflater.decompress(piece, _CHUNK)
            position += len(piece) - len(inflater.unconsumed_tail) - len(inflater.unused_data)
            if not chunk and not inflater.eof and position >= len(body):
                raise zlib.error("the body ends too soon")
            yield chunk


def _unzstd(body: memoryview) -> Iterator[bytes]:
    """The decompressed body in chunks; it may be several frames one after the other."""
    position = frames = 0
    while position < len(body):
        frames += 1
        if frames > _MOST_MEMBERS:
            raise zstd.ZstdError(f"it has over {_MOST_MEMBERS} frames")
        frame = zstd.ZstdDecompressor(options=_LARGEST_WINDOW)
        while not frame.eof:
            piece = body[position : position + _PIECE] if frame.needs_input else b""
            if frame.needs_input and not piece:
                raise zstd.ZstdError("the body ends too soon")
            position += len(piece)
            yield frame.decompress(piece, _CHUNK)
        position -= len(frame.unused_data)


def _unlz4(body: memoryview) -> Iterator[bytes]:
    """The decompressed body in chunks; it may be several frames one after the other."""
    position = frames = 0
    while position < len(body):
        frames += 1
        if frames > _MOST_MEMBERS:
            raise _Lz4Error(f"it has over {_MOST_MEMBERS} frames")
        frame = lz4.frame.LZ4FrameDecompressor()
        while not frame.eof:
            piece = body[position : position + _PIECE] if frame.needs_input else b""
            if frame.needs_input and not piece:
                raise _Lz4Error("the body ends too soon")
            position += len(piece)
            try:
                yield frame.decompress(piece, _CHUNK)
            except RuntimeError as error:
                raise _Lz4Error(str(error)) from None
        position -= len(frame.unused_data or b"")


# As the OpenTelemetry Collector's exporters name them; of theirs `snappy` and `x-snappy-framed` are not taken.
_UNPACKERS: dict[str, Callable[[memoryview], Iterator[bytes]]] = {
    **dict.fromkeys(("gzip", "x-gzip", "deflate", "zlib"), _inflate),
    "zstd": _unzstd,
    "lz4": _unlz4,
}
