"""Judges one object under a sequence rule: what must not come without, or before, something else."""

from collections.abc import Sequence
from datetime import datetime

from domain.instants import EARLIEST
from domain.milestone import Milestone
from domain.rule import SequenceRule
from domain.sequence_rule import NotBeforeRule
from rules.kinds.breach import Breach, Standings, standings_of, with_endings, words
from rules.kinds.knowledge import EventsKnown


def without_required(rule: SequenceRule, history: Sequence[Milestone], through: datetime) -> Standings:
    """Whether the first event came without what it requires, each time that what is known of it changed."""
    events = EventsKnown(rule, history, through)

    def judge(first: Milestone | None, required: Milestone | None) -> Breach | None:
        if first is None or (required is not None and required.occurred_at <= first.occurred_at):
            return None
        return Breach(
            rule=rule,
            clock="",
            start=first,
            started_at=first.occurred_at,
            fires_at=first.occurred_at,
            severity=rule.level,
            what=f"{words(first)} came without {rule.requires}",
            otherwise=f"later events show {rule.requires} before {rule.event_type}",
            ended_by=required,
            mended=f"{words(required)} followed" if required else "",
            missing=(rule.requires,),
        )

    firsts = events.first(rule.event_type)
    found = standings_of(judge, firsts, events.sightings((rule.requires,)).first_known(EARLIEST))
    return {"": with_endings(found, events.sightings(rule.unless))} if found else {}


def before_another(rule: NotBeforeRule, history: Sequence[Milestone], through: datetime) -> Standings:
    """Whether the first event came before the first that it must not precede, each time that was known otherwise."""
    events = EventsKnown(rule, history, through)

    def judge(first: Milestone | None, other: Milestone | None) -> Breach | None:
        if first is None or other is None or other.occurred_at <= first.occurred_at:
            return None
        return Breach(
            rule=rule,
            clock="",
            start=first,
            started_at=first.occurred_at,
            fires_at=other.occurred_at,
            severity=rule.level,
            what=f"{words(first)} came before {words(other)}",
            otherwise=f"later events show that {rule.event_type} did not come before {rule.not_before}",
            others=(other,),
        )

    firsts = events.first(rule.event_type)
    found = standings_of(judge, firsts, events.sightings((rule.not_before,)).first_known(EARLIEST))
    return {"": with_endings(found, events.sightings(rule.unless))} if found else {}
