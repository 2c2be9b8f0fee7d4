"""Reading and unpacking a request's body within limits."""

import asyncio
import contextlib
import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import lz4.frame
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from collector.body import LARGEST_BODY, BodyTooLarge, Disconnected, decompress, read_body
from domain.errors import InputError

TOO_LARGE = "the body is larger than 20971520 bytes; send smaller batches"
BODY = b'{"specversion":"1.0"}' * 50


def received(messages: list[dict[str, Any]], length: str | None = None) -> bytes:
    """What `read_body` makes of these ASGI messages."""
    headers = [(b"content-length", length.encode())] if length is not None else []
    coming = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(coming)

    return asyncio.run(read_body({"type": "http", "headers": headers}, receive))


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def refused(body: bytes, encoding: str) -> str:
    with pytest.raises(InputError) as caught:
        decompress(body, encoding)
    return f"{caught.value.code}: {caught.value}"


def test_a_body_is_read_to_its_last_part() -> None:
    assert received([part(b"a", more=True), part(b"", more=True), part(b"b")]) == b"ab"


def test_a_sender_that_goes_away_leaves_nothing() -> None:
    with pytest.raises(Disconnected):
        received([part(b"a", more=True), {"type": "http.disconnect"}])


@pytest.mark.parametrize(
    ("messages", "length"),
    [
        pytest.param([], str(LARGEST_BODY + 1), id="by its announced length"),
        pytest.param([part(bytes(LARGEST_BODY), more=True), part(b"a", more=True)], None, id="as it comes"),
        pytest.param([part(bytes(LARGEST_BODY + 1))], "5", id="though it announced less"),
    ],
)
def test_a_body_over_the_limit_is_refused_before_its_end(messages: list[dict[str, Any]], length: str | None) -> None:
    with pytest.raises(BodyTooLarge) as caught:
        received(messages, length)

    assert str(caught.value) == TOO_LARGE


def test_a_body_at_the_limit_is_taken() -> None:
    assert len(received([part(bytes(LARGEST_BODY))], str(LARGEST_BODY))) == LARGEST_BODY


def test_an_announced_length_that_is_none_is_ignored() -> None:
    assert received([part(b"a")], "many") == b"a"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        pytest.param(BODY, "", id="without an encoding"),
        pytest.param(BODY, "identity", id="as it is"),
        pytest.param(gzip.compress(BODY), "gzip", id="gzip"),
        pytest.param(gzip.compress(BODY), " GZip ", id="gzip in other case"),
        pytest.param(gzip.compress(BODY), "x-gzip", id="gzip by its old name"),
        pytest.param(zlib.compress(BODY), "deflate", id="deflate"),
        pytest.param(
            gzip.compress(BODY[:7]) + gzip.compress(b"") + gzip.compress(BODY[7:]), "gzip", id="three members"
        ),
        pytest.param(zlib.compress(BODY), "zlib", id="zlib"),
        pytest.param(BODY, "none", id="none"),
        pytest.param(lz4.frame.compress(BODY), "lz4", id="lz4"),
        pytest.param(
            lz4.frame.compress(BODY[:7]) + lz4.frame.compress(b"") + lz4.frame.compress(BODY[7:]),
            "lz4",
            id="three frames of lz4",
        ),
        pytest.param(zstd.compress(BODY), "zstd", id="zstd"),
        pytest.param(
            zstd.compress(BODY[:7]) + zstd.compress(b"") + zstd.compress(BODY[7:]), "Zstd", id="three frames of zstd"
        ),
        pytest.param(b"".join(gzip.compress(bytes([byte])) for byte in BODY), "gzip", id="a thousand members"),
    ],
)
def test_an_encoded_body_is_unpacked(body: bytes, encoding: str) -> None:
    assert decompress(body, encoding) == BODY


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "lz4"])
def test_an_encoded_body_of_nothing_is_nothing(encoding: str) -> None:
    assert decompress(b"", encoding) == b""


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(0, 9))
def test_any_body_comes_back_from_any_members(parts: list[bytes], level: int) -> None:
    assert decompress(b"".join(gzip.compress(text, level) for text in parts), "gzip") == b"".join(parts)


def test_a_large_body_that_does_not_compress_comes_back() -> None:
    body = bytes(range(256)) * 4096

    assert decompress(gzip.compress(body, 0) * 3, "gzip") == body * 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"{}", "Error -3 while decompressing data: incorrect header check", id="no gzip at all"),
        pytest.param(gzip.compress(BODY)[:-9], "the body ends too soon", id="cut off in the data"),
        pytest.param(gzip.compress(BODY)[:-1], "the body ends too soon", id="cut off in the checksum"),
        pytest.param(b"\x1f\x8b", "the body ends too soon", id="cut off in the header"),
        pytest.param(
            gzip.compress(BODY) + b"more",
            "Error -3 while decompressing data: incorrect header check",
            id="more after it",
        ),
        pytest.param(
            gzip.compress(BODY)[:-8] + bytes(8),
            "Error -3 while decompressing data: incorrect data check",
            id="with a wrong checksum",
        ),
    ],
)
def test_a_body_that_is_not_the_gzip_it_claims_to_be_is_refused(body: bytes, reason: str) -> None:
    assert refused(body, "gzip") == f"invalid_encoding: the body is not gzip: {reason}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"{}", "Unable to decompress Zstandard data: Unknown frame descriptor", id="no zstd at all"),
        pytest.param(zstd.compress(BODY)[:-3], "the body ends too soon", id="cut off"),
        pytest.param(zstd.compress(b"") * 10_001, "it has over 10000 frames", id="frames of nothing"),
        pytest.param(
            zstd.compress(BODY) + b"more",
            "Unable to decompress Zstandard data: Unknown frame descriptor",
            id="more after it",
        ),
    ],
)
def test_a_body_that_is_not_the_zstd_it_claims_to_be_is_refused(body: bytes, reason: str) -> None:
    assert refused(body, "zstd") == f"invalid_encoding: the body is not zstd: {reason}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            b"{}2222222222222222", "LZ4F_decompress failed with code: ERROR_frameType_unknown", id="no lz4 at all"
        ),
        pytest.param(lz4.frame.compress(BODY)[:-3], "the body ends too soon", id="cut off"),
        pytest.param(b"\x04", "the body ends too soon", id="cut off in the header"),
        pytest.param(lz4.frame.compress(b"") * 10_001, "it has over 10000 frames", id="frames of nothing"),
    ],
)
def test_a_body_that_is_not_the_lz4_it_claims_to_be_is_refused(body: bytes, reason: str) -> None:
    assert refused(body, "lz4") == f"invalid_encoding: the body is not lz4: {reason}"


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.booleans())
def test_any_body_comes_back_from_any_frames_of_lz4(parts: list[bytes], is_linked: bool) -> None:
    frames = [lz4.frame.compress(text, block_linked=is_linked, content_checksum=True) for text in parts]

    assert decompress(b"".join(frames), "lz4") == b"".join(parts)


@given(st.binary(max_size=200), st.integers(0, 60), st.integers(0, 255))
def test_a_damaged_lz4_body_is_unpacked_or_refused(body: bytes, place: int, byte: int) -> None:
    damaged = bytearray(lz4.frame.compress(body))
    damaged[place % len(damaged)] = byte

    with contextlib.suppress(InputError):
        decompress(bytes(damaged), "lz4")


@pytest.mark.parametrize("encoding", ["br", "snappy", "x-snappy-framed", "gzip, gzip", "compress"])
def test_an_encoding_that_is_not_known_is_refused(encoding: str) -> None:
    expected = f"unsupported_encoding: content encoding {encoding!r}; gzip, deflate, zlib, zstd, lz4 or none is taken"

    assert refused(b"", encoding) == expected


@pytest.mark.parametrize(
    ("compress", "encoding"),
    [
        pytest.param(lambda body: gzip.compress(body, 1), "gzip", id="gzip"),
        pytest.param(zstd.compress, "zstd", id="zstd"),
        pytest.param(lz4.frame.compress, "lz4", id="lz4"),
    ],
)
def test_a_body_that_unpacks_to_more_than_the_limit_is_refused_in_bounded_memory(
    compress: Callable[[bytes], bytes], encoding: str
) -> None:
    bomb = compress(bytes(4 * LARGEST_BODY))
    tracemalloc.start()
    try:
        reason = refused(bomb, encoding)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert reason == f"body_too_large: {TOO_LARGE}"
    assert peak < 1.5 * LARGEST_BODY


def test_a_body_at_the_limit_unpacks() -> None:
    assert len(decompress(gzip.compress(bytes(LARGEST_BODY)), "gzip")) == LARGEST_BODY
    assert len(decompress(zstd.compress(bytes(LARGEST_BODY)), "zstd")) == LARGEST_BODY
    assert len(decompress(lz4.frame.compress(bytes(LARGEST_BODY)), "lz4")) == LARGEST_BODY


def test_a_million_empty_members_are_refused_early() -> None:
    expected = "invalid_encoding: the body is not gzip: it has over 10000 members"

    assert refused(gzip.compress(b"") * 1_000_000, "gzip") == expected
