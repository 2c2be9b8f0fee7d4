"""kill -9 takes nothing that was acknowledged, and what it cuts in half is made whole by `repair`.

The writer and the reader are processes of their own: one is killed, and this one has another folder open.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

WRITE_UNTIL_KILLED = """
import itertools, sys
from storage.client import Store
from storage.events import insert_events
from storage.migrator import migrate
from tests.builders import NOW, event_row
with Store(sys.argv[1]) as store:
    migrate(store, NOW)
    for number in itertools.count():
        name = f"e-{number}"
        insert_events(store, [event_row(name, objects=[f"order/{name}", f"customer/{name}/buyer"])])
        print(name, flush=True)
"""
REPAIR_AND_READ = """
import json, sys
import clickhouse_connect
from storage.client import Store
from storage.repair import repair
from tests.builders import NOW
QUERIES = {
    "events": "SELECT event_id FROM events FINAL ORDER BY 1",
    "orders": "SELECT event_id FROM object_milestones FINAL WHERE object_type = 'order' ORDER BY 1",
    "customers": "SELECT event_id FROM object_milestones FINAL WHERE object_type = 'customer' ORDER BY 1",
}
def read():
    return {name: [row[0] for row in client.query(query).result_rows] for name, query in QUERIES.items()}
with Store(sys.argv[1]) as store:
    client = clickhouse_connect.get_client(dsn=sys.argv[1], database=store.database)
    before = read()
    repair(store, NOW)
    print(json.dumps({"before": before, "after": read()}))
    client.close()
"""


def write_and_be_killed(dsn: str, acknowledgements: int) -> set[str]:
    """The events acknowledged to a writer that was killed when it had reported this many, or a few more."""
    command = [sys.executable, "-c", WRITE_UNTIL_KILLED, dsn]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline() for _ in range(acknowledgements)]
        writer.kill()
        return {line.strip() for line in [*acknowledged, *writer.stdout.readlines()] if line.endswith("\n")}


def repair_and_read(dsn: str) -> dict[str, dict[str, Sequence[str]]]:
    """What a new process finds in the store, before and after it repaired it."""
    command = [sys.executable, "-c", REPAIR_AND_READ, dsn]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


# Each number ends the writer at another moment of an insert; the machine's own jitter varies the rest.
@pytest.mark.parametrize("acknowledgements", [1, 4, 9], ids="after {} acknowledgements".format)
def test_a_killed_process_loses_nothing_it_acknowledged(tmp_path: Path, acknowledgements: int) -> None:
    dsn = f"chdb://{tmp_path}/store"

    acknowledged = write_and_be_killed(dsn, acknowledgements)
    found = repair_and_read(dsn)

    assert len(acknowledged) >= acknowledgements
    for table in ("events", "orders", "customers"):
        assert acknowledged <= set(found["before"][table]), table
    whole = found["after"]
    assert whole["events"] == whole["orders"] == whole["customers"]
