"""What forecast rules learn from, the cases in the store's history, and the curves that they learnt."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.instants import from_micros
from domain.survival import SurvivalCurve
from storage.client import Store
from storage.milestones import Stretch, fragments

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ClockType:
    """Which clocks of objects of one type are read; `needs` and `conditions` are as a `Watch` has them.

    `per` names what makes a segment.
    """

    object_type: str
    from_type: str
    to_type: str
    unless: Sequence[str]
    only_first: bool
    skew: timedelta
    per: Sequence[str]
    where: str | None
    conditions: Mapping[str, str]


class ClockCase(NamedTuple):
    """A clock: instants in microseconds; `end_us` is None while it runs, `completed` says that its `to` ended it.

    `holds` numbers the conditions that hold at its start, from 1.
    """

    object_id: str
    start_us: int
    end_us: int | None
    completed: bool
    segment: Sequence[str]
    holds: Sequence[int]


def clock_cases(
    store: Store, clocks: ClockType, stretch: Stretch, since: datetime, at: datetime, known_at: datetime
) -> Iterator[ClockCase]:
    """The clocks that started in (since, at], as they stood at `at` by what was received by `known_at`."""
    params = {
        "object_type": clocks.object_type,
        "after_id": stretch.after_id,
        "last_id": stretch.last_id,
        "since": since,
        "at": at,
        "known_at": known_at,
        "from_type": clocks.from_type,
        "to_type": clocks.to_type,
        "unless": list(clocks.unless),
        "only_first": clocks.only_first,
        "needs": [1 + list(clocks.conditions).index(clocks.where)] if clocks.where else [],
        "skew_us": clocks.skew // _MICROSECOND,
        "per": list(clocks.per),
    }
    _, rows = store.tuples("clock_cases", params, fragments(clocks.conditions))
    return (ClockCase(*row) for row in rows)


def pause_times(
    store: Store, object_type: str, types: tuple[str, str], stretch: Stretch, at: datetime, known_at: datetime
) -> dict[str, tuple[list[datetime], list[datetime]]]:
    """When pauses of these types began and ended by `at`, in order, by object id; of objects that had one begin."""
    params = {
        "object_type": object_type,
        "after_id": stretch.after_id,
        "last_id": stretch.last_id,
        "at": at,
        "known_at": known_at,
        "from_type": types[0],
        "until_type": types[1],
    }
    _, rows = store.tuples("pause_times", params)
    return {
        object_id: ([from_micros(us) for us in begins], [from_micros(us) for us in ends])
        for object_id, begins, ends in rows
    }


def learnt_instants(store: Store) -> dict[tuple[str, str], dict[datetime, timedelta | None]]:
    """By name and version of each forecast rule when it learnt, with the least time that makes a clock at risk."""
    found: dict[tuple[str, str], dict[datetime, timedelta | None]] = defaultdict(dict)
    for name, version, learnt_at, earliest_us in store.tuples("forecast_grid")[1]:
        found[name, version][learnt_at] = None if earliest_us is None else earliest_us * _MICROSECOND
    return found


def read_curves(
    store: Store, rule: str, rule_version: str, learnt_at: datetime
) -> dict[tuple[str, ...], SurvivalCurve]:
    """The curves that were learnt at an instant, by segment."""
    params = {"rule": rule, "rule_version": rule_version, "learnt_at": learnt_at}
    curves = {}
    for segment, times, survival, variance, waiting, *rest in store.tuples("forecast_curves", params)[1]:
        steps = (tuple(times), tuple(survival), tuple(variance), tuple(waiting))
        curves[tuple(segment)] = SurvivalCurve(*steps, *rest)
    return curves


def write_curves(
    store: Store,
    rule: str,
    rule_version: str,
    learnt_at: datetime,
    curves: Mapping[tuple[str, ...], SurvivalCurve],
    earliest: Mapping[tuple[str, ...], timedelta | None],
    recorded_at: datetime,
) -> None:
    """Keeps what was learnt at an instant, all segments at once; doing it again changes nothing."""
    learnt = list(curves.values())
    # As columns of numbers: of a text ClickHouse would not read each float to its last digit.
    store.insert_columns(
        "forecast_curves",
        {
            "rule": [rule] * len(learnt),
            "rule_version": [rule_version] * len(learnt),
            "learnt_at": [learnt_at] * len(learnt),
            "segment": [list(segment) for segment in curves],
            "cases": [curve.cases for curve in learnt],
            "completed": [curve.completed for curve in learnt],
            "longest_us": [curve.longest for curve in learnt],
            "earliest_us": [
                None if (time := earliest[segment]) is None else time // _MICROSECOND for segment in curves
            ],
            "times_us": [list(curve.times) for curve in learnt],
            "survival": [list(curve.survival) for curve in learnt],
            "variance": [list(curve.variance) for curve in learnt],
            "waiting": [list(curve.waiting) for curve in learnt],
            "recorded_at": [recorded_at] * len(learnt),
        },
    )
