"""Interventions for tests to start from, and what is known of the objects that they are about."""

from datetime import datetime, timedelta
from typing import Any

from alerts.interventions.config import InterventionConfig
from domain.business_object import BusinessObject
from domain.contract import StateMachine
from domain.intervention import Intervention, InterventionState, intervention_id
from domain.milestone import Facts, Milestone
from tests.builders import NOW

MACHINE = StateMachine(
    "new",
    {
        "new": {"order.approved": "approved"},
        "approved": {"order.posted": "posted", "order.held": "held", "order.cancelled": "cancelled"},
        "held": {"order.released": "approved", "order.cancelled": "cancelled"},
        "posted": {"order.cancelled": "cancelled"},
        "cancelled": {},
    },
)


def repost(**changes: Any) -> InterventionConfig:
    """The call that sends an order to the ERP again."""
    whole = {
        "name": "repost_order",
        "description": "Send an order to the ERP again",
        "object": "order",
        "url": "https://erp.example.com/orders/{object_id}",
        "expects": {"milestone": "order.posted", "within": "10m"},
    }
    return InterventionConfig.model_validate({**whole, **changes})


def milestone(type_: str, at: datetime = NOW, *, received_at: datetime | None = None, name: str = "") -> Milestone:
    """An event of an order of DE01."""
    return Milestone(type_, at, received_at or at, "erp", name or f"{type_} {at}", facts=Facts(legal_entity="DE01"))


def intervention(state: InterventionState, object_: str = "order/O-1", **changes: Any) -> Intervention:
    """A call of another run."""
    order = BusinessObject.parse(object_)
    whole: dict[str, Any] = {
        "intervention_id": intervention_id("otherrun", "repost_order", order),
        "run_id": "otherrun",
        "position": 0,
        "name": "repost_order",
        "business_object": order,
        "alert_id": "",
        "amount": None,
        "currency": None,
        "state": state,
        "detail": "",
        "reason": "stuck",
        "requested_by": "ana",
        "requested_token": "",
        "requested_at": NOW - timedelta(minutes=5),
        "decided_by": "",
        "attempts": 0,
        "called_at": None,
        "tried_at": None,
        "due_at": None,
        "version": 1,
        "updated_at": NOW - timedelta(minutes=5),
    }
    return Intervention(**{**whole, **changes})
