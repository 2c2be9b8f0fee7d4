"""Who may have a pull run over the API: whoever may send the events that it makes."""

from pathlib import Path

import pytest

from collector.tokens import issue_token
from domain.clock import FixedClock
from milepost.api.pulls import pull_routes
from storage.client import Store
from storage.events import count_events
from tests.builders import NOW
from tests.engine import Engine
from tests.integration.collector.pulls import MAP, Pulls
from tests.integration.collector.running import running_collector

FILE = "source: erp\nfile: {path: '*.csv', format: CSVWithNames}"
ROWS = "number,gross,updated_at\nI-1,10.00,2026-11-01 10:00:00\n"


@pytest.mark.parametrize(
    ("sources", "mapping", "status"),
    [
        pytest.param(["erp"], MAP, 200, id="its source is named"),
        pytest.param(["*"], MAP, 200, id="any source may be sent"),
        pytest.param(["crm"], MAP, 403, id="its source is not named"),
        pytest.param([], MAP, 403, id="no source is named"),
        pytest.param(["erp"], f"{MAP}  source: \"'erp'\"\n", 403, id="rows say their source, which may be any"),
    ],
)
def test_a_token_has_pulls_run_whose_events_it_may_send(
    tmp_path: Path, embedded_store: Store, engine: Engine, sources: list[str], mapping: str, status: int
) -> None:
    pulls = Pulls(tmp_path, embedded_store, engine)
    (pulls.files / "a.csv").write_text(ROWS, encoding="utf-8")
    pulls.define(f"{FILE}\nstructure: {{number: String, gross: String, updated_at: \"DateTime64(6, 'UTC')\"}}", mapping)
    token = issue_token(embedded_store, FixedClock(NOW), "sender", scopes=["api"], sources=sources)
    with running_collector(embedded_store, routes=pull_routes(pulls.runs(), pulls.door())) as running:
        answer = running.http.post("/api/pulls/invoices", headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == status, answer.text
    if status == 403:
        reason = "the token sender may not send events of the sources of the pull 'invoices'"
        assert answer.json() == {"reason": reason}
    assert count_events(embedded_store) == (1 if status == 200 else 0)
