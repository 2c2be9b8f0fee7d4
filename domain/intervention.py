"""An intervention: one named call to the middleware about one business object, and the states it goes through."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import xxhash

from domain.business_object import BusinessObject

# The annotation by which an alert names what may be done about it; rules write it as a key of their own.
ANNOTATION = "intervention"
# What known interventions are for: object types by name.
KnownInterventions = Mapping[str, str]


class Verdict(StrEnum):
    """What a pre-flight says of a call."""

    WILL_APPLY = "will_apply"
    NO_OP = "no_op"
    CONFLICT = "conflict"


class InterventionState(StrEnum):
    """How far an intervention got; the words users see."""

    AWAITING_APPROVAL = "awaiting_approval"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NOT_TRIED = "not_tried"
    CALLING = "calling"
    TAKEN = "taken"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"
    NO_OP = "no_op"
    CONFLICT = "conflict"

    @property
    def is_under_way(self) -> bool:
        """Whether another call of the same kind about the same object would come on top of this one."""
        return self in _UNDER_WAY

    @property
    def is_resumable(self) -> bool:
        """Whether resuming the run calls it, again or for the first time."""
        return self in _RESUMABLE


_UNDER_WAY = frozenset(
    (
        InterventionState.AWAITING_APPROVAL,
        InterventionState.CALLING,
        InterventionState.TAKEN,
        InterventionState.UNKNOWN,
    )
)
_RESUMABLE = frozenset((InterventionState.CALLING, InterventionState.UNKNOWN, InterventionState.NOT_TRIED))


@dataclass(frozen=True, slots=True)
class Intervention:
    """One call of a run as it stands: version 1 is the wish, every change of it a version more.

    `intervention_id` is the idempotency key: the same at every try, whatever happens between. `position` is its place
    in the run. `called_at` is when it was first called, `tried_at` when last, and `due_at` when its milestone must
    have arrived; None while it was not called. `requested_token` is what the requester proved to be; empty where
    nothing was.
    """

    intervention_id: str
    run_id: str
    position: int
    name: str
    business_object: BusinessObject
    alert_id: str
    amount: Decimal | None
    currency: str | None
    state: InterventionState
    detail: str
    reason: str
    requested_by: str
    requested_token: str
    requested_at: datetime
    decided_by: str
    attempts: int
    called_at: datetime | None
    tried_at: datetime | None
    due_at: datetime | None
    version: int
    updated_at: datetime


def intervention_id(run_id: str, name: str, business_object: BusinessObject) -> str:
    """The idempotency key of a call: it follows from what is meant, so no retry and no restart can give another."""
    return xxhash.xxh3_128_hexdigest("\x00".join((run_id, name, business_object.type, business_object.id)).encode())


def command_for(name: str, business_object: BusinessObject) -> str:
    """What to type to run an intervention; ids come from other systems, and a shell must take them as they are."""
    return f"milepost interventions run {name} {shlex.quote(str(business_object))}"
