"""Runs of the workflow from outside: links come late, the process is killed between them, and alerts follow."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from domain.clock import SystemClock
from tests.acceptance.program import RunningMilepost
from tests.acceptance.test_main_job import BATCH
from tests.waiting import eventually


def event(type_: str, at: datetime, *objects: str, run: str | None = None) -> dict[str, Any]:
    named = [dict(zip(("type", "id"), each.split("/"), strict=True)) for each in objects]
    identity = {"specversion": "1.0", "id": f"{type_}-{at.isoformat()}", "source": "crm", "type": type_}
    return {
        **identity,
        "time": at.isoformat(),
        **({"correlationid": run} if run else {}),
        "data": {"objects": named, "amount": "12500.00", "currency": "EUR"},
    }


def send(milepost: RunningMilepost, *events: dict[str, Any]) -> None:
    response = httpx.post(f"{milepost.collector}/v1/events", json=events, headers=BATCH, timeout=30)
    assert response.json()["accepted"] == len(events)


def alert_of(milepost: RunningMilepost, run: str | None) -> dict[str, Any]:
    """The only alert, once it has this run."""

    def found() -> dict[str, Any]:
        return next((row for row in milepost.alerts() if row["correlation_id"] == run), {})

    return eventually(found, f"an alert of the run {run}")


def test_an_alert_follows_its_order_into_the_run_it_turns_out_to_belong_to(tmp_path: Path) -> None:
    now = SystemClock().now()
    with RunningMilepost(tmp_path) as milepost:
        send(milepost, event("order.approved", now - timedelta(hours=5), "order/O-1"))
        alert_of(milepost, None)
        send(milepost, event("order.created", now - timedelta(hours=6), "order/O-1", "quote/Q-1"))
        alert_of(milepost, "order/O-1")
        send(milepost, event("quote.approved", now - timedelta(hours=7), "quote/Q-1", run="q2c-1"))
        alert_of(milepost, "q2c-1")
        milepost.kill()
    with RunningMilepost(tmp_path) as milepost:
        send(milepost, event("opportunity.won", now - timedelta(hours=8), "opportunity/W-1", run="crm-7"))
        send(milepost, event("quote.created", now - timedelta(hours=7), "opportunity/W-1", "quote/Q-1"))
        alert = alert_of(milepost, "crm-7")
        evaluated = milepost.ask("evaluate", "--at", now.isoformat())

    assert (alert["alert"], alert["object_id"], alert["state"]) == ("OrderNotPosted", "O-1", "firing")
    assert {row["correlation_id"] for row in evaluated if row["object_id"] == "O-1"} == {"crm-7"}
