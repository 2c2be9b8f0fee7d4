"""A store is backed up and brought back as it was, by the program itself."""

import json
import subprocess
import sys
from pathlib import Path

import httpx

from tests.acceptance.program import RunningMilepost, run_milepost

# In a process of its own: an engine holds one folder for as long as its process lives.
_DIGESTS = """
import sys
import clickhouse_connect, json
client = clickhouse_connect.get_client(dsn="chdb://" + sys.argv[1], database="milepost")
tables = [row[0] for row in client.query(
    "SELECT name FROM system.tables WHERE database = 'milepost' AND engine LIKE '%MergeTree'").result_rows]
print(json.dumps({
    name: client.query(f"SELECT count(), sum(cityHash64(*)) FROM `{name}`").result_rows[0] for name in tables}))
client.close()
"""


def digests(store: Path) -> dict[str, list[int]]:
    """How many rows each table has, and a sum over their content."""
    answer = subprocess.run(
        [sys.executable, "-c", _DIGESTS, str(store)], capture_output=True, text=True, timeout=120, check=True
    )
    found: dict[str, list[int]] = json.loads(answer.stdout)
    return found


def test_a_store_comes_back_as_it_was(tmp_path: Path) -> None:
    event = {"specversion": "1.0", "source": "crm", "type": "order.approved", "time": "2026-11-02T09:30:00Z"}
    batch = [{**event, "id": f"e-{n}", "data": {"objects": [{"type": "order", "id": f"O-{n}"}]}} for n in range(100)]
    with RunningMilepost(tmp_path) as running:
        taken = httpx.post(
            f"{running.collector}/v1/events",
            content=json.dumps([*batch, {"id": "broken"}]),
            headers={"content-type": "application/cloudevents-batch+json"},
            timeout=60,
        )
        assert taken.json()["accepted"] == 100
        meanwhile = run_milepost(tmp_path, "backup", "backup")
        assert meanwhile.returncode == 2
        assert meanwhile.stderr.strip().endswith(
            f"which answers at {running.collector}; stop it, or give this command another MILEPOST_STORE; "
            "an embedded store is backed up and restored while it is at rest"
        )
        assert not (tmp_path / "backup").exists()
    before = digests(tmp_path / "store")

    backed_up = run_milepost(tmp_path, "backup", "backup")
    restored = run_milepost(tmp_path, "restore", "backup", MILEPOST_STORE=f"chdb://{tmp_path / 'new'}")
    again = run_milepost(tmp_path, "restore", "backup", MILEPOST_STORE=f"chdb://{tmp_path / 'new'}")

    assert (backed_up.returncode, restored.returncode) == (0, 0), (backed_up.stderr, restored.stderr)
    assert " files, " in backed_up.stdout
    assert (again.returncode, again.stdout) == (2, "")
    assert (
        again.stderr.strip() == f"the store {tmp_path / 'new'} is not empty, it holds data; give a new MILEPOST_STORE"
    )
    (tmp_path / "store").rename(tmp_path / "lost")
    assert before["events"][0] == 100
    assert before["dead_letters"][0] == 1
    assert digests(tmp_path / "new") == before
    letters = run_milepost(tmp_path, "dead-letters", "list", MILEPOST_STORE=f"chdb://{tmp_path / 'new'}")
    assert letters.returncode == 0
    assert "broken" in letters.stdout
