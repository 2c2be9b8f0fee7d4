"""A calibration: the same answer from the store itself and from the Milepost that holds it, and what is refused."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.applications import Starlette

from domain.clock import FixedClock
from domain.errors import UsageError
from milepost.answers.from_api import ApiAnswers
from milepost.answers.from_store import StoreAnswers
from milepost.api.routes import api_routes
from milepost.calibration_wish import CalibrationWish
from milepost.settings import SHIPPED
from storage.client import Store
from storage.events import insert_events
from tests.builders import NOW, event_row
from tests.integration.milepost.places import CONTRACTS
from tests.integration.milepost.test_api import served

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def answers(embedded_store: Store) -> Iterator[ApiAnswers]:
    routes = api_routes(embedded_store, FixedClock(NOW), CONTRACTS)
    with served(Starlette(routes=routes)) as url, contextlib.closing(ApiAnswers(url)) as answers:
        yield answers


def wish(alert: str = "OrderLikelyNotPosted", days: int = 4) -> CalibrationWish:
    rules, calendars = SHIPPED / "rules" / "definitions", SHIPPED / "rules" / "calendars.yaml"
    return CalibrationWish(alert, rules, calendars, NOW, NOW + days * DAY)


def insert_orders(store: Store) -> None:
    """A hundred orders two days before, and twenty in the days after; every tenth is posted too late."""
    rows = []
    for number in range(120):
        started_at = NOW + (2 * DAY if number >= 100 else -2 * DAY) + number * timedelta(minutes=1)
        took = 6 * HOUR if number % 10 == 0 else HOUR
        objects = [f"order/O-{number}"]
        rows.append(event_row(f"a{number}", objects=objects, occurred_at=started_at))
        rows.append(event_row(f"p{number}", "order.posted", objects, occurred_at=started_at + took))
    insert_events(store, rows)


def test_a_calibration_is_the_same_over_http(embedded_store: Store, answers: ApiAnswers) -> None:
    insert_orders(embedded_store)

    here = StoreAnswers(embedded_store, FixedClock(NOW)).calibration(wish(), CONTRACTS)

    assert answers.calibration(wish(), CONTRACTS) == here
    assert (here["of"], here["cases"], here["unsettled"]) == ("OrderNotPosted", 20, 0)
    whole, certain = here["bands"]
    assert (whole["cases"], whole["predicted"], whole["observed"], whole["well_calibrated"]) == (20, 0.1, 0.1, True)
    assert (certain["cases"], certain["predicted"], certain["observed"]) == (2, 1.0, 1.0)
    assert here["skill"] > 0.5


def test_what_is_no_forecast_is_refused_by_both_alike(embedded_store: Store, answers: ApiAnswers) -> None:
    for asked in (StoreAnswers(embedded_store, FixedClock(NOW)), answers):
        with pytest.raises(
            UsageError, match=r'^"OrderLikelyPosted" is no rule; did you mean "OrderLikelyNotPosted"\?$'
        ):
            asked.calibration(wish("OrderLikelyPosted"), CONTRACTS)
        with pytest.raises(UsageError, match=r'^"InvoiceNotVisible" is no forecast; give one of OrderLikelyNotPosted'):
            asked.calibration(wish("InvoiceNotVisible"), CONTRACTS)
        with pytest.raises(UsageError, match=r"^from is .* and to is .*; give a later to$"):
            asked.calibration(wish(days=0), CONTRACTS)
