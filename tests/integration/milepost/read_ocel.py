"""Prints what pm4py reads from OCEL 2.0 files, as JSON: a process of its own, since pm4py warns and prints freely."""

import json
import sys
import warnings

warnings.simplefilter("ignore")

import pm4py  # noqa: E402


def read(path: str) -> dict[str, object]:
    """The events, relations and objects of a log, in an order of their own."""
    log = pm4py.read_ocel2(path)
    events, relations = log.events, log.relations
    others = [name for name in events.columns if not name.startswith("ocel:")]
    return {
        "events": sorted(
            [row["ocel:eid"], row["ocel:activity"], row["ocel:timestamp"].isoformat()]
            for row in events.to_dict(orient="records")
        ),
        "attributes": {
            row["ocel:eid"]: {name: row[name] for name in others if isinstance(row[name], str)}
            for row in events.to_dict(orient="records")
        },
        "relations": sorted(
            [row["ocel:eid"], row["ocel:oid"], row["ocel:type"], row["ocel:qualifier"] or ""]
            for row in relations.to_dict(orient="records")
        ),
    }


if __name__ == "__main__":
    found = [read(path) for path in sys.argv[1:]]
    sys.stdout.write("\n" + json.dumps(found))
