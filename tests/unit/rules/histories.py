"""Makes rules and histories for the tests of the rules engine, by hand and by generation."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from domain.business_object import BusinessObject
from domain.duration import parse_duration
from domain.milestone import Milestone
from domain.period import Period, Periods
from domain.rule import MilestoneRule, Override, Pairing, Pause, SeverityStep

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORDER = BusinessObject("order", "O-1")
LARGE = "amount >= 10000"
PLATINUM = "attributes['tier'] = 'platinum'"


def at(offset: str) -> datetime:
    """The instant that long after the tests' beginning, 2026-01-05T09:00:00Z; `-1h` is before it."""
    if offset.startswith("-"):
        return START - parse_duration(offset[1:])
    return START + parse_duration(offset)


def rule(**changes: Any) -> MilestoneRule:
    """order.approved → order.posted within 4 h, with the changes given."""
    plain = MilestoneRule(
        group="order_to_bill",
        name="OrderNotPosted",
        object_type="order",
        from_type="approved",
        to_type="posted",
        within=timedelta(hours=4),
        version="v1",
    )
    return replace(plain, **changes)


def event(type_: str, occurred: str, received: str | None = None, **changes: Any) -> Milestone:
    """An event of the order, received as it occurred unless told otherwise."""
    plain = Milestone(
        type=type_,
        occurred_at=at(occurred),
        received_at=at(received if received is not None else occurred),
        source="crm",
        event_id=f"{type_}@{occurred}",
    )
    return replace(plain, **changes)


MINUTE = timedelta(minutes=1)
PERIOD = 14 * MINUTE


class ShortPeriods(Periods):
    """Periods that are short beside the generated histories: the next begins every 14 minutes."""

    def period(self, legal_entity: str | None, instant: datetime) -> Period:
        """The period that an instant belongs to."""
        number = (instant - START) // PERIOD
        end = START + (number + 1) * PERIOD
        return Period(f"P{number}", instant.date(), instant.date(), end - timedelta(microseconds=1))


def _milestone(number: int, type_: str, occurred: int, delay: int, holds: frozenset[str]) -> Milestone:
    occurred_at = START + occurred * MINUTE
    return Milestone(
        type=type_,
        occurred_at=occurred_at,
        received_at=occurred_at + delay * MINUTE,
        source="ab"[number % 2],
        event_id=str(number),
        holds=holds,
    )


def histories(longest: int = 10, *, in_order: bool = False) -> st.SearchStrategy[list[Milestone]]:
    """Histories of one object on a coarse grid of minutes, so that instants often coincide."""
    delays = st.just(0) if in_order else st.sampled_from([0, 0, 0, 1, 3, 9, 20, -2])
    parts = st.tuples(
        st.sampled_from(["approved", "approved", "posted", "posted", "cancelled", "held", "released"]),
        st.integers(0, 24),
        delays,
        st.frozensets(st.sampled_from([LARGE, PLATINUM])),
    )
    return st.lists(parts, max_size=longest).map(
        lambda drawn: [_milestone(number, *part) for number, part in enumerate(drawn)]
    )


def rules() -> st.SearchStrategy[MilestoneRule]:
    """Rules that use every part of the milestone kind, with windows of minutes."""
    minutes = st.integers(1, 12).map(lambda count: count * MINUTE)
    return st.builds(
        rule,
        within=minutes,
        pairing=st.sampled_from(Pairing),
        skew=st.sampled_from([0, 0, 1, 2]).map(lambda count: count * MINUTE),
        unless=st.sampled_from([(), ("cancelled",)]),
        where=st.sampled_from([None, None, LARGE]),
        overrides=st.sampled_from([(), (Override(PLATINUM, 2 * MINUTE),)]),
        pause=st.sampled_from([None, None, Pause("held", "released")]),
        at_risk=st.sampled_from([None, Fraction(1, 2), Fraction(3, 4)]),
        close=st.sampled_from([None, None, ShortPeriods()]),
        severity=st.sampled_from(SEVERITIES),
    )


SEVERITIES: Sequence[tuple[SeverityStep, ...]] = (
    (SeverityStep(Fraction(1), "warning"),),
    (SeverityStep(Fraction(1), "warning"), SeverityStep(Fraction(2), "critical")),
    (SeverityStep(Fraction(1, 3), "info"), SeverityStep(Fraction(1), "warning")),
)
