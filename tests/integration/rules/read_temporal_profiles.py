"""Prints what pm4py's temporal profile finds in logs, as JSON: in a process of its own, since pm4py prints freely."""

import json
import sys
import warnings

warnings.simplefilter("ignore")

import pandas as pd  # noqa: E402
import pm4py  # noqa: E402

from bench.peers.beside_pm4py import deviations  # noqa: E402

_COLUMNS = ["case:concept:name", "concept:name", "time:timestamp"]


def read(events: list[list[str]], zeta: float) -> dict[str, object]:
    """The profile of a log, and the deviations from it: times in seconds, deviations in microseconds."""
    log = pd.DataFrame(events, columns=_COLUMNS)
    log["time:timestamp"] = pd.to_datetime(log["time:timestamp"], utc=True, format="ISO8601")
    profile = {pair: (float(m), float(d)) for pair, (m, d) in pm4py.discover_temporal_profile(log).items()}
    return {
        "profile": [[*pair, *usual] for pair, usual in profile.items()],
        "deviations": [
            [found.case, found.first, found.then, found.took.total_seconds()]
            for found in deviations(pm4py, log, profile, zeta)
        ],
    }


if __name__ == "__main__":
    given = json.load(sys.stdin)
    sys.stdout.write("\n" + json.dumps([read(events, given["zeta"]) for events in given["logs"]]))
