"""What telemetry says of why an alert stands: the call that failed, or the message that was refused or parked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CauseKind(StrEnum):
    """What a cause was found in; unknown is not the same as that nothing failed."""

    DEAD_LETTER = "dead_letter"
    FAILED_CALL = "failed_call"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Hop:
    """A call that one service answered, at the instant it began."""

    service: str
    operation: str
    at: datetime
    has_failed: bool


@dataclass(frozen=True, slots=True)
class FailedCall:
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


@dataclass(frozen=True, slots=True)
class LostMessage:
    """The message an alert waits for: refused at the door (`id` is a dead letter's) or parked by the middleware."""

    id: str
    received_at: datetime
    channel: str
    code: str
    reason: str
    source: str
    type: str


@dataclass(frozen=True, slots=True)
class AlertCause:
    """Where an alert's object is held up, as telemetry has it that was received by `recorded_at`.

    `signature` is the same for all objects that wait behind the same failing hop: the same service, operation and
    pattern of error; empty while the cause is unknown. `seen_at` is when the last of what it is drawn from was
    received. `last_hop` is None where the alert's traces have no spans. `failed_calls` are the gravest of `failures`
    kinds: first those that never succeeded later, where they began, the latest.
    """

    kind: CauseKind = CauseKind.UNKNOWN
    service: str = ""
    operation: str = ""
    error: str = ""
    signature: str = ""
    seen_at: datetime | None = None
    recorded_at: datetime | None = None
    spans: int = 0
    last_hop: Hop | None = None
    failures: int = 0
    failed_calls: tuple[FailedCall, ...] = ()
    dead_letter: LostMessage | None = None


UNKNOWN_CAUSE = AlertCause()
