"""`milepost up` on a server that is not there: it takes what comes, and does everything else when the server is."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage.client import Store, encode_rows
from storage.migrator import migrate
from tests.acceptance.program import RunningMilepost, free_port, run_milepost
from tests.builders import NOW, otlp_request, span
from tests.clickhouse_endpoint import ClickHouseEndpoint, serving
from tests.engine import Engine
from tests.integration.collector.log_requests import log_request, record
from tests.integration.collector.running import event
from tests.waiting import eventually

pytestmark = pytest.mark.clickhouse_server
DATABASE = "comes_later"


def settings_for(folder: Path, port: int, password: str = "") -> dict[str, str]:
    return {
        "MILEPOST_STORE": f"clickhouse://default:{password}@127.0.0.1:{port}/{DATABASE}",
        "MILEPOST_SPOOL": str(folder / "spool"),
        "MILEPOST_PERSONAL_DATA_KEY": "0123456789abcdef",
    }


def send(url: str) -> list[int]:
    bodies = (
        ("/v1/events", "application/cloudevents+json", json.dumps(event(1)).encode()),
        ("/v1/traces", "application/x-protobuf", otlp_request(span()).SerializeToString()),
        ("/v1/logs", "application/x-protobuf", log_request(record())),
    )
    return [
        httpx.post(url + path, content=body, headers={"content-type": media_type}, timeout=30).status_code
        for path, media_type, body in bodies
    ]


def ready(url: str) -> dict[str, Any]:
    state: dict[str, Any] = httpx.get(f"{url}/readyz", timeout=30).json()
    return state


def metric(url: str, name: str) -> float:
    page = httpx.get(f"{url}/metrics", timeout=30).text
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(f"{name} "))


def test_milepost_starts_without_its_server_is_killed_and_goes_on_when_the_server_comes(
    engine: Engine, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, free_port())
    port = int(settings["MILEPOST_STORE"].rpartition(":")[2].partition("/")[0])
    with RunningMilepost(tmp_path, **settings) as milepost:
        assert httpx.get(f"{milepost.collector}/healthz", timeout=30).status_code == 200
        assert send(milepost.collector) == [202, 200, 200]
        milepost.kill()

    try:
        with RunningMilepost(tmp_path, **settings) as milepost:
            url = milepost.collector
            assert send(url) == [202, 200, 200]
            assert (ready(url)["status"], ready(url)["store"]) == ("spooling", "away")
            eventually(lambda: metric(url, "milepost_tick_failures_total") > 0, "a tick is put off")
            with serving(ClickHouseEndpoint(engine.folder, port=port)):
                eventually(lambda: ready(url) == {"status": "ready"}, "it is ready")
                counts = [
                    [row["n"] for row in engine.select(store, f"SELECT count() AS n FROM {table}")]
                    for table in ("events", "otel_traces", "otel_logs")
                    for store in [Store(engine.dsn(DATABASE))]
                ]
                assert counts == [[1], [1], [1]]
                # The order's duty is long over: a verdict proves that the engine began by itself.
                alerts = eventually(lambda: milepost.alerts(state="firing"), "the order is told of")
                assert {alert["object_id"] for alert in alerts} == {"O-1"}
        assert any("is away: what comes is spooled" in line for line in milepost.lines)
    finally:
        engine.drop(DATABASE)


def test_a_server_that_is_there_and_not_right_ends_the_start_with_the_reason(engine: Engine, tmp_path: Path) -> None:
    with serving(ClickHouseEndpoint(engine.folder, password="right")) as endpoint:
        settings = settings_for(tmp_path, endpoint.server_port, "wr0ng")
        refused = run_milepost(tmp_path, "up", **settings)
        with Store(engine.dsn(DATABASE)) as store:
            migrate(store, NOW)
            newer = {"name": "9999_of_a_newer_program", "digest": "0", "applied_at": NOW}
            store.insert("schema_migrations", encode_rows([newer]))
        newer_schema = run_milepost(tmp_path, "up", **settings_for(tmp_path, endpoint.server_port, "right"))
        engine.drop(DATABASE)

    assert (refused.returncode, newer_schema.returncode) == (2, 2)
    assert "Authentication failed" in refused.stderr
    assert "wr0ng" not in refused.stderr + refused.stdout
    assert "which this program does not know; run the newer program" in newer_schema.stderr
    assert "Traceback" not in refused.stderr + newer_schema.stderr
