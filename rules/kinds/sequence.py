"""Judges one object under a sequence rule: what must not come without what it requires."""

from collections.abc import Callable, Sequence
from datetime import datetime

from domain.instants import EARLIEST, format_instant
from domain.milestone import Milestone
from domain.rule import SequenceRule
from rules.kinds.breach import Breach, Standing, Standings
from rules.kinds.knowledge import Sightings, first_start, holding, known_from, standing_at
from rules.kinds.milestone import by_identity


def standings(rule: SequenceRule, history: Sequence[Milestone], through: datetime) -> Standings:
    """Whether the first event came without what it requires, each time that what is known of it changed."""
    known = [m for m in history if m.type in rule.event_types and known_from(m) <= through]
    versions = sorted(by_identity(known), key=lambda rows: rows[0].order)
    firsts = first_start([holding(_counts(rule), rows) for rows in versions if rows[0].type == rule.event_type])
    required = Sightings([rows[0] for rows in versions if rows[0].type == rule.requires]).first_known(EARLIEST)
    found: list[Standing] = []
    instants = {change.known_at for change in firsts} | {change.known_at for change in required}
    for instant in sorted(instants):
        breach = _breach(rule, standing_at(firsts, instant), standing_at(required, instant))
        if breach or found:
            found.append(Standing(instant, breach))
    return {"": found} if found else {}


def _counts(rule: SequenceRule) -> Callable[[Milestone], bool]:
    return lambda milestone: rule.where is None or rule.where in milestone.holds


def _breach(rule: SequenceRule, first: Milestone | None, required: Milestone | None) -> Breach | None:
    if first is None or (required is not None and required.occurred_at <= first.occurred_at):
        return None
    event = f"{first.type} at {format_instant(first.occurred_at)} ({first.source})"
    return Breach(
        rule=rule,
        clock="",
        start=first,
        started_at=first.occurred_at,
        fires_at=first.occurred_at,
        severity=rule.level,
        what=f"{event} came without {rule.requires}",
        otherwise=f"later events show {rule.requires} before {rule.event_type}",
        ended_by=required,
        mended=f"{rule.requires} followed at {format_instant(required.occurred_at)}" if required else "",
    )
