"""Proves that a webhook comes from who it says: HMAC with a replay window, HTTP Basic, or a token.

Nothing is compared in a way whose duration tells how much of a guess was right, and a signature is checked over the
very bytes that came, before anything reads them.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qsl, unquote_to_bytes

from collector.source_definitions import (
    AuthenticationConfig,
    CertificateConfig,
    HeaderPartConfig,
    HmacConfig,
    TokenConfig,
)
from domain.instants import EPOCH

RawHeaders = Sequence[tuple[bytes, bytes]]
_DIGITS = re.compile(rb"[0-9]{1,16}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2})+")
_PLACEHOLDER = re.compile(r"\{(method|uri|body|timestamp)\}")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


class SignatureFault(StrEnum):
    """Why a request was not believed; also a metric's label."""

    MISSING = "missing"
    WRONG = "wrong"
    TOO_OLD = "too_old"
    IN_FUTURE = "in_future"
    CERTIFICATE = "wrong_certificate"
    SENDER = "wrong_sender"


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """One webhook as it came; `public_uri` is the address its sender knows, where that is configured."""

    method: str
    public_uri: str
    query: bytes
    headers: RawHeaders
    body: bytes

    def header(self, name: str) -> bytes | None:
        """The value of a header; None where it is not there."""
        wanted = name.lower().encode("latin-1")
        return next((value for key, value in self.headers if key == wanted), None)


def check(
    authentication: AuthenticationConfig, secrets: Sequence[bytes], request: SourceRequest, now: datetime
) -> SignatureFault | None:
    """What is wrong with a request's proof; None where any of the secrets proves it."""
    if authentication.hmac is not None:
        return _check_hmac(authentication.hmac, secrets, request, now)
    if authentication.basic is not None:
        return _check_basic(secrets, request)
    if authentication.token is not None:
        return _check_token(authentication.token, secrets, request)
    raise AssertionError("a source without authentication has no proof to check")


def is_certified(config: CertificateConfig, certificates: Sequence[bytes], request: SourceRequest) -> bool:
    """Whether the proxy says that it saw one of the certificates; so too where none is expected."""
    given = request.header(config.header)
    return not certificates or (given is not None and _any_equal([given.strip()], certificates))


def sign(config: HmacConfig, secret: bytes, request: SourceRequest, timestamp: bytes) -> bytes:
    """The digest that the vendor would send."""
    parts = {
        "method": request.method.encode(),
        "uri": decode_escapes(request.public_uri, config.uri_decodes).encode(),
        "body": request.body,
        "timestamp": timestamp,
    }
    # Every other piece is the name of a placeholder.
    pieces = _PLACEHOLDER.split(config.signed)
    signed = b"".join(parts[piece] if place % 2 else piece.encode() for place, piece in enumerate(pieces))
    return hmac.digest(secret, signed, config.algorithm)


def decode_escapes(uri: str, characters: str) -> str:
    """A URI with those of its percent-escapes decoded that stand for one of the characters."""

    def decode(match: re.Match[str]) -> str:
        character = unquote_to_bytes(match.group()).decode("latin-1")
        return character if character in characters else match.group()

    return _ESCAPE.sub(decode, uri)


def _check_hmac(
    config: HmacConfig, secrets: Sequence[bytes], request: SourceRequest, now: datetime
) -> SignatureFault | None:
    timestamp = b""
    if config.timestamp is not None:
        timestamp = next(_parts(request, config.timestamp), b"")
        if not _DIGITS.fullmatch(timestamp):
            return SignatureFault.MISSING
    # More than one while the vendor changes its key.
    signatures = list(_parts(request, config.signature))
    if not signatures:
        return SignatureFault.MISSING
    expected = [sign(config, secret, request, timestamp) for secret in secrets]
    if not _any_equal([_decoded(signature, config.encoding) for signature in signatures], expected):
        return SignatureFault.WRONG
    if config.timestamp is None:
        return None
    signed_at = _instant(int(timestamp), config.timestamp.unit)
    if signed_at is None or signed_at > now + config.tolerance:
        return SignatureFault.IN_FUTURE
    return SignatureFault.TOO_OLD if signed_at < now - config.tolerance else None


def _check_basic(secrets: Sequence[bytes], request: SourceRequest) -> SignatureFault | None:
    # Some senders give their credentials only after they were asked: nothing is wrong with that.
    # https://www.rfc-editor.org/rfc/rfc7617
    value = request.header("authorization")
    if value is None:
        return SignatureFault.MISSING
    scheme, _, encoded = value.strip().partition(b" ")
    credentials = _decoded(encoded.strip(), "base64") if scheme.lower() == b"basic" else b""
    return None if _any_equal([credentials], secrets) else SignatureFault.WRONG


def _check_token(config: TokenConfig, secrets: Sequence[bytes], request: SourceRequest) -> SignatureFault | None:
    given: list[bytes] = []
    if config.header is not None:
        given.extend(_parts(request, HeaderPartConfig(header=config.header, prefix=config.prefix)))
    if config.query is not None:
        query = parse_qsl(request.query.decode("latin-1"))
        given.extend(value.encode() for name, value in query if name == config.query)
    if not given:
        return SignatureFault.MISSING
    return None if _any_equal(given, secrets) else SignatureFault.WRONG


def _parts(request: SourceRequest, config: HeaderPartConfig) -> Iterator[bytes]:
    """The values that a header gives: its whole, or those of its parts that begin with the prefix."""
    value = request.header(config.header)
    if value is None:
        return
    prefix = config.prefix.encode()
    for part in value.split(config.separator.encode()) if config.separator else [value]:
        stripped = part.strip()
        if stripped.startswith(prefix):
            yield stripped.removeprefix(prefix)


def _any_equal(given: Iterable[bytes], expected: Sequence[bytes]) -> bool:
    return any([hmac.compare_digest(one, other) for one in given for other in expected])  # noqa: C419 - all, always


def _decoded(text: bytes, encoding: str) -> bytes:
    """The bytes that a text stands for; none where it is not in that encoding."""
    if encoding == "hex":
        return bytes.fromhex(text.decode()) if _HEX.fullmatch(text) else b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _instant(timestamp: int, unit: str) -> datetime | None:
    try:
        return EPOCH + timedelta(**{unit: timestamp})
    except OverflowError:
        return None
