"""Benchmarks of the way in: events in batches, events one a request, spans. Each checks the store afterwards."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, percentile
from bench.load import Sent
from bench.peer import rotel_into_nothing
from bench.processes import CollectorProcess, LoadProcess, collector_process, load_process
from bench.traffic import SPANS_A_TRACE

_MIB = 1024 * 1024
# A round that takes longer than this is cut off: what was acknowledged until then counts.
_MOST_SECONDS = 20.0


class StoreDiffers(Exception):
    """The store does not hold exactly what was acknowledged."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a benchmark does: rounds that count, and requests a round of each kind.

    `correlated` are batches, sent twice a round, hence fewer rounds.
    """

    rounds: int
    batches: int
    singles: int
    span_bodies: int
    correlated: int
    correlated_rounds: int


QUICK = Effort(rounds=3, batches=200, singles=3_000, span_bodies=200, correlated=100, correlated_rounds=2)
FULL = Effort(rounds=7, batches=600, singles=12_000, span_bodies=600, correlated=250, correlated_rounds=4)
EVENTS_A_BATCH = 500
SPANS_A_BODY = 1_000
SPAN_CONNECTIONS = 16


def batches(effort: Effort) -> list[Figure]:
    """Business events in batches of 500 over 16 connections."""
    with _pair() as (collector, load):

        def round_(number: int) -> Sent:
            load.prepare_batches(f"b{number}", effort.batches, EVENTS_A_BATCH)
            return load.send(collector.port, 16, _MOST_SECONDS)

        rounds, cpu = _rounds(effort.rounds, collector, round_)
        _check_events(collector, rounds)
        memory = collector.resident_bytes()
    counted = rounds[1:]
    return [
        Figure("batches", "events stored", "/s", [sent.items / sent.seconds for sent in counted], 120_000),
        Figure(
            "batches", "p99 of a batch", "ms", [1000 * percentile(sent.latencies, 0.99) for sent in counted],
            more_is_better=False,
        ),
        Figure("batches", "collector CPU an event", "µs", cpu, more_is_better=False),
        Figure("batches", "resident after the load", "MiB", [memory / _MIB], 1536, more_is_better=False),
    ]  # fmt: skip


def singles(effort: Effort) -> list[Figure]:
    """Events one a request over 64 connections."""
    with _pair() as (collector, load):

        def round_(number: int) -> Sent:
            load.prepare_singles(f"s{number}", effort.singles)
            return load.send(collector.port, 64, _MOST_SECONDS)

        rounds, cpu = _rounds(effort.rounds, collector, round_)
        _check_events(collector, rounds)
    counted = rounds[1:]
    return [
        Figure("singles", "requests", "/s", [sent.requests / sent.seconds for sent in counted], 3_000),
        Figure(
            "singles", "p50", "ms", [1000 * percentile(sent.latencies, 0.5) for sent in counted], more_is_better=False
        ),
        Figure(
            "singles", "p99", "ms", [1000 * percentile(sent.latencies, 0.99) for sent in counted], 50,
            more_is_better=False,
        ),
        Figure("singles", "collector CPU a request", "µs", cpu, more_is_better=False),
    ]  # fmt: skip


def correlated(effort: Effort) -> list[Figure]:
    """The batches without contracts and correlation, in turn with both.

    With both, a round lasts until the last event is correlated.
    """
    with _pair(governed=False) as (bare, load), _collector(correlating=True) as whole:
        without: list[Sent] = []
        bare_cpu: list[float] = []
        lags: list[float] = []

        def round_(number: int) -> Sent:
            load.prepare_batches(f"a{number}", effort.correlated, EVENTS_A_BATCH)
            before = bare.cpu_seconds()
            without.append(load.send(bare.port, 16, _MOST_SECONDS))
            bare_cpu.append(1e6 * (bare.cpu_seconds() - before) / without[-1].items)
            load.prepare_batches(f"c{number}", effort.correlated, EVENTS_A_BATCH)
            sent = load.send(whole.port, 16, _MOST_SECONDS)
            began = time.perf_counter()
            whole.catch_up()
            lags.append(time.perf_counter() - began)
            return sent

        rounds, cpu = _rounds(effort.correlated_rounds, whole, round_)
        _check_events(bare, without)
        _check_events(whole, rounds)
        known = whole.select("stored_runs")
        if known["runs"] != known["correlation_ids"]:
            raise StoreDiffers(f"every correlation id is a run of its own, the store holds {known}")
    rates = [sent.items / (sent.seconds + lag) for sent, lag in zip(rounds, lags, strict=True)][1:]
    bare_rates = [sent.items / sent.seconds for sent in without][1:]
    ratios = [rate / bare_rate for rate, bare_rate in zip(rates, bare_rates, strict=True)]
    return [
        Figure("correlated", "stored, no contracts", "/s", bare_rates),
        Figure("correlated", "checked, stored, correlated", "/s", rates),
        Figure("correlated", "with both / without", "×", ratios, 2 / 3),
        Figure("correlated", "correlated after the last answer", "s", lags[1:], more_is_better=False),
        Figure("correlated", "CPU an event, no contracts", "µs", bare_cpu[1:], more_is_better=False),
        Figure("correlated", "CPU an event, with both", "µs", cpu, more_is_better=False),
    ]


def spans(effort: Effort) -> list[Figure]:
    """OTLP spans in protobuf bodies of 1,000 over 16 connections; in turn the same into rotel, which keeps none."""
    beside: list[float] = []
    with _pair() as (collector, load), rotel_into_nothing() as rotel:

        def round_(number: int) -> Sent:
            load.prepare_spans(number, effort.span_bodies, SPANS_A_BODY)
            if rotel is not None:
                taken = load.send(rotel, SPAN_CONNECTIONS, _MOST_SECONDS)
                beside.append(taken.items / taken.seconds)
            return load.send(collector.port, SPAN_CONNECTIONS, _MOST_SECONDS)

        rounds, cpu = _rounds(effort.rounds, collector, round_)
        stored = collector.select("stored_spans")
        acknowledged = sum(sent.items for sent in rounds)
        traces = acknowledged // SPANS_A_TRACE
        if stored != {"spans": acknowledged, "traces": traces, "indexed_traces": traces}:
            raise StoreDiffers(f"acknowledged {acknowledged} spans of {traces} traces, the store holds {stored}")
        memory = collector.resident_bytes()
    rates = [sent.items / sent.seconds for sent in rounds[1:]]
    p99 = [1000 * percentile(sent.latencies, 0.99) for sent in rounds[1:]]
    return [
        Figure("spans", "spans stored", "/s", rates, 220_000),
        Figure("spans", "p99 of a body", "ms", p99, more_is_better=False),
        Figure("spans", "collector CPU a span", "µs", cpu, more_is_better=False),
        Figure("spans", "resident after the load", "MiB", [memory / _MIB], 1536, more_is_better=False),
        *_beside_rotel(rates, beside[1:]),
    ]


def _beside_rotel(stored: Sequence[float], taken: Sequence[float]) -> list[Figure]:
    if not taken:
        return []
    ratios = [here / there for here, there in zip(stored, taken, strict=True)]
    return [
        Figure("spans", "rotel, into nothing", "/s", taken),
        Figure("spans", "stored / taken by rotel", "×", ratios, 0.5),
    ]


@contextmanager
def _pair(*, governed: bool = True) -> Iterator[tuple[CollectorProcess, LoadProcess]]:
    with _collector(governed=governed) as collector, load_process() as load:
        yield collector, load


@contextmanager
def _collector(*, governed: bool = True, correlating: bool = False) -> Iterator[CollectorProcess]:
    with (
        tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder,
        collector_process(Path(folder) / "store", governed=governed, correlating=correlating) as collector,
    ):
        yield collector


def _rounds(
    count: int, collector: CollectorProcess, round_: Callable[[int], Sent]
) -> tuple[list[Sent], Sequence[float]]:
    """All rounds, the first of which warms up, and the processor time an item took in those that count, in µs."""
    rounds: list[Sent] = []
    cpu: list[float] = []
    for number in range(count + 1):
        before = collector.cpu_seconds()
        sent = round_(number)
        rounds.append(sent)
        cpu.append(1e6 * (collector.cpu_seconds() - before) / sent.items)
    return rounds, cpu[1:]


def _check_events(collector: CollectorProcess, rounds: Sequence[Sent]) -> None:
    stored = collector.select("stored_events")
    acknowledged = sum(sent.items for sent in rounds)
    checksum = sum(sent.checksum for sent in rounds) % 2**64
    if (stored["events"], stored["checksum"]) != (acknowledged, checksum):
        raise StoreDiffers(f"acknowledged {acknowledged} events with checksum {checksum}, the store holds {stored}")
    if stored["milestones"] != stored["named_objects"]:
        raise StoreDiffers(f"the milestones are not those of the events: {stored}")
