"""What telemetry says of why an alert stands: the call that failed, or the message that was refused or parked.

The fields are those that users see in JSON; but for the kind and the count of spans, what says nothing is left out.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class CauseKind(StrEnum):
    """What a cause was found in; unknown is not the same as that nothing failed."""

    DEAD_LETTER = "dead_letter"
    FAILED_CALL = "failed_call"
    UNKNOWN = "unknown"


class Hop(Struct, frozen=True):
    """A call that one service answered, at the instant it began."""

    service: str
    operation: str
    at: datetime
    has_failed: bool


class FailedCall(Struct, frozen=True):
    """Failures of one kind: of one service and operation, with one pattern of error.

    `pattern` is the error's text without ids, numbers and instants, `error` the text of the last one, which was seen in
    `trace_id`, `span_id`. `is_origin` says that no failed call beneath it explains it, `has_recovered` that the same
    call succeeded later. `spans` counts them.
    """

    service: str
    operation: str
    error: str
    pattern: str
    signature: str
    is_origin: bool
    has_recovered: bool
    spans: int
    first_at: datetime
    last_at: datetime
    trace_id: str
    span_id: str


class LostMessage(Struct, frozen=True):
    """The message an alert waits for: refused at the door (`id` is a dead letter's) or parked by the middleware."""

    id: str
    received_at: datetime
    channel: str
    code: str
    reason: str
    source: str
    type: str


class AlertCause(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Where an alert's object is held up, as telemetry has it that was received by `recorded_at`.

    `signature` is the same for all objects that wait behind the same failing hop: the same service, operation and
    pattern of error; empty while the cause is unknown. `seen_at` is when the last of what it is drawn from was
    received. `last_hop` is None where the alert's traces have no spans. `failed_calls` are the gravest of `failures`
    kinds: first those that never succeeded later, where they began, the latest.
    """

    kind: CauseKind
    spans: int
    service: str = ""
    operation: str = ""
    error: str = ""
    signature: str = ""
    seen_at: datetime | None = None
    recorded_at: datetime | None = None
    last_hop: Hop | None = None
    failures: int = 0
    failed_calls: tuple[FailedCall, ...] = ()
    dead_letter: LostMessage | None = None


UNKNOWN_CAUSE = AlertCause(kind=CauseKind.UNKNOWN, spans=0)
