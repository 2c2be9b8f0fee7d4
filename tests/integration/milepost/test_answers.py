"""The answers that commands get from a store that nobody else holds."""

import json
import re
from contextlib import closing
from datetime import timedelta

import pytest

from collector.operations import DiscardWish, ReplayWish
from collector.receivers.cloudevents import STRUCTURED
from domain.alert_evidence import AlertEvidence
from domain.clock import FixedClock
from domain.errors import UsageError
from domain.instants import EPOCH
from milepost.answers.from_api import ApiAnswers
from milepost.answers.from_store import open_answers
from milepost.api.routes import api_routes
from milepost.settings import SHIPPED, Settings
from rules.engine import ENGINE
from storage.alerts import write_transitions
from storage.client import Store
from storage.dead_letters import ANY_LETTER, DeadLetter, LetterFilter, insert_dead_letters
from storage.engine_state import Watermark, write_watermark
from storage.events import count_events, insert_events
from storage.freshness import HOUR, note_traffic
from tests.builders import NOW, alert, event_row
from tests.engine import Engine
from tests.integration.collector.running import event, running_collector
from tests.integration.milepost.places import CONTRACTS


@pytest.fixture
def settings(engine: Engine, embedded_store: Store) -> Settings:
    return Settings(store=engine.dsn(embedded_store.database))


@pytest.fixture
def cut_short(embedded_store: Store) -> Store:
    """A store whose last event has no milestone, as after a kill."""
    insert_events(embedded_store, [event_row()])
    embedded_store.execute("TRUNCATE TABLE object_milestones")
    return embedded_store


def test_commands_that_only_read_write_nothing(settings: Settings, engine: Engine, cut_short: Store) -> None:
    rules, calendars = SHIPPED / "rules" / "definitions", SHIPPED / "rules" / "calendars.yaml"
    with open_answers(settings, FixedClock(NOW)) as answers:
        assert answers.alerts(None, 10) == []
        assert answers.dead_letters(ANY_LETTER, 10) == []
        assert answers.evaluation(rules, calendars, CONTRACTS, NOW, None) == []

    assert engine.select(cut_short, "SELECT object_id FROM object_milestones") == []


def test_what_a_kill_left_half_done_is_completed_before_more_is_taken(
    settings: Settings, engine: Engine, cut_short: Store
) -> None:
    with open_answers(settings, FixedClock(NOW)) as answers:
        answers.door(settings)

    assert engine.select(cut_short, "SELECT object_id FROM object_milestones") == [{"object_id": "O-1001"}]


def test_sources_are_judged_by_the_configured_contracts_at_the_instant_the_engine_came_to(
    settings: Settings, embedded_store: Store
) -> None:
    heard_at, ticked_at = NOW - 5 * HOUR, NOW - timedelta(minutes=30)
    insert_events(embedded_store, [event_row(occurred_at=heard_at - HOUR, received_at=heard_at)])
    note_traffic(embedded_store, EPOCH, ticked_at)
    write_watermark(embedded_store, ENGINE, Watermark(ticked_at, "1"), ticked_at)

    with open_answers(settings, FixedClock(NOW)) as answers:
        rows = {(row["source"], row["type"]): row for row in answers.sources(settings, 6 * HOUR)}

    assert rows["crm", None] == {
        "source": "crm",
        "type": None,
        "last_received_at": "2026-11-02T07:00:00Z",
        "last_occurred_at": "2026-11-02T06:00:00Z",
        "events": 1,
        "events_per_second": 1 / (6 * 3600),
        "lag_p50_seconds": pytest.approx(3600, rel=0.01),
        "lag_p95_seconds": pytest.approx(3600, rel=0.01),
        "lag_p99_seconds": pytest.approx(3600, rel=0.01),
        "lag_longest_seconds": 3600.0,
        "silent": True,
        "silent_since": "2026-11-02T11:00:00Z",
        "silent_after": "4h",
    }
    assert rows["crm", "order.approved"]["events"] == 1
    erp = rows["erp", None]
    assert (erp["last_received_at"], erp["silent"], erp["silent_after"]) == (None, None, "1h")


@pytest.mark.parametrize(
    ("window", "words"),
    [
        pytest.param(timedelta(seconds=59), "59s", id="too short"),
        pytest.param(timedelta(days=31), "31d", id="too long"),
    ],
)
def test_a_window_that_is_not_kept_is_refused(settings: Settings, window: timedelta, words: str) -> None:
    with open_answers(settings, FixedClock(NOW)) as answers, pytest.raises(UsageError) as refusal:
        answers.sources(settings, window)

    assert str(refusal.value) == f"window is {words}; give 1m to 30d"


LETTERS = [
    DeadLetter(f"l-{number}", NOW, "events", "late", "not then", content_type=STRUCTURED, body=body)
    for number, body in enumerate([*(json.dumps(event(number)).encode() for number in range(4)), b"not JSON"])
]
OUTCOMES = [*((f"l-{number}", "accepted") for number in range(4)), ("l-4", "rejected")]


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two letters, so that a few are several."""
    monkeypatch.setattr("collector.replay.LETTERS_A_PAGE", 2)


@pytest.mark.usefixtures("short_pages")
def test_letters_are_replayed_to_the_last_page_in_this_process(settings: Settings, embedded_store: Store) -> None:
    insert_dead_letters(embedded_store, LETTERS)

    with open_answers(settings, FixedClock(NOW)) as answers:
        rows = list(answers.replay(settings, ReplayWish(all=True, by="ann")))
        [waiting] = answers.dead_letters(LetterFilter(state="waiting"), 10)

    assert [(row["dead_letter_id"], row["outcome"]) for row in rows] == OUTCOMES
    assert (waiting["dead_letter_id"], waiting["attempts"]) == ("l-4", 1)
    assert count_events(embedded_store) == 4


@pytest.mark.usefixtures("short_pages")
def test_letters_are_replayed_to_the_last_page_by_a_running_program(settings: Settings, embedded_store: Store) -> None:
    insert_dead_letters(embedded_store, LETTERS)

    with running_collector(embedded_store) as running, closing(ApiAnswers(running.url)) as answers:
        rows = list(answers.replay(settings, ReplayWish(all=True, by="ann")))
        discarded = answers.discard(DiscardWish(["l-4"], "it never was an event", "ann"))

    assert [(row["dead_letter_id"], row["outcome"]) for row in rows] == OUTCOMES
    assert discarded == 1
    assert count_events(embedded_store) == 4


def test_a_state_there_is_not_is_told(settings: Settings, embedded_store: Store) -> None:
    with open_answers(settings, FixedClock(NOW)) as answers, pytest.raises(UsageError) as refusal:
        answers.dead_letters(LetterFilter(state="lost"), 10)

    assert str(refusal.value) == "state is 'lost'; give one of waiting, replayed, discarded"


def test_files_taken_without_a_running_milepost_are_correlated(settings: Settings, embedded_store: Store) -> None:
    rules, calendars = SHIPPED / "rules" / "definitions", SHIPPED / "rules" / "calendars.yaml"
    silent = ("1", "order.approved", ["order/O-1"], "")
    linking = ("2", "order.created", ["order/O-1", "quote/Q-1"], "")
    telling = ("3", "quote.approved", ["quote/Q-1"], "q2c-1")
    events = [_cloud_event(*event) for event in (silent, linking, telling)]
    later = FixedClock(NOW + timedelta(days=2))
    with open_answers(settings, later) as answers:
        answers.door(settings).events("application/cloudevents-batch+json", json.dumps(events).encode())
        before = answers.evaluation(rules, calendars, CONTRACTS, later.now(), None)
        answers.correlate(settings)
        after = answers.evaluation(rules, calendars, CONTRACTS, later.now(), None)

    order = [row for row in after if row["object_id"] == "O-1"]
    assert order
    assert {row["correlation_id"] for row in order} == {"q2c-1"}
    # A run says where something belongs, and nothing about whether it is in time.
    assert [{**row, "correlation_id": None} for row in after] == [{**row, "correlation_id": None} for row in before]


def _cloud_event(id_: str, type_: str, objects: list[str], correlation_id: str) -> dict[str, object]:
    named = [dict(zip(("type", "id"), each.split("/"), strict=True)) for each in objects]
    return {
        "specversion": "1.0",
        "id": id_,
        "source": "crm",
        "type": type_,
        "time": "2026-11-02T12:00:00Z",
        "data": {"objects": named, "amount": "12500.00", "currency": "EUR", "region": "EMEA", "legal_entity": "DE01"},
        **({"correlationid": correlation_id} if correlation_id else {}),
    }


def test_an_alert_is_shown_by_the_beginning_of_its_id_the_same_by_the_api(
    settings: Settings, embedded_store: Store
) -> None:
    stuck = alert(evidence=AlertEvidence(awaits=("order.posted",), within="4h"))
    write_transitions(embedded_store, [stuck, alert(object="order/O-2")])
    with open_answers(settings, FixedClock(NOW)) as answers:
        shown = answers.alert(stuck.alert_id[:16])
        listed = answers.alerts(None, 10)
    routes = api_routes(embedded_store, FixedClock(NOW), CONTRACTS)
    with (
        running_collector(embedded_store, routes=routes) as running,
        closing(ApiAnswers(running.url)) as answers_of_api,
    ):
        by_api = answers_of_api.alert(stuck.alert_id[:16])

    assert shown == by_api
    assert shown in listed
    assert shown["why"] == {
        "rule": {"group": "order_to_bill", "name": "OrderNotPosted", "version": "1"},
        "awaits": ["order.posted"],
        "within": "4h",
        "cause": {"kind": "unknown", "spans": 0},
    }


def test_an_id_that_names_no_alert_or_several_is_refused(settings: Settings, embedded_store: Store) -> None:
    ids = ("aa11", "aa22")
    write_transitions(embedded_store, [alert(object=f"order/{id_}", alert_id=id_) for id_ in ids])
    with open_answers(settings, FixedClock(NOW)) as answers:
        for asked, message in (
            ("aa", "more than one alert's id begins with 'aa'; `milepost alerts list --output json` shows their ids"),
            ("b", "no alert's id begins with 'b'; `milepost alerts list --output json` shows their ids"),
            ("", "no alert's id begins with ''; `milepost alerts list --output json` shows their ids"),
        ):
            with pytest.raises(UsageError, match=re.escape(message)):
                answers.alert(asked)
        assert answers.alert("aa1")["alert_id"] == "aa11"
