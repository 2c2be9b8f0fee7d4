"""The time that steps of a process take, outside of what is usual: Milepost's rules beside pm4py's temporal profile.

Both get the same profile, which pm4py found in the log. Neither reading the log nor importing pm4py is in the times:
pm4py has the log in memory as a data frame, Milepost has it in its store. See temporal_profile.py for where both must
find the same.
"""

import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.peers.event_log import NoLog, event_log
from bench.peers.memory import most_resident_mib
from bench.peers.temporal_profile import Deviation, LogEvent, Profile, resolved, rules_of, sides
from bench.processes import spawned
from domain.alert import AlertState
from domain.clock import SystemClock
from domain.instants import to_micros
from rules.evaluator import evaluate
from storage.client import Store
from storage.events import EventRow, insert_events
from storage.migrator import migrate

_ZETA = 2.0
_OBJECT_TYPE = "case"
_EVENTS_AT_ONCE = 50_000
# By then every deadline of the log has passed.
_AFTERWARDS = timedelta(days=3650)
_COLUMNS = ["case:concept:name", "concept:name", "time:timestamp"]


@dataclass(frozen=True, slots=True)
class Size:
    """How many copies of the log are read at once, each with cases of its own, and how often."""

    copies: int
    rounds: int


QUICK, FULL = (Size(1, 1),), (Size(1, 3), Size(10, 3))


@dataclass(frozen=True, slots=True)
class Taken:
    """What one of the two took, a value a round, and what it found; `firing` alerts have no pair to compare."""

    seconds: Sequence[float]
    most_mib: float
    found: Counter[Deviation]
    firing: int = 0


def beside_pm4py(sizes: Sequence[Size]) -> list[Figure]:
    """Seconds and memory of both at each size; nothing where the log cannot be had."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder:
        try:
            path = event_log(Path(folder))
        except NoLog as error:
            print(f"left out: {error}", file=sys.stderr)
            return []
        for size in sizes:
            figures += _compared(path, f"{folder}/store-{size.copies}", size)
    return figures


def _compared(path: Path, store: str, size: Size) -> list[Figure]:
    with spawned(_with_pm4py, path, size) as pipe:
        profile, theirs = pipe.recv()
    with spawned(_fill, path, store, size.copies) as pipe:
        log = pipe.recv()
    with spawned(_with_milepost, store, profile, size.rounds) as pipe:
        ours: Taken = pipe.recv()
    of_pm4py = sides(theirs.found.elements(), log, profile, _ZETA)
    if ours.found != of_pm4py.late:
        only = (ours.found - of_pm4py.late, of_pm4py.late - ours.found)
        raise AssertionError(f"only by Milepost: {list(only[0])[:3]}; only by pm4py: {list(only[1])[:3]}")
    name = f"{len(rules_of(profile, _ZETA, _OBJECT_TYPE))} rules, {len(log):,} events"
    theirs_alone = theirs.found.total() - of_pm4py.late.total()
    ratio = [one / other for one, other in zip(ours.seconds, theirs.seconds, strict=True)]
    return [
        Figure("pm4py", f"{name}, {ours.found.total():,} late: evaluate", "s", ours.seconds),
        Figure("pm4py", f"{name}, the same late: pm4py", "s", theirs.seconds),
        Figure("pm4py", f"{name}: evaluate / pm4py", "×", ratio),
        Figure("pm4py", f"{name}: never followed, Milepost alone", "alerts", [ours.firing]),
        Figure("pm4py", f"{name}: early or further, pm4py alone", "pairs", [theirs_alone]),
        Figure("pm4py", f"{name}: most resident, evaluate", "MiB", [ours.most_mib]),
        Figure("pm4py", f"{name}: most resident, pm4py", "MiB", [theirs.most_mib]),
    ]


def deviations(pm4py: Any, log: Any, profile: Profile, zeta: float) -> list[Deviation]:
    """What pm4py's conformance reports of a log in its form: a data frame with its columns."""
    cases = log[_COLUMNS[0]].unique()
    by_case = pm4py.conformance_temporal_profile(log, profile, zeta=zeta)
    return [
        Deviation(str(case), first, then, timedelta(microseconds=round(took * 1_000_000)))
        for case, found in zip(cases, by_case, strict=True)
        for first, then, took, _ in found
    ]


def _copied(path: Path, copies: int) -> Any:
    """The log as a data frame with as many copies of each case; an event's time is when it was completed."""
    import pandas as pd

    once = pd.read_csv(path, usecols=_COLUMNS)
    once["time:timestamp"] = pd.to_datetime(once["time:timestamp"], utc=True)
    every = [once.assign(**{_COLUMNS[0]: once[_COLUMNS[0]] + f".{number}"}) for number in range(copies)]
    return pd.concat(every, ignore_index=True)


def _with_pm4py(pipe: Connection, path: Path, size: Size) -> None:
    warnings.simplefilter("ignore")
    import pm4py

    log = _copied(path, size.copies)
    profile = {
        pair: (float(mean), float(deviation))
        for pair, (mean, deviation) in pm4py.discover_temporal_profile(log).items()
    }
    seconds = []
    for _ in range(size.rounds):
        began = time.perf_counter()
        pm4py.conformance_temporal_profile(log, profile, zeta=_ZETA)
        seconds.append(time.perf_counter() - began)
    most_mib = most_resident_mib()
    pipe.send((profile, Taken(seconds, most_mib, Counter(deviations(pm4py, log, profile, _ZETA)))))


def _fill(pipe: Connection, path: Path, folder: str, copies: int) -> None:
    log = [
        LogEvent(case, activity, at.to_pydatetime().astimezone(UTC))
        for case, activity, at in _copied(path, copies)[_COLUMNS].itertuples(index=False)
    ]
    with Store(f"chdb://{folder}") as store:
        migrate(store, SystemClock().now())
        rows = iter(event_rows(log, _OBJECT_TYPE))
        while some := list(islice(rows, _EVENTS_AT_ONCE)):
            insert_events(store, some)
    pipe.send(log)


def event_rows(log: Sequence[LogEvent], object_type: str) -> Iterator[EventRow]:
    """The events as the store takes them, each received when it happened."""
    for number, event in enumerate(log):
        micros = to_micros(event.at)
        yield EventRow(
            "log", str(number), event.activity, micros, micros, "", "", "", "", "", [(object_type, event.case, "")],
            None, "", "", "", {}, "application/json", "", {}, "{}", False,
        )  # fmt: skip


def _with_milepost(pipe: Connection, folder: str, profile: Profile, rounds: int) -> None:
    rules = rules_of(profile, _ZETA, _OBJECT_TYPE)
    at = datetime(2015, 1, 1, tzinfo=UTC) + _AFTERWARDS
    with Store(f"chdb://{folder}") as store:
        seconds = []
        for _ in range(rounds):
            began = time.perf_counter()
            alerts = evaluate(store, rules, at)
            seconds.append(time.perf_counter() - began)
        firing = sum(alert.state is AlertState.FIRING for alert in alerts)
        pipe.send(Taken(seconds, most_resident_mib(), resolved(alerts, rules), firing))
