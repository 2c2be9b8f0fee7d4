"""The rules that say of a process what pm4py's temporal profile says, and which of its deviations are theirs to find.

A profile holds mean and standard deviation, in seconds, of the time between any event A and any later event B of a
case. pm4py reports every pair of events that lies outside mean ± zeta × deviation. A milestone rule from A to B with
`pairing: each` and `within` = mean + zeta × deviation has a clock at every A, which the first B at or after it stops:

- an alert that was resolved is pm4py's deviation of that A and that first B: the part where both must be equal;
- what lies below mean - zeta × deviation came too early, which no deadline tells;
- pairs of an A and a second or further B are no promise that anyone made, and have no clock;
- an A that no B ever follows makes no pair, and pm4py is silent of it; the rule fires, and goes on firing.

Pairs of an activity with itself are left out: the loader refuses a rule whose `from` is its `to`. So are pairs that
always took no time at all.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.alert import Alert, AlertState
from domain.rule import MilestoneRule, Pairing

# (A, B) and the mean and standard deviation of the seconds between them.
Profile = Mapping[tuple[str, str], tuple[float, float]]
_MICROSECOND = timedelta(microseconds=1)


class LogEvent(NamedTuple):
    """One event of a log."""

    case: str
    activity: str
    at: datetime


class Deviation(NamedTuple):
    """In one case the time from an event of one activity to one of another."""

    case: str
    first: str
    then: str
    took: timedelta


class Sides(NamedTuple):
    """What pm4py reports, by what a milestone rule can say of it."""

    late: Counter[Deviation]
    late_to_a_further: Counter[Deviation]
    early: Counter[Deviation]
    without_rule: Counter[Deviation]


def latest(profile: Profile, zeta: float) -> dict[tuple[str, str], timedelta]:
    """The longest time that is no deviation, to the microsecond below, of the pairs that a rule can be about."""
    cut = {pair: _longest(mean + zeta * deviation) for pair, (mean, deviation) in profile.items()}
    return {pair: longest for pair, longest in cut.items() if longest > timedelta(0) and pair[0] != pair[1]}


def _longest(bound: float) -> timedelta:
    """The longest whole microseconds that, as seconds in binary as pm4py has them, are not beyond the bound."""
    micros = round(bound * 1_000_000)
    while micros / 1_000_000 > bound:
        micros -= 1
    while (micros + 1) / 1_000_000 <= bound:
        micros += 1
    return micros * _MICROSECOND


def rules_of(profile: Profile, zeta: float, object_type: str, pairing: Pairing = Pairing.EACH) -> list[MilestoneRule]:
    """A rule for every pair of activities; its name is a number, its event types the activities."""
    return [
        MilestoneRule(
            group="temporal_profile",
            name=f"Late{number}",
            object_type=object_type,
            from_type=first,
            to_type=then,
            within=within,
            pairing=pairing,
            version="1",
        )
        for number, ((first, then), within) in enumerate(sorted(latest(profile, zeta).items()))
    ]


def sides(found: Iterable[Deviation], log: Iterable[LogEvent], profile: Profile, zeta: float) -> Sides:
    """pm4py's deviations apart: those that the rules must find, and the others by why they cannot."""
    bounds = latest(profile, zeta)
    first_ones = _times_to_first(log)
    late, early, without_rule = Counter[Deviation](), Counter[Deviation](), Counter[Deviation]()
    for deviation in found:
        pair = (deviation.first, deviation.then)
        if pair not in bounds:
            without_rule[deviation] += 1
        elif deviation.took > bounds[pair]:
            late[deviation] += 1
        else:
            early[deviation] += 1
    return Sides(late & first_ones, late - first_ones, early, without_rule)


def resolved(alerts: Iterable[Alert], rules: Sequence[MilestoneRule]) -> Counter[Deviation]:
    """The alerts that a late event resolved, as deviations."""
    pairs = {rule.name: (rule.from_type, rule.to_type) for rule in rules}
    return Counter(
        Deviation(alert.business_object.id, *pairs[alert.name], alert.resolved_at - alert.started_at)
        for alert in alerts
        if alert.state is AlertState.RESOLVED and alert.resolved_at
    )


def _times_to_first(log: Iterable[LogEvent]) -> Counter[Deviation]:
    """For every event, how long it took until the first event of each other activity at or after it."""
    cases: defaultdict[str, defaultdict[str, list[datetime]]] = defaultdict(lambda: defaultdict(list))
    for event in log:
        cases[event.case][event.activity].append(event.at)
    found = Counter[Deviation]()
    for case, activities in cases.items():
        for instants in activities.values():
            instants.sort()
        for first, begun in activities.items():
            for then, ended in activities.items():
                for at in begun if first != then else ():
                    place = bisect_left(ended, at)
                    if place < len(ended):
                        found[Deviation(case, first, then, ended[place] - at)] += 1
    return found
