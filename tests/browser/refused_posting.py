"""A company whose order is late because the event that would end it was refused at the door, and is a dead letter."""

import json
from datetime import datetime, timedelta

from collector.local_door import local_replay
from dashboard.doors import attach_doors
from domain.clock import FixedClock
from domain.rule import MilestoneRule
from rules.engine import Engine as RulesEngine
from storage.client import Store
from storage.dead_letters import DeadLetter, insert_dead_letters
from storage.events import insert_events
from tests.builders import event_row

LETTER = "d" * 32
ORDER = "O-4004"
RULE = MilestoneRule(
    group="order_to_bill",
    name="OrderNotPosted",
    object_type="order",
    from_type="order.approved",
    to_type="order.posted",
    within=timedelta(hours=4),
    version="1",
)


def seed_refused_posting(store: Store, now: datetime) -> RulesEngine:
    """Stores the company as it stands at `now`, with doors that replay into it; the engine has ticked until then."""
    approved = event_row(
        "a-1",
        "order.approved",
        [f"order/{ORDER}"],
        occurred_at=now - timedelta(hours=5),
        amount="99.00",
        currency="EUR",
    )
    insert_events(store, [approved])
    insert_dead_letters(store, [refused(now - timedelta(minutes=30)), other(now)])
    attach_doors(local_replay(store, FixedClock(now)))
    engine = RulesEngine(store, [RULE])
    engine.tick(now - timedelta(minutes=1))
    return engine


def refused(at: datetime) -> DeadLetter:
    """The posting of the order, refused since a contract asked for an amount; by now none does."""
    return DeadLetter(
        dead_letter_id=LETTER,
        received_at=at,
        channel="events",
        code="contract_violation",
        reason="order.posted/1: amount is missing",
        source="erp",
        event_id="p-1",
        content_type="application/cloudevents+json",
        headers={"x-note": "<img src=x onerror=alert(1)>"},
        body=json.dumps(
            {
                "specversion": "1.0",
                "id": "p-1",
                "source": "erp",
                "type": "order.posted",
                "time": (at - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "data": {"objects": [{"type": "order", "id": ORDER}], "note": "<script>alert(1)</script>"},
            }
        ).encode(),
    )


def other(at: datetime) -> DeadLetter:
    """Something that is no event, and never will be."""
    return DeadLetter(
        dead_letter_id="e" * 32,
        received_at=at - timedelta(hours=2),
        channel="events",
        code="malformed",
        reason="the body is no JSON",
        source="crm",
        content_type="application/cloudevents+json",
        body=b"\x00\xff\xfe not json",
    )
