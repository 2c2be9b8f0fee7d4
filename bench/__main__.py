"""Runs benchmarks, prints their table, and keeps that of a full run in BENCHMARKS.md."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence

from bench import ablation, backtest, boards, capacity, close, flow, hops, ingest, keys, kpi, tick, viewers
from bench.figures import Figure, table
from bench.journal import note
from bench.peers import beside_pandas, beside_pm4py

BENCHMARKS: dict[str, Callable[[bool], list[Figure]]] = {
    "batches": lambda quick: ingest.batches(ingest.QUICK if quick else ingest.FULL),
    "correlated": lambda quick: ingest.correlated(ingest.QUICK if quick else ingest.FULL),
    "singles": lambda quick: ingest.singles(ingest.QUICK if quick else ingest.FULL),
    "where": lambda quick: ablation.steps(3 if quick else 7),
    "spans": lambda quick: ingest.spans(ingest.QUICK if quick else ingest.FULL),
    "hops": lambda quick: hops.hops(hops.QUICK if quick else hops.FULL),
    "flow": lambda quick: flow.flows(flow.QUICK if quick else flow.FULL),
    "tick": lambda quick: tick.ticks(tick.QUICK if quick else tick.FULL),
    "kpi": lambda quick: kpi.kpi_queries(kpi.QUICK if quick else kpi.FULL),
    "close": lambda quick: close.closing(close.QUICK if quick else close.FULL),
    "viewers": lambda quick: viewers.viewing(viewers.QUICK if quick else viewers.FULL),
    "boards": lambda quick: boards.boards(boards.QUICK if quick else boards.FULL),
    "capacity": lambda quick: capacity.capacity(capacity.QUICK if quick else capacity.FULL),
    "backup": lambda quick: capacity.backups(capacity.QUICK_BACKUP if quick else capacity.FULL_BACKUP),
    "keys": lambda quick: keys.keys(keys.QUICK if quick else keys.FULL),
    "pandas": lambda quick: beside_pandas.beside_pandas(beside_pandas.QUICK if quick else beside_pandas.FULL),
    "pm4py": lambda quick: beside_pm4py.beside_pm4py(beside_pm4py.QUICK if quick else beside_pm4py.FULL),
    "backtest": lambda quick: backtest.backtests(backtest.QUICK if quick else backtest.FULL),
}
# Sizes and not speeds, for docs/capacity.md; the first lets a company live for minutes.
ON_DEMAND = ("capacity", "backup", "keys")


def main(arguments: Sequence[str]) -> int:
    """Runs what the arguments name; 1 where a figure misses half of its target."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds, under two minutes; BENCHMARKS.md stays")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"which: {', '.join(BENCHMARKS)}; all but {', '.join(ON_DEMAND)} by default",
    )
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    load_before = os.getloadavg()[0]
    figures: list[Figure] = []
    for name in options.names or [name for name in BENCHMARKS if name not in ON_DEMAND]:
        began = time.monotonic()
        print(f"{name} …", end=" ", flush=True, file=sys.stderr)
        figures += BENCHMARKS[name](options.quick)
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    print(table(figures))
    if not options.quick and not options.names:
        note(figures, load_before)
    return 1 if any(figure.verdict == "missed" for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
