"""What goes through the store comes back as it went in, from many threads too."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from storage import sql_files
from storage.client import Store, encode_rows
from storage.events import count_events, find_events, insert_events
from tests.builders import NOW, event_row
from tests.engine import Engine

Echo = Callable[[Store, str, object], object]
NASTY_TEXTS = [
    pytest.param('O\'Neill "& Co"', id="quotes"),
    pytest.param("a\\b\\'c\\", id="backslashes"),
    pytest.param("line\nline\r\ttab", id="line breaks and tabs"),
    pytest.param("naïve 漢字 🧾", id="letters beyond ASCII"),
    pytest.param("{name:String} /*{hole}*/ %s %(x)s ?", id="what other placeholders look like"),
    pytest.param("'); DROP TABLE events; --", id="an attempt at injection"),
    pytest.param("a\x00b", id="a NUL"),
    pytest.param("", id="nothing"),
]


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Echo:
    """Sends a value through a typed parameter and gives back what arrives."""
    monkeypatch.setattr(sql_files, "QUERIES", tmp_path)

    def send(store: Store, type_: str, value: object) -> object:
        name = f"echo_{abs(hash(type_))}"
        (tmp_path / f"{name}.sql").write_text(
            f"-- What it is given.\n-- params: value {type_}\n-- columns: value\nSELECT {{value:{type_}}} AS value"
        )
        return store.rows(name, {"value": value})[0]["value"]

    return send


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_text_passes_through_a_parameter_unchanged(store: Store, echo: Echo, text: str) -> None:
    assert echo(store, "String", text) == text


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_text_passes_through_arrays_of_tuples_unchanged(store: Store, echo: Echo, text: str) -> None:
    value = [(text, "x"), ("y", text)]

    assert echo(store, "Array(Tuple(String, String))", value) == value


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_an_event_is_found_by_any_identity(store: Store, text: str) -> None:
    insert_events(store, [event_row(text, source=f"crm {text}", data=text), event_row("other")])

    found = find_events(store, [(f"crm {text}", text)])

    assert {identity: row["data"] for identity, row in found.items()} == {(f"crm {text}", text): text}


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        pytest.param("DateTime64(6, 'UTC')", NOW.replace(microsecond=1), id="an instant with microseconds"),
        pytest.param("DateTime64(6, 'UTC')", datetime(1900, 1, 1, tzinfo=UTC), id="the earliest instant"),
        pytest.param("DateTime64(6, 'UTC')", datetime(2299, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), id="the latest"),
        pytest.param(
            "DateTime64(6, 'UTC')",
            datetime(2026, 11, 2, 14, 30, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            id="an instant in another time zone",
        ),
        pytest.param("Array(DateTime64(6, 'UTC'))", [NOW, NOW.replace(microsecond=1)], id="instants in an array"),
        pytest.param("Array(Tuple(String, DateTime64(6, 'UTC')))", [("a", NOW.replace(microsecond=1))], id="in tuples"),
        pytest.param("Nullable(DateTime64(6, 'UTC'))", None, id="no instant"),
        pytest.param("Nullable(String)", None, id="no text"),
        pytest.param("Date", date(2026, 11, 2), id="a date"),
        pytest.param("Decimal(38, 9)", Decimal("12345678901234567890123456789.123456789"), id="an amount"),
        pytest.param("Int64", -(2**63), id="the smallest integer"),
        pytest.param("UInt64", 2**64 - 1, id="the largest integer"),
        pytest.param("Bool", True, id="a truth"),
        pytest.param("Array(String)", [], id="an empty array"),
    ],
)
def test_a_value_passes_through_its_parameter_exactly(store: Store, echo: Echo, type_: str, value: object) -> None:
    assert echo(store, type_, value) == value


def test_thousands_of_identities_fit_one_question(store: Store) -> None:
    insert_events(store, [event_row("e-1")])

    found = find_events(store, [("crm", f"e-{number}") for number in range(10_000)])

    assert list(found) == [("crm", "e-1")]


def test_rows_keep_instants_and_amounts_exact(store: Store, engine: Engine) -> None:
    row = {
        "alert_id": "a-1",
        "object_type": "order",
        "amount": Decimal("0.000000001"),
        "fired_at": NOW.replace(microsecond=1),
        "resolved_at": None,
        "labels": {"team": 'order "management"'},
        "trace_ids": ["t-1"],
    }

    store.insert("alert_transitions", encode_rows([row, {**row, "alert_id": "a-2"}]))

    stored = engine.select(store, f"SELECT {', '.join(row)} FROM alert_transitions ORDER BY alert_id LIMIT 1")
    assert stored == [row]


def test_many_threads_share_one_store(store: Store) -> None:
    def work(number: int) -> int:
        insert_events(store, [event_row(f"e-{number}-{i}") for i in range(10)])
        return len(find_events(store, [("crm", f"e-{number}-{i}") for i in range(10)]))

    with ThreadPoolExecutor(max_workers=8) as threads:
        found = list(threads.map(work, range(24)))

    assert found == [10] * 24
    assert count_events(store) == 240
