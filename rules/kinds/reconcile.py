"""Judges one object under a rule that two sides must say the same of it.

The sides are compared in the object's own time, from each event to the next. A disagreement counts when it has lasted
for `settle`; it ends when the sides agree, or when nobody can tell any more. Of several the last that counts stands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from domain.duration import format_duration
from domain.instants import format_instant
from domain.milestone import Facts, Milestone
from domain.reconcile_rule import ReconcileRule
from rules.kinds.breach import Breach, Standing, Standings, words
from rules.kinds.course import News
from rules.kinds.knowledge import EventsKnown, known_from
from rules.kinds.latest_sides import LatestSides
from rules.kinds.reconcile_values import Difference
from rules.kinds.runs import Run
from rules.kinds.summed_sides import SummedSides


def disagreements(rule: ReconcileRule, history: Sequence[Milestone], through: datetime) -> Standings:
    """The disagreement that stands, each time that what is known of it changed, or that another takes its place."""
    events = EventsKnown(rule, history, through)
    milestones = events.sightings(rule.event_types).milestones
    instants = [milestone.occurred_at for milestone in milestones]
    sides = SummedSides(rule, instants) if rule.sums else LatestSides(rule, instants)
    found: list[Standing] = []
    arrivals = [(at, list(news)) for at, news in groupby(_arrivals(rule, events, milestones), key=itemgetter(0))]
    for number, (known_at, arrived) in enumerate(arrivals):
        sides.learn([news for _, news in arrived])
        over, lasting = sides.runs.last_over, sides.runs.lasting
        begins_at = known_at
        if over and lasting and rule.fires_at(instants[lasting.first]) > known_at:
            # What counted before stands until this one does.
            found.append(Standing(known_at, _breach(rule, sides, milestones, over)))
            begins_at = rule.fires_at(instants[lasting.first])
            if number + 1 < len(arrivals) and begins_at >= arrivals[number + 1][0]:
                continue
        run = lasting or over
        if run or found:
            found.append(Standing(begins_at, _breach(rule, sides, milestones, run) if run else None))
    return {"": found} if found else {}


def _arrivals(
    rule: ReconcileRule, events: EventsKnown, milestones: Sequence[Milestone]
) -> Iterator[tuple[datetime, News]]:
    """What became known when of each event that says something, in that order."""
    places = {(milestone.source, milestone.event_id): place for place, milestone in enumerate(milestones)}
    found: list[tuple[datetime, News]] = []
    for event, changes in events.counting(rule.left.event_types):
        if rule.left.says(event) and event.type not in rule.unless:
            place = places[event.source, event.event_id]
            found += [(change.known_at, (place, change.milestone)) for change in changes]
    for place, event in enumerate(milestones):
        if not rule.left.says(event) and (event.type in rule.unless or rule.is_right(event)):
            found.append((known_from(event), (place, event)))
    return iter(sorted(found, key=itemgetter(0)))


def _breach(rule: ReconcileRule, sides: LatestSides | SummedSides, milestones: Sequence[Milestone], run: Run) -> Breach:
    differences = sides.differences(run.last)
    first, ended_by = milestones[run.first], None if run.end is None else milestones[run.end]
    lasts = f" for {_settle(rule)}" if rule.settle else ""
    return Breach(
        rule=rule,
        clock="",
        start=replace(first, facts=_with_money(first.facts, differences)),
        started_at=first.occurred_at,
        fires_at=rule.fires_at(first.occurred_at),
        severity=rule.level,
        what=f"{'; '.join(one.text for one in differences)},{lasts} since {format_instant(first.occurred_at)}",
        otherwise=f"later events show that the sides did not disagree{lasts}",
        ended_by=ended_by,
        mended=f"{words(ended_by)} ended that" if ended_by else "",
        within=rule.settle,
        fills=next((one.fills for one in differences), {}),
    )


def _with_money(facts: Facts, differences: Sequence[Difference]) -> Facts:
    """The facts with the money at risk; where that is not what they disagree about, that of the object as known."""
    for one in differences:
        if one.at_risk is not None:
            return replace(facts, amount=one.at_risk.amount, currency=one.at_risk.currency)
    return facts


def _settle(rule: ReconcileRule) -> str:
    settle = format_duration(rule.settle)
    return f"{settle} of open time in {rule.calendar.name}" if rule.calendar else settle
