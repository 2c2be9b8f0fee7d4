"""What people do with an alert: acknowledge, snooze, escalate, assign, comment, mark, ask for a replay, accept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.business_object import BusinessObject
from domain.duration import parse_duration


class ActionKind(StrEnum):
    """What somebody did with an alert; the words users see."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    SNOOZE = "snooze"
    ESCALATE = "escalate"
    ASSIGN = "assign"
    COMMENT = "comment"
    REQUEST_REPLAY = "request_replay"
    ACCEPT = "accept"
    MARK = "mark"


class Mark(StrEnum):
    """What an alert was worth to whom it was told."""

    USEFUL = "useful"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class AlertAction:
    """One action on an alert of a rule, as the alert stood at a version: `has_fired`, or was only at risk.

    `value` is whom it was assigned to, the mark, how long it was snoozed for, what was accepted, or empty;
    `action_id` is the same where the request is repeated.
    """

    action_id: str
    alert_id: str
    alert: str
    business_object: BusinessObject
    alert_version: int
    has_fired: bool
    kind: ActionKind
    value: str
    acted_by: str
    acted_at: datetime
    comment: str

    @property
    def snoozed_until(self) -> datetime:
        """When a snooze ends."""
        return self.acted_at + parse_duration(self.value)


@dataclass(frozen=True, slots=True)
class Handling:
    """What stands of the actions on one alert; None where nobody did so, or it no longer counts.

    An acknowledgement counts until the alert ends, and one of an alert at risk until it fires: what fires anew waits
    for another. A snooze is one that also ends by itself: it stays in `snoozed` when it has. Of the two the later one
    stands. `escalated` is the last wish to escalate the alert, under the same conditions.
    """

    acknowledged: AlertAction | None = None
    assigned: AlertAction | None = None
    marked: AlertAction | None = None
    snoozed: AlertAction | None = None
    escalated: AlertAction | None = None

    def is_held(self, now: datetime, timeout: timedelta | None = None) -> bool:
        """Whether somebody looks after the alert: acknowledged, for no longer than `timeout`, or still snoozed."""
        if self.snoozed is not None:
            return now < self.snoozed.snoozed_until
        return self.acknowledged is not None and (timeout is None or now < self.acknowledged.acted_at + timeout)

    def snoozed_until(self, now: datetime) -> datetime | None:
        """When the snooze ends that counts now."""
        return self.snoozed.snoozed_until if self.snoozed is not None and self.is_held(now) else None


NOT_HANDLED = Handling()
