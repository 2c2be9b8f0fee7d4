"""What commands are told by a running Milepost, over real HTTP."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from domain.clock import FixedClock
from domain.contract import Contracts
from domain.errors import StoreError, UsageError
from domain.instants import EPOCH, format_instant
from milepost.answers.from_api import ApiAnswers
from milepost.api.routes import api_routes
from milepost.http_server import HttpServer, bind
from milepost.migration import ask_running
from milepost.settings import SHIPPED, Settings
from milepost.source_rows import source_rows
from storage.client import Store
from storage.dead_letters import DeadLetter, LetterFilter, insert_dead_letters
from storage.events import insert_events
from storage.freshness import note_traffic
from storage.migrator import load_migrations
from tests.builders import NOW, event_row

RULES = SHIPPED / "rules" / "definitions"
CALENDARS = SHIPPED / "rules" / "calendars.yaml"


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    listening = bind("127.0.0.1", 0, "the test's port")
    server = HttpServer(app, listening, "api")
    server.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.stop()


@pytest.fixture
def url(embedded_store: Store) -> Iterator[str]:
    with served(Starlette(routes=api_routes(embedded_store, FixedClock(NOW)))) as url:
        yield url


@pytest.fixture
def answers(url: str) -> Iterator[ApiAnswers]:
    with contextlib.closing(ApiAnswers(url)) as answers:
        yield answers


@pytest.mark.parametrize("dead_letter_id", ["a/b", "", "x?y#z", "%2F"], ids=repr)
def test_a_dead_letter_there_is_not_is_told_by_its_id(answers: ApiAnswers, dead_letter_id: str) -> None:
    with pytest.raises(UsageError) as refusal:
        answers.dead_letter(dead_letter_id)

    assert str(refusal.value) == (
        f"there is no dead letter {dead_letter_id!r}; `milepost dead-letters list` shows their ids"
    )


def test_dead_letters_are_narrowed_by_what_is_known_only(url: str, answers: ApiAnswers, embedded_store: Store) -> None:
    letters = [
        DeadLetter("l-1", NOW - timedelta(hours=2), "events", "conflict", "no", source="crm"),
        DeadLetter("l-2", NOW, "events", "conflict", "no", source="crm"),
        DeadLetter("l-3", NOW, "events", "conflict", "no", source="erp"),
    ]
    insert_dead_letters(embedded_store, letters)

    found = answers.dead_letters(LetterFilter(source="crm", since=NOW - timedelta(hours=1), state="waiting"), 10)
    misspelt = httpx.get(f"{url}/api/dead-letters", params={"sauce": "crm"}, timeout=30)

    assert [row["dead_letter_id"] for row in found] == ["l-2"]
    reason = "'sauce' is not known; channel, code, source, state, since and limit are"
    assert (misspelt.status_code, misspelt.json()) == (400, {"reason": reason})


def test_an_answer_of_something_else_is_told_as_such() -> None:
    with served(Starlette()) as url, contextlib.closing(ApiAnswers(url)) as answers:
        with pytest.raises(StoreError) as refusal:
            answers.alerts(None, 10)

        assert str(refusal.value) == f"{url}/api/alerts?limit=10 answered 404, and not as a Milepost does"


@pytest.mark.parametrize("name", ["", "..", "n" * 300, "a/b.yaml", "\x00"], ids=lambda name: repr(name[:10]))
def test_rules_are_evaluated_whatever_their_files_are_called(url: str, name: str) -> None:
    [rules, *_] = sorted(RULES.glob("*[!t].yaml"))
    body = {
        "rules": {name: rules.read_text(encoding="utf-8")},
        "calendars": CALENDARS.read_text(encoding="utf-8"),
        "at": format_instant(NOW),
        "known_at": None,
    }

    answer = httpx.post(f"{url}/api/evaluate", json=body, timeout=30)

    assert (answer.status_code, answer.json()) == (200, [])


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with contextlib.closing(ApiAnswers(url)) as answers:
        assert answers.alerts(None, 10) == []


def test_a_running_program_of_another_version_is_told_from_one_that_is_up_to_date(url: str) -> None:
    assert ask_running(url) == []

    def older(request: Request) -> JSONResponse:
        return JSONResponse({"applied": [one.name for one in load_migrations()[:-1]], "pending": []})

    with served(Starlette(routes=[Route("/api/migrations", older)])) as old_url:
        with pytest.raises(UsageError) as refusal:
            ask_running(old_url)

        assert str(refusal.value) == (
            f"the running Milepost at {old_url} is older and lacks {load_migrations()[-1].name}; "
            "stop it and start this one"
        )


def test_sources_are_told_as_the_store_itself_would(answers: ApiAnswers, embedded_store: Store) -> None:
    insert_events(embedded_store, [event_row(occurred_at=NOW - timedelta(minutes=1), received_at=NOW)])
    note_traffic(embedded_store, EPOCH, NOW)

    told = answers.sources(Settings(), timedelta(hours=2))

    assert told == source_rows(embedded_store, Contracts(), NOW, timedelta(hours=2))
    assert [(row["source"], row["type"], row["silent"]) for row in told] == [
        ("crm", None, None),
        ("crm", "order.approved", None),
    ]


def test_a_window_that_is_not_kept_is_told_by_the_running_milepost_too(answers: ApiAnswers) -> None:
    with pytest.raises(UsageError) as refusal:
        answers.sources(Settings(), timedelta(days=31))

    assert str(refusal.value) == "window is 31d; give 1m to 30d"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 415, id="none"),
        pytest.param({"content-type": "text/plain"}, 415, id="another"),
        pytest.param({"content-type": "Application/JSON ; charset=utf-8"}, 400, id="json in other letters"),
    ],
)
def test_a_request_to_evaluate_says_that_it_is_json_and_hears_json(
    url: str, headers: dict[str, str], status: int
) -> None:
    refusal = httpx.post(f"{url}/api/evaluate", content=b"{}", headers=headers, timeout=30)

    assert (refusal.status_code, refusal.headers["content-type"]) == (status, "application/json")
    assert refusal.json()["reason"]


@pytest.mark.parametrize("limit", ["0", "10001", "\N{SUPERSCRIPT TWO}", "-1", "9" * 5000], ids=lambda text: text[:5])
def test_a_limit_that_is_none_is_refused_with_what_is_taken(url: str, limit: str) -> None:
    refusal = httpx.get(f"{url}/api/alerts", params={"limit": limit}, timeout=30)

    assert refusal.status_code == 400
    assert refusal.json() == {"reason": f"limit is {limit[:40]!r}; give 1 to 10000"}
