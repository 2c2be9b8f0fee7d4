"""A plain reading of the demo's events: which handoffs began, by when they were due and when they ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.instants import parse_instant
from milepost.demo.traffic import Event

# (object type, beginning, end, window), as the shipped rules have them.
WATCHED = (
    ("quote", "quote.approved", "order.created", timedelta(hours=8)),
    ("contract", "contract.activated", "billing.configured", timedelta(hours=24)),
    ("invoice", "invoice.posted", "invoice.visible_in_crm", timedelta(hours=2)),
    ("payment", "payment.received", "payment.visible_to_account", timedelta(hours=2)),
    ("order", "order.approved", "order.posted", timedelta(hours=4)),
)
PLATINUM_WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class Handoff:
    """One watched handoff of one object."""

    object: tuple[str, str]
    beginning: str
    channel: str
    deadline_at: datetime
    ended_at: datetime | None

    def is_late_at(self, now: datetime) -> bool:
        return (self.ended_at or now) > self.deadline_at


def objects_of(event: Event) -> list[dict[str, str]]:
    data = event["data"]
    assert isinstance(data, dict)
    objects: list[dict[str, str]] = data["objects"]
    return objects


def attributes_of(event: Event) -> dict[str, str]:
    data = event["data"]
    assert isinstance(data, dict)
    attributes: dict[str, str] = data["attributes"]
    return attributes


def amount_of(event: Event) -> tuple[str, str]:
    data = event["data"]
    assert isinstance(data, dict)
    return data["amount"], data["currency"]


def handoffs(events: list[Event]) -> list[Handoff]:
    reached: dict[tuple[str, str], dict[str, Event]] = {}
    for event in events:
        for each in objects_of(event):
            milestones = reached.setdefault((each["type"], each["id"]), {})
            milestones.setdefault(str(event["type"]), event)
    found = []
    for object_type, beginning, end, window in WATCHED:
        for object_, milestones in reached.items():
            # A credit hold stops the order's clock.
            if object_[0] != object_type or beginning not in milestones or "credit.hold_applied" in milestones:
                continue
            began = milestones[beginning]
            attributes = attributes_of(began)
            allowed = PLATINUM_WINDOW if object_type == "order" and attributes["tier"] == "platinum" else window
            ended_at = parse_instant(str(milestones[end]["time"])) if end in milestones else None
            deadline_at = parse_instant(str(began["time"])) + allowed
            found.append(Handoff(object_, beginning, attributes["channel"], deadline_at, ended_at))
    return found
