"""What people do with an alert: acknowledge, assign, comment, mark; and what of that stands now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.business_object import BusinessObject


class ActionKind(StrEnum):
    """What somebody did with an alert; the words users see."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    ASSIGN = "assign"
    COMMENT = "comment"
    MARK = "mark"


class Mark(StrEnum):
    """What an alert was worth to whom it was told."""

    USEFUL = "useful"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class AlertAction:
    """One action on an alert of a rule, as the alert stood at a version: `has_fired`, or was only at risk.

    `value` is whom it was assigned to or the mark, else empty; `action_id` is the same where the request is repeated.
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


@dataclass(frozen=True, slots=True)
class Handling:
    """What stands of the actions on one alert; None where nobody did so, or it no longer counts.

    An acknowledgement counts until the alert ends, and one of an alert at risk until it fires: what fires anew waits
    for another.
    """

    acknowledged: AlertAction | None = None
    assigned: AlertAction | None = None
    marked: AlertAction | None = None


NOT_HANDLED = Handling()
