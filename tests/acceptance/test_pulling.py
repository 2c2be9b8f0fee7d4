"""The running program pulls by itself and when asked; killed between, it goes on and counts nothing twice."""

import json
from pathlib import Path

import httpx

from tests.acceptance.program import RunningMilepost, run_milepost
from tests.waiting import eventually

DEFINITION = """
title: Orders of the warehouse
source: erp
file: {path: "*.csv", format: CSVWithNames}
watermark: {integer: change_no}
every: 1h
map: {id: order_no, type: "'order.approved'", time: at, objects: "[{type: 'order', id: order_no}]"}
"""
ROWS = 60_000


def prepared(folder: Path, rows: int) -> dict[str, str]:
    """The settings of a program that pulls a file of so many rows."""
    for name in ("config/pulls", "files"):
        (folder / name).mkdir(parents=True)
    (folder / "config" / "pulls" / "orders.yaml").write_text(DEFINITION)
    lines = [f"{number},O-{number},2026-11-02 09:00:00" for number in range(rows)]
    (folder / "files" / "1.csv").write_text("\n".join(["change_no,order_no,at", *lines, ""]))
    return {"MILEPOST_CONFIG": str(folder / "config"), "MILEPOST_PULL_FILES": str(folder / "files")}


def pulled(milepost: RunningMilepost, outcome: str) -> float:
    """How many rows the metrics say have come to that."""
    sample = f'milepost_pull_rows_total{{outcome="{outcome}",pull="orders"}} '
    lines = httpx.get(f"{milepost.collector}/metrics", timeout=30).text.splitlines()
    return next((float(line.removeprefix(sample)) for line in lines if line.startswith(sample)), 0)


def test_up_pulls_by_itself_and_a_command_makes_it_pull_now(tmp_path: Path) -> None:
    settings = prepared(tmp_path, 3)
    with RunningMilepost(tmp_path, **settings) as milepost:
        eventually(lambda: pulled(milepost, "accepted") == 3, "the first pull")
        with (tmp_path / "files" / "1.csv").open("a") as file:
            file.write("3,O-3,2026-11-02 10:00:00\n")

        asked = run_milepost(tmp_path, "pull", **settings)

        assert (asked.returncode, asked.stdout) == (0, "orders: 1 accepted, 1 duplicates, 0 rejected\n")
        assert any("pulls      orders" in line for line in milepost.lines)


def test_a_pull_that_is_not_defined_is_told_with_those_that_are(tmp_path: Path) -> None:
    asked = run_milepost(tmp_path, "pull", "invoices", **prepared(tmp_path, 1))

    expected = "there is no pull 'invoices'; there are orders, in files of MILEPOST_CONFIG/pulls\n"
    assert (asked.returncode, asked.stderr) == (2, expected)


def test_a_kill_in_the_middle_of_a_pull_loses_and_doubles_nothing(tmp_path: Path) -> None:
    settings = prepared(tmp_path, ROWS)
    with RunningMilepost(tmp_path, **settings) as milepost:
        # Its first batches are stored, its last ones are not.
        eventually(lambda: stored_in(milepost) > 0, "the first batch")
        milepost.kill()

    again = run_milepost(tmp_path, "pull", **settings)

    assert again.returncode == 0, again.stderr
    accepted, duplicates = (int(part.split()[0]) for part in again.stdout.removeprefix("orders: ").split(", ")[:2])
    assert 0 < accepted < ROWS
    assert duplicates <= 5_001
    exported = tmp_path / "events.json"
    assert run_milepost(tmp_path, "export", "ocel", str(exported), **settings).returncode == 0
    assert len({event["id"] for event in json.loads(exported.read_text())["events"]}) == ROWS


def stored_in(milepost: RunningMilepost) -> float:
    """How many events the running collector has stored."""
    lines = httpx.get(f"{milepost.collector}/metrics", timeout=30).text.splitlines()
    sample = "milepost_events_stored_total "
    return next(float(line.removeprefix(sample)) for line in lines if line.startswith(sample))
