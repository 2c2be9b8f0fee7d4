"""Prints what pm4py reads from OCEL 2.0 files, as JSON: a process of its own, since pm4py warns and prints freely."""

import json
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")

import pm4py  # noqa: E402


def read(path: str) -> dict[str, object]:
    """The events, relations and objects of a log, in an order of their own."""
    log = pm4py.read_ocel2(path)
    events, relations = log.events, log.relations
    others = [name for name in events.columns if not name.startswith("ocel:")]
    return _objects(log) | {
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


def _objects(log: Any) -> dict[str, object]:
    """The objects with what they are at first, how they change, and how they are related to each other."""
    first = {row["ocel:oid"]: row for row in log.objects.to_dict(orient="records")}
    changes = log.object_changes.to_dict(orient="records")
    return {
        "objects": {
            id_: {name: value for name, value in row.items() if name != "ocel:oid" and value == value}
            for id_, row in first.items()
        },
        "changes": sorted(
            [row["ocel:oid"], row["ocel:field"], row[row["ocel:field"]], row["ocel:timestamp"].isoformat()]
            for row in changes
        ),
        "links": sorted(
            [row["ocel:oid"], row["ocel:oid_2"], row["ocel:qualifier"] or ""]
            for row in log.o2o.to_dict(orient="records")
        ),
        "values": {
            row["ocel:eid"]: {
                n: v for n, v in row.items() if n[:5] not in ("ocel:", "sourc") and v == v and v is not None
            }
            for row in log.events.to_dict(orient="records")
        },
    }


if __name__ == "__main__":
    found = [read(path) for path in sys.argv[1:]]
    sys.stdout.write("\n" + json.dumps(found))
