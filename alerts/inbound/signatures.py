"""Whether a request comes from the vendor that it says it comes from.

https://developer.pagerduty.com/docs/verifying-webhook-signatures and
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from domain.instants import EPOCH

# Slack's own advice.
TOLERANCE = timedelta(minutes=5)


class SignatureFault(StrEnum):
    """Why a request is not believed; also what the metric says."""

    MISSING = "missing"
    WRONG = "wrong"
    TOO_OLD = "too_old"


class NotBelieved(Exception):
    """A request whose sender is not proven."""

    def __init__(self, fault: SignatureFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def signed_by_pagerduty(header: str, body: bytes, secret: str) -> bool:
    """Whether one of the signatures in the header is of this secret: there are several while a secret is changed."""
    expected = _hmac(secret, body)
    given = [part.strip() for part in header.split(",")]
    return any(hmac.compare_digest(f"v1={expected}".encode(), one.encode()) for one in given)


def signed_by_slack(signature: str, timestamp: str, body: bytes, secret: str) -> bool:
    """Whether the signature is of this secret."""
    expected = _hmac(secret, b"v0:" + timestamp.encode() + b":" + body)
    return hmac.compare_digest(f"v0={expected}".encode(), signature.strip().encode())


def require_recent(timestamp: str, now: datetime) -> None:
    """NotBelieved for seconds since 1970 that are five minutes away, whichever way, or that are no such number."""
    if not timestamp.isdecimal() or len(timestamp) > 12:
        raise NotBelieved(SignatureFault.WRONG)
    # As numbers: there are seconds that no calendar holds.
    if abs((now - EPOCH) / timedelta(seconds=1) - int(timestamp)) > TOLERANCE.total_seconds():
        raise NotBelieved(SignatureFault.TOO_OLD)


def believed(proofs: Iterable[bool]) -> list[int]:
    """The places of the secrets that prove a request; NotBelieved where none does."""
    places = [place for place, proof in enumerate(proofs) if proof]
    if not places:
        raise NotBelieved(SignatureFault.WRONG)
    return places


def _hmac(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
