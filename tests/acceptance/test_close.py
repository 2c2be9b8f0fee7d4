"""A close that is signed off while the program runs, and reopened by what comes late; also over a kill."""

from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from domain.clock import SystemClock
from milepost.close_book import shipped_close_book
from tests.acceptance.program import RunningMilepost, run_milepost
from tests.acceptance.test_main_job import event, send
from tests.waiting import eventually

ROUTING = 'route: {receiver: ops}\nreceivers: [{name: ops, webhook_configs: [{url: "http://127.0.0.1:9/"}]}]\n'
# The program brings the close up to date once a minute.
PATIENCE = 240


def of_germany(number: int, type_: str, at: datetime) -> dict[str, Any]:
    made = event(number, type_, at)
    made["data"]["legal_entity"] = "DE01"
    return made


def asked(milepost: RunningMilepost, path: str, **params: str) -> list[dict[str, Any]]:
    """What the API says; a command would take seconds each time."""
    rows: list[dict[str, Any]] = httpx.get(f"{milepost.collector}{path}", params=params, timeout=60).json()
    return rows


def test_a_sign_off_is_suspended_once_by_what_comes_late(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    (config / "routing.yaml").write_text(ROUTING, encoding="utf-8")
    settings = {"MILEPOST_CONFIG": str(config)}
    now = SystemClock().now()
    name = shipped_close_book().periods.period("DE01", now).name
    period = ("--period", name)
    with RunningMilepost(tmp_path, **settings) as milepost:

        def standing() -> list[tuple[str, str, int]]:
            rows = asked(milepost, "/api/close", period=name)
            return [(row["legal_entity"], row["state"], row["open"]) for row in rows]

        send(milepost, [of_germany(1, "order.approved", now), of_germany(1, "order.posted", now)])
        eventually(lambda: standing() == [("DE01", "ready", 0)], "the close is ready", PATIENCE)
        sign_off = ("close", "sign-off", "DE01", *period, "--reason", "checked", "--by", "ada")
        signed = run_milepost(tmp_path, *sign_off, **settings)
        assert signed.returncode == 0, signed.stderr
        assert signed.stdout.startswith(f"DE01 {name} is signed off by ada at ")
        again = run_milepost(tmp_path, *sign_off, **settings)
        assert again.returncode == 2
        assert "is signed off already, by ada" in again.stderr
        send(milepost, [of_germany(2, "order.approved", now)])
        eventually(lambda: len(asked(milepost, "/api/close/history")) == 2, "the sign-off is suspended", PATIENCE)
        [alert] = [one for one in milepost.alerts() if one["alert"] == "CloseReopened"]
        assert (alert["state"], alert["labels"]["legal_entity"]) == ("firing", "DE01")
        milepost.kill()
    with RunningMilepost(tmp_path, **settings) as milepost:
        send(milepost, [of_germany(3, "order.approved", now)])
        eventually(
            lambda: asked(milepost, "/api/close", period=name)[0]["open"] == 2, "what came since is counted", PATIENCE
        )
        assert [one["kind"] for one in milepost.ask("close", "history")] == ["reopened", "signed_off"]
    shown = run_milepost(tmp_path, "close", "show", *period, **settings)
    assert "sign-off SUSPENDED at" in shown.stdout
    assert "order/O-3" in run_milepost(tmp_path, "close", "blockers", *period, "--in-flight", **settings).stdout
    assert run_milepost(tmp_path, "audit", "verify", **settings).returncode == 0
    (config / "close").mkdir()
    (config / "close" / "own.yaml").write_text("gates: [{id: x, title: X, owner: o}]", encoding="utf-8")
    wrong = run_milepost(tmp_path, "close", "gates", **settings)
    assert wrong.returncode == 2
    assert 'own.yaml:1:14: gate "x": must be of one kind' in wrong.stderr
