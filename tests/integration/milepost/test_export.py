"""Exports: what pm4py and a spreadsheet read is what is stored."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.files.ingestion import Ingestion, IngestSummary
from collector.files.items import Reading
from domain.errors import UsageError
from milepost.answers.protocol import Answers
from milepost.export.csv_file import COLUMNS
from milepost.export.file_export import export_csv, export_ocel
from milepost.settings import Settings
from storage.client import Store
from storage.event_export import EventKey
from storage.events import insert_events
from tests.builders import NOW, event_row
from tests.integration.milepost.places import PLACES, answers_at

ENDINGS = (".json", ".xml", ".sqlite")
CONVERT = "import sys, pm4py; pm4py.write_ocel2(pm4py.read_ocel2(sys.argv[1]), sys.argv[2])"
EVENTS = [
    event_row("e-1", "order.approved", ["order/O-1", "customer/C-9/buyer"], amount="12500.00", currency="EUR"),
    event_row("e-2", "order.posted", ["order/O-1"], source="erp", attributes={"user": "Ann & <Bob>", "amount": "x"}),
    event_row("e-3", "Order.Posted", ["order/7", "invoice/7/bills"], occurred_at=NOW + timedelta(microseconds=250)),
    event_row("e-1", "invoice.issued", ["invoice/7"], source="erp", attributes={"User": "a", "user": "b\n"}),
]

# Uses all that OCEL 2.0 has.
ALWAYS, LATER = "1970-01-01T00:00:00Z", "2026-11-03T08:00:00Z"
LOG: dict[str, Any] = {
    "objectTypes": [
        {"name": "order", "attributes": [{"name": "price", "type": "float"}, {"name": "no", "type": "string"}]},
        {"name": "item", "attributes": [{"name": "pieces", "type": "integer"}]},
    ],
    "eventTypes": [
        {
            "name": "Place",
            "attributes": [
                {"name": "worth", "type": "float"},
                {"name": "lines", "type": "integer"},
                {"name": "by", "type": "string"},
            ],
        }
    ],
    "objects": [
        {
            "id": "o1",
            "type": "order",
            "attributes": [
                {"name": "price", "value": 12.5, "time": ALWAYS},
                {"name": "price", "value": 11.25, "time": LATER},
                {"name": "no", "value": "0042", "time": ALWAYS},
            ],
            "relationships": [
                {"objectId": "i1", "qualifier": "has"},
                {"objectId": "i2", "qualifier": "has & had"},
            ],
        },
        {"id": "i1", "type": "item", "attributes": [{"name": "pieces", "value": 3, "time": ALWAYS}]},
        {"id": "i2", "type": "item", "attributes": [], "relationships": []},
    ],
    "events": [
        {
            "id": "e1",
            "type": "Place",
            "time": "1948-01-26T22:59:00Z",
            "attributes": [
                {"name": "worth", "value": 0.5},
                {"name": "lines", "value": 2},
                {"name": "by", "value": "007"},
            ],
            "relationships": [
                {"objectId": "o1", "qualifier": "order"},
                {"objectId": "o1", "qualifier": "quote"},
                {"objectId": "i1", "qualifier": "line"},
            ],
        },
        {
            "id": "e2",
            "type": "Place",
            "time": "2026-11-02T12:00:00Z",
            "attributes": [{"name": "worth", "value": 7.0}],
            # An object that no event names pm4py leaves out.
            "relationships": [{"objectId": "i2", "qualifier": ""}],
        },
    ],
}


@pytest.fixture(params=PLACES)
def answers(request: pytest.FixtureRequest, embedded_store: Store) -> Iterator[Answers]:
    with answers_at(request.param, embedded_store) as answers:
        yield answers


def read_by_pm4py(*paths: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.integration.milepost.read_ocel", *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_pm4py_reads_back_the_same_events_and_relations_from_every_form(
    answers: Answers, embedded_store: Store, tmp_path: Path
) -> None:
    insert_events(embedded_store, EVENTS)
    paths = [tmp_path / f"log{ending}" for ending in ENDINGS]

    counts = [export_ocel(answers, path) for path in paths]

    assert counts == [4, 4, 4]
    for found in read_by_pm4py(*paths):
        assert found["events"] == [
            ["crm#e-1", "order.approved", "2026-11-02T12:00:00+00:00"],
            ["e-2", "order.posted", "2026-11-02T12:00:00+00:00"],
            ["e-3", "Order.Posted", "2026-11-02T12:00:00.000250+00:00"],
            ["erp#e-1", "invoice.issued", "2026-11-02T12:00:00+00:00"],
        ]
        assert found["relations"] == [
            ["crm#e-1", "C-9", "customer", "buyer"],
            ["crm#e-1", "O-1", "order", ""],
            ["e-2", "O-1", "order", ""],
            ["e-3", "invoice/7", "invoice", "bills"],
            ["e-3", "order/7", "order", ""],
            ["erp#e-1", "invoice/7", "invoice", ""],
        ]
        assert found["attributes"]["crm#e-1"] == {"source": "crm", "amount": "12500.00", "currency": "EUR"}
        assert found["attributes"]["e-2"] == {"source": "erp", "user": "Ann & <Bob>", "amount": "x"}


@pytest.mark.parametrize("taken_as", ENDINGS)
def test_pm4py_reads_back_what_it_reads_from_the_log_that_was_taken(
    answers: Answers, embedded_store: Store, tmp_path: Path, taken_as: str
) -> None:
    original, taken = tmp_path / "original.json", tmp_path / f"taken{taken_as}"
    original.write_text(json.dumps(LOG))
    subprocess.run([sys.executable, "-c", CONVERT, str(original), str(taken)], check=True, timeout=120)
    ingestion = Ingestion(answers.door(Settings()), answers.checkpoints(), Reading())
    for _ in range(2):
        ingestion.take([taken], IngestSummary())
    paths = [tmp_path / f"log{ending}" for ending in ENDINGS]

    for path in paths:
        export_ocel(answers, path)

    expected, *found = read_by_pm4py(original, *paths)
    expected.pop("attributes")
    assert len(expected["objects"]) == 3
    assert len(expected["links"]) == 2
    assert len(expected["changes"]) == 1
    for one in found:
        assert {name: one[name] for name in expected} == expected


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_log_of_pm4pys_kind_comes_back_with_the_ids_it_had(
    answers: Answers, embedded_store: Store, tmp_path: Path, ending: str
) -> None:
    insert_events(embedded_store, EVENTS)
    path = tmp_path / f"log{ending}"
    export_ocel(answers, path)
    summary = IngestSummary()

    Ingestion(answers.door(Settings()), answers.checkpoints(), Reading("log")).take([path], summary)

    assert str(summary) == "4 accepted, 0 duplicates, 0 rejected"
    stored = [one for one in answers.events_after(EventKey()) if one.source == "log"]
    assert {one.event_id for one in stored} == {"crm#e-1", "e-2", "e-3", "erp#e-1"}
    assert {one.event_id: one.amount for one in stored if one.amount} == {"crm#e-1": "12500.00"}


def test_more_events_than_a_portion_holds_are_all_exported_once(
    answers: Answers, embedded_store: Store, tmp_path: Path
) -> None:
    rows = [event_row(f"e-{number}", source=source) for number in range(8_000) for source in ("crm", "erp", "tax")]
    insert_events(embedded_store, rows)
    insert_events(embedded_store, rows[:5])
    path = tmp_path / "events.csv"

    count = export_csv(answers, path)

    with path.open(encoding="utf-8", newline="") as file:
        keys = [(row["source"], row["event_id"]) for row in csv.DictReader(file)]
    assert (count, len(keys), len(set(keys))) == (24_000, 24_000, 24_000)


def test_a_spreadsheet_calculates_with_nothing_in_the_table(
    answers: Answers, embedded_store: Store, tmp_path: Path
) -> None:
    formulas = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx")
    insert_events(
        embedded_store,
        [
            event_row(f"{number}", formula, [f"{formula}/1"], amount="-12.50", region=formula, legal_entity="DE01")
            for number, formula in enumerate(formulas)
        ],
    )
    path = tmp_path / "events.csv"

    export_csv(answers, path)

    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["type"] for row in rows] == [f"'{formula}" for formula in formulas]
    assert [row["region"] for row in rows] == [f"'{formula}" for formula in formulas]
    assert {row["objects"][0] for row in rows} == {"'"}
    assert {(row["amount"], row["legal_entity"]) for row in rows} == {("-12.5", "DE01")}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_empty_store_gives_an_empty_log(answers: Answers, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"log{ending}"

    assert export_ocel(answers, path) == 0
    assert path.stat().st_size > 0


def test_a_file_appears_only_when_it_is_whole(answers: Answers, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "log.json"

    with pytest.raises(UsageError) as caught:
        export_ocel(answers, path)

    assert str(caught.value) == f"{path} cannot be written: No such file or directory"


def test_a_name_that_says_no_form_is_refused(answers: Answers, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        export_ocel(answers, tmp_path / "log.csv")

    assert (
        str(caught.value) == f"{tmp_path}/log.csv: give a name that ends in .json, .xml, .sqlite, .jsonocel, .xmlocel"
    )
