"""The close page: gates against legal entities, what blocks them, and a sign-off that later changes suspend."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from close.keeper import CloseKeeper
from close.sign_offs import suspend_changed
from dashboard.server import APP
from dashboard.session import ConsoleContext, attach
from domain.clock import FixedClock
from rules.engine import ENGINE
from storage.client import Store
from storage.close_sign_offs import sign_off_history
from storage.events import insert_events
from tests.builders import NOW, event_row
from tests.integration.close.closing import BOOK
from tests.integration.dashboard.test_pages import _shown as shown

PAGE = "views/close.py"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# In October, whose cutoff comes next.
THEN = NOW - 4 * DAY


@pytest.fixture
def page(embedded_store: Store) -> Iterator[AppTest]:
    """The console, not run yet."""
    attach(ConsoleContext(embedded_store, FixedClock(NOW), close=BOOK))
    yield AppTest.from_file(str(APP), default_timeout=60)
    attach(ConsoleContext(embedded_store, FixedClock(NOW)))


@pytest.fixture
def kept(embedded_store: Store) -> Store:
    """DE01 has one order posted and one stuck, FR01 one that is posted."""
    approve(embedded_store, "O-1", "DE01", THEN)
    approve(embedded_store, "O-2", "DE01", THEN)
    approve(embedded_store, "O-3", "FR01", THEN)
    posted = [
        event_row(f"p-{order}", "order.posted", [f"order/{order}"], source="erp", occurred_at=THEN + 4 * HOUR)
        for order in ("O-1", "O-3")
    ]
    insert_events(embedded_store, posted)
    keep(embedded_store, NOW)
    return embedded_store


def approve(store: Store, order: str, entity: str, received_at: datetime) -> None:
    insert_events(
        store,
        [
            event_row(
                f"a-{order}",
                "order.approved",
                [f"order/{order}"],
                occurred_at=THEN,
                received_at=received_at,
                amount="12500.00",
                currency="EUR",
                legal_entity=entity,
            )
        ],
    )


def keep(store: Store, through: datetime) -> None:
    CloseKeeper(store, BOOK.gates, ENGINE).tick(through)


def test_without_cases_it_says_what_would_stand_here(page: AppTest) -> None:
    page.run()

    assert "Nothing to close in 2026-10 yet" in shown(page.switch_page(PAGE).run())


def test_without_a_close_it_says_so(embedded_store: Store) -> None:
    attach(ConsoleContext(embedded_store, FixedClock(NOW)))
    page = AppTest.from_file(str(APP), default_timeout=60)
    page.run()

    assert "No close is configured" in shown(page.switch_page(PAGE).run())


def test_gates_scores_and_blockers_are_shown(page: AppTest, kept: Store) -> None:
    page.run()

    text = shown(page.switch_page(PAGE).run())

    assert "1 of 2 legal entities ready; 1 case blocks DE01; cutoff " in text
    assert "(3 × 1/2 orders_posted) / 3 = 50\u202f%, target 98\u202f%" in text
    assert 'aria-label="DE01, Approved orders posted: blocked"' in text
    assert 'aria-label="FR01, Approved orders posted: ready"' in text
    assert 'aria-label="FR01, Payments applied: nothing to do"' in text
    assert "trace?object=order%2FO-2" in text
    assert "trace?object=order%2FO-1" not in text
    assert '<span title="12,500.00 EUR">€12.5\u202fK</span>' in text
    assert "order management" in text


def test_a_cell_opens_the_cases_behind_it(page: AppTest, kept: Store) -> None:
    page.run()
    page.query_params["of"] = "DE01"
    page.query_params["gate"] = "orders_posted"
    page.query_params["cases"] = "cleared"

    text = shown(page.switch_page(PAGE).run())

    assert "DE01: Approved orders posted" in text
    assert (
        "Counts every order from order.approved to order.posted, unless order.cancelled; for 4 h one is in flight, "
        "and no blocker." in text
    )
    assert "fewer than 20 such cases were cleared in the last 90 days" in text
    assert "trace?object=order%2FO-1" in text
    assert "trace?object=order%2FO-2" not in text


def test_a_sign_off_is_given_and_seen_suspended(page: AppTest, kept: Store) -> None:
    page.run()
    page.query_params["of"] = "FR01"
    page.switch_page(PAGE).run()
    page.text_input(key="close_sign_off_who").input("Ana")
    page.text_area(key="close_sign_off_reason").input("all posted")

    text = shown(page.button(key="close_sign_off_submit").click().run())

    assert "Signed off by Ana" in text
    assert "“all posted”" in text
    [entry] = sign_off_history(kept)
    assert (entry.who, entry.legal_entity, entry.with_blockers) == ("Ana", "FR01", False)
    approve(kept, "O-9", "FR01", NOW + HOUR)
    keep(kept, NOW + 2 * HOUR)
    suspend_changed(kept, BOOK, NOW)
    attach(ConsoleContext(kept, FixedClock(NOW), close=BOOK))

    text = shown(page.run())

    assert "FR01 was signed off and reopened since" in text
    assert "Sign-off suspended" in text
    assert "trace?object=order%2FO-9" in text
    assert "Who signed this close off, and what reopened it" in text


def test_open_blockers_are_signed_off_only_on_purpose(page: AppTest, kept: Store) -> None:
    page.run()
    page.query_params["of"] = "DE01"
    page.switch_page(PAGE).run()
    page.text_input(key="close_sign_off_who").input("Ana")
    page.text_area(key="close_sign_off_reason").input("accrued")

    refused = shown(page.button(key="close_sign_off_submit").click().run())
    page.checkbox(key="close_with_blockers DE01 2026-10").check()
    signed = shown(page.button(key="close_sign_off_submit").click().run())

    assert "DE01 2026-10 is not ready: orders_posted is blocked or unknown" in refused
    assert "Signed off with open blockers by Ana" in signed


def test_a_period_that_nobody_has_is_told(page: AppTest, kept: Store) -> None:
    page.run()
    page.query_params["period"] = "2026-13"

    assert "There is no period" in shown(page.switch_page(PAGE).run())
