"""`milepost sources list` as a user runs it: beside a running Milepost, and on a store that nobody holds."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from domain.clock import SystemClock
from domain.instants import format_instant
from milepost.source_checks import SOURCE_COLUMNS
from tests.acceptance.program import RunningMilepost, run_milepost
from tests.waiting import eventually


def approved(source: str) -> dict[str, Any]:
    """An order approved a minute ago."""
    return {
        "specversion": "1.0",
        "id": "1",
        "source": source,
        "type": "order.approved",
        "time": format_instant(SystemClock().now() - timedelta(minutes=1)),
        "data": {"objects": [{"type": "order", "id": "O-1"}]},
    }


def _metrics_of_sources(url: str) -> str:
    text = httpx.get(f"{url}/metrics").text
    return text if "milepost_source_silent{" in text else ""


def test_a_source_that_has_spoken_is_listed_with_its_lag(tmp_path: Path) -> None:
    with RunningMilepost(tmp_path) as running:
        headers = {"content-type": "application/cloudevents-batch+json"}
        body = json.dumps([approved("crm"), approved("shop-1")])
        answer = httpx.post(f"{running.collector}/v1/events", content=body, headers=headers)
        assert answer.json()["accepted"] == 2
        listed = eventually(
            lambda: [row for row in running.ask("sources", "list") if row["events"]], "the tick that notes the events"
        )
        metrics = eventually(
            lambda: _metrics_of_sources(running.collector), "the tick that reads the metrics of sources anew"
        )

    crm = next(row for row in listed if row["source"] == "crm")
    assert (crm["type"], crm["silent"], crm["silent_after"]) == (None, False, "4h")
    assert 59 < crm["lag_p50_seconds"] <= crm["lag_longest_seconds"] * 1.01
    assert 'milepost_source_silent{source="crm",type=""} 0.0' in metrics
    assert 'milepost_source_events_last_hour{source="other",type="order.approved"} 1.0' in metrics
    assert "shop-1" not in metrics

    table = run_milepost(tmp_path, "sources", "list").stdout.splitlines()
    assert re.split(" {2,}", table[0]) == list(SOURCE_COLUMNS)
    assert any(line.startswith("crm") and line.rstrip().endswith("no") for line in table)
    assert [line.split()[:3] for line in table if line.startswith("billing")] == [["billing", "(all)", "never"]]


def test_a_window_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    refused = run_milepost(tmp_path, "sources", "list", "--window", "yesterday")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "--window: 'yesterday' is not a duration; give a duration such as 4h, 90m, 1h30m or 2d "
        "(units w, d, h, m, s, ms)\n"
    )
