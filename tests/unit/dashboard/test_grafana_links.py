"""Addresses in Grafana are those of the boards that there are."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard.grafana_links import board_of, trace_in
from grafana.__main__ import rendered
from grafana.sources import CLICKHOUSE

GRAFANA = "https://grafana.example.com"
BOARDS = {
    board["uid"]: {variable["name"] for variable in board["templating"]["list"]}
    for board in (json.loads(text) for path, text in rendered().items() if path.suffix == ".json")
}


@pytest.mark.parametrize("path", ["", "executive", "work", "alerts", "flow", "close", "sources"])
def test_a_page_leads_to_a_board_that_knows_what_was_chosen(path: str) -> None:
    address = urlsplit(board_of(GRAFANA, path, ["DE01", "Å & B"]) or "")

    place, _, uid = address.path.rpartition("/")
    assert (address.netloc, place) == ("grafana.example.com", "/d")
    chosen = parse_qs(address.query)
    assert set(chosen) <= {f"var-{name}" for name in BOARDS[uid]}
    assert bool(chosen) == ("legal_entity" in BOARDS[uid])
    assert chosen.get("var-legal_entity", ["DE01", "Å & B"]) == ["DE01", "Å & B"]


def test_a_page_without_a_board_leads_nowhere_and_all_entities_are_not_named() -> None:
    assert board_of(GRAFANA, "audit", []) is None
    assert board_of(GRAFANA, "executive", []) == f"{GRAFANA}/d/milepost-executive"


def test_a_trace_is_asked_of_the_boards_own_data_source() -> None:
    address = urlsplit(trace_in(GRAFANA, "milepost", "00ff" * 8))

    [pane] = json.loads(parse_qs(address.query)["panes"][0]).values()
    [query] = pane["queries"]
    assert (address.path, pane["datasource"]) == ("/explore", CLICKHOUSE.uid)
    assert query["datasource"] == CLICKHOUSE.to_json()
    assert (query["builderOptions"]["database"], query["builderOptions"]["table"]) == ("milepost", "otel_traces")
    assert query["builderOptions"]["meta"]["traceId"] == "00ff" * 8
