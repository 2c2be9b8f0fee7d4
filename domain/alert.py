"""An alert: a rule broken (or about to be) by one business object, and the states it goes through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import xxhash

from domain.alert_cause import UNKNOWN_CAUSE, AlertCause
from domain.alert_evidence import NO_EVIDENCE, AlertEvidence
from domain.business_object import BusinessObject
from domain.intervention import ANNOTATION as INTERVENTION

# An alert's version is the instant at which its change became known; leaves room between two microseconds for a writer
# that has more than one thing to say of an alert at once.
VERSIONS_PER_MICROSECOND = 1000


class AlertState(StrEnum):
    """Where an alert stands; the words users see."""

    AT_RISK = "at_risk"
    FIRING = "firing"
    RESOLVED = "resolved"
    RETRACTED = "retracted"
    SUSPENDED = "suspended"

    @property
    def is_open(self) -> bool:
        """Whether somebody may still have to act."""
        return self in (AlertState.AT_RISK, AlertState.FIRING, AlertState.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it stands after its latest transition.

    `changed_at` is the instant the latest transition happened in the world (a deadline passing, a
    milestone occurring, disproving evidence arriving), `recorded_at` the tick that stored it.
    `version` grows with every stored transition; the highest is the current one. `amount` is unknown
    when None. `fired_at` is None for an alert that never got past at_risk. `cause` follows from telemetry and is
    never stored with the alert: it is looked up where it is shown, and unknown elsewhere.
    """

    alert_id: str
    name: str
    business_object: BusinessObject
    state: AlertState
    started_at: datetime
    deadline_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    severity: str
    amount: Decimal | None
    currency: str | None
    correlation_id: str | None
    reason: str
    changed_at: datetime
    recorded_at: datetime
    version: int
    rule_group: str = ""
    rule_version: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    trace_ids: tuple[str, ...] = ()
    evidence: AlertEvidence = NO_EVIDENCE
    cause: AlertCause = UNKNOWN_CAUSE

    @property
    def intervention(self) -> str:
        """The call that may be made about its object, by name; empty where its rule names none."""
        return self.annotations.get(INTERVENTION, "")


def alert_id(rule: str, business_object: BusinessObject, clock: str) -> str:
    """The stable id of the alert that `rule` raises for one clock of one object.

    `clock` is empty where an object has one clock under the rule (pairing: first), else the identity of
    the event that started it, so that late events move an alert instead of making another.
    """
    parts = (rule, business_object.type, business_object.id, clock)
    return xxhash.xxh3_128_hexdigest("\x00".join(parts).encode())
