"""A backtest and the history of alerts: the same answer from the store itself and from the Milepost that holds it."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from domain.alert import AlertState
from domain.business_object import BusinessObject
from domain.clock import FixedClock
from domain.errors import ConfigError, UsageError
from domain.instants import format_instant
from milepost.answers.from_api import ApiAnswers
from milepost.answers.from_store import StoreAnswers
from milepost.api.routes import api_routes
from milepost.backtest_wish import BacktestWish, unseen
from milepost.settings import SHIPPED
from rules.replay import By
from storage.alert_history import AlertFilter
from storage.alerts import write_transitions
from storage.client import Store
from storage.events import insert_events
from tests.builders import NOW, alert, event_row
from tests.integration.milepost.places import CONTRACTS
from tests.integration.milepost.test_api import served

HOUR = timedelta(hours=1)
CANDIDATE = """\
groups:
  - name: order_to_bill
    rules:
      - alert: OrderNotPosted
        milestone: {object: order, from: order.approved, to: order.posted, within: 30m}
"""


@pytest.fixture
def url(embedded_store: Store) -> Iterator[str]:
    with served(Starlette(routes=api_routes(embedded_store, FixedClock(NOW), CONTRACTS))) as url:
        yield url


@pytest.fixture
def answers(url: str) -> Iterator[ApiAnswers]:
    with contextlib.closing(ApiAnswers(url)) as answers:
        yield answers


def wish(candidate: Path | None = None, hours: int = 24) -> BacktestWish:
    rules, calendars = SHIPPED / "rules" / "definitions", SHIPPED / "rules" / "calendars.yaml"
    return BacktestWish(rules, candidate, calendars, NOW, NOW + hours * HOUR, By.RECEIPT)


def test_a_backtest_is_the_same_over_http(embedded_store: Store, answers: ApiAnswers, tmp_path: Path) -> None:
    posted = event_row("2", "order.posted", occurred_at=NOW + HOUR)
    waiting = event_row("3", objects=["order/O-2"], amount="10.00", currency="EUR")
    insert_events(embedded_store, [event_row("1"), posted, waiting])
    candidate = tmp_path / "candidate.yaml"
    candidate.write_text(CANDIDATE)

    here = StoreAnswers(embedded_store, FixedClock(NOW)).backtest(wish(candidate), CONTRACTS, unseen)

    assert answers.backtest(wish(candidate), CONTRACTS, unseen) == here
    # Of the running rules those that the candidate names.
    assert [row["alert"] for row in here["running"]["rules"]] == ["OrderNotPosted"]
    assert [row["fired"] for row in here["running"]["rules"]] == [1]
    assert [row["object_id"] for row in here["comparison"]["rules"][0]["only_candidate_examples"]] == ["O-1001"]
    alone = answers.backtest(wish(), CONTRACTS, unseen)
    assert len(alone["running"]["rules"]) > 1
    assert (alone["candidate"], alone["comparison"]) == (None, None)


def test_a_span_that_ends_before_it_begins_is_refused(embedded_store: Store, answers: ApiAnswers) -> None:
    instant = format_instant(NOW)
    for asked in (answers, StoreAnswers(embedded_store, FixedClock(NOW))):
        with pytest.raises(UsageError) as refusal:
            asked.backtest(wish(hours=0), CONTRACTS, unseen)
        assert str(refusal.value) == f"from is {instant} and to is {instant}; give a later to"


def test_a_candidate_with_an_error_is_told_by_its_own_name(answers: ApiAnswers, tmp_path: Path) -> None:
    candidate = tmp_path / "candidate.yaml"
    candidate.write_text(CANDIDATE.replace("30m", "0s"))

    with pytest.raises(ConfigError) as refusal:
        answers.backtest(wish(candidate), CONTRACTS, unseen)

    assert str(candidate) in str(refusal.value)
    assert "within is 0s" in str(refusal.value)


def test_a_request_for_a_backtest_says_what_is_wrong_with_it(url: str) -> None:
    answer = httpx.post(f"{url}/api/backtest", json={"rules": {}}, timeout=30)

    assert answer.status_code == 400
    assert answer.json()["reason"].startswith("not a request to backtest: ")


def test_the_history_of_alerts_is_the_same_over_http(embedded_store: Store, answers: ApiAnswers) -> None:
    write_transitions(embedded_store, [alert(), alert(state=AlertState.RESOLVED, version=2, resolved_at=NOW)])
    here = StoreAnswers(embedded_store, FixedClock(NOW))

    for asked in (
        AlertFilter(),
        AlertFilter(alert="OrderNotPosted", business_object=BusinessObject("order", "O-1001")),
        AlertFilter(alert="Other"),
    ):
        assert answers.alert_history(asked, 10) == here.alert_history(asked, 10)
    assert [row["state"] for row in answers.alert_history(AlertFilter(), 10)] == ["resolved", "firing"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("object=O-1", "'O-1' is not a business object; give type/id, such as order/O-1001"),
        ("from=soon", "'soon' is not an instant; give RFC 3339, such as 2026-11-02T09:30:00Z"),
        ("state=firing", "'state' is not known; alert, object, from, to and limit are"),
    ],
)
def test_a_history_that_cannot_be_asked_for_is_refused(url: str, query: str, reason: str) -> None:
    answer = httpx.get(f"{url}/api/alerts/history?{query}", timeout=30)

    assert (answer.status_code, answer.json()["reason"]) == (400, reason)
