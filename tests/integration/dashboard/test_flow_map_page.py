"""The flow map's page: what it says, draws and hides, and the objects behind a handoff."""

from datetime import datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.server import APP
from dashboard.session import ConsoleContext, attach
from domain.clock import FixedClock
from kpis.flow_keeper import keep_flow
from storage.client import Store
from storage.events import insert_events
from tests.builders import event_row
from tests.integration.dashboard.test_pages import _shown as shown

PAGE = "views/flow_map.py"
HOUR = timedelta(hours=1)


@pytest.fixture
def page(embedded_store: Store, now: datetime) -> AppTest:
    """The console, not run yet."""
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    return AppTest.from_file(str(APP), default_timeout=60)


@pytest.fixture
def counted(embedded_store: Store, now: datetime) -> None:
    """Fifty orders transmitted, one of them straight to posted, one still approved."""
    events = []
    for number in range(52):
        steps = ["order.approved", "order.transmitted", "order.posted"]
        if number == 50:
            steps.remove("order.transmitted")
        if number == 51:
            steps = steps[:1]
        for place, type_ in enumerate(steps):
            events.append(
                event_row(
                    f"{number}-{place}",
                    type_,
                    [f"order/O-{number}"],
                    occurred_at=now - 10 * HOUR + place * HOUR,
                    amount="10.00",
                    currency="EUR",
                    legal_entity="DE01" if number % 2 else "FR01",
                )
            )
    insert_events(embedded_store, events)
    keep_flow(embedded_store, now)


def test_without_handoffs_it_says_what_would_stand_here(page: AppTest) -> None:
    page.run()

    assert "No handoff was made in this time" in shown(page.switch_page(PAGE).run())


@pytest.mark.usefixtures("counted")
def test_it_says_in_words_what_waits_and_in_a_table_what_was_made(page: AppTest) -> None:
    page.run()
    page.switch_page(PAGE).run()

    text = shown(page.select_slider(key="rare").set_value(0).run())

    assert "1 order worth €10 waits for order.transmitted." in text
    assert "<caption>Handoffs, the most usual first</caption>" in text
    assert "skips order.transmitted" in text
    assert "the last 7 days, 3 handoffs" in text


@pytest.mark.usefixtures("counted")
def test_rare_handoffs_are_hidden_and_counted(page: AppTest) -> None:
    page.run()
    page.switch_page(PAGE).run()

    text = shown(page.select_slider(key="rare").set_value(5).run())

    assert "skips order.transmitted" not in text
    assert "2 handoffs, 1 rare one hidden" in text


@pytest.mark.usefixtures("counted")
def test_a_handoff_opens_its_objects_and_those_that_wait(page: AppTest) -> None:
    page.run()
    page.switch_page(PAGE).run()

    text = shown(page.selectbox(key="edge").select("order: order.approved → order.transmitted").run())
    assert "50 times by 50 orders" in text
    assert "trace?object=order%2FO-10" in text
    assert "trace?object=order%2FO-51" not in text

    page.session_state["which"] = "wait for it"
    text = shown(page.run())
    assert "trace?object=order%2FO-51" in text
    assert "10 h" in text


@pytest.mark.usefixtures("counted")
def test_it_is_limited_to_legal_entities(page: AppTest) -> None:
    page.run()
    page.switch_page(PAGE).run()

    text = shown(page.multiselect(key="entity").select("FR01").run())

    assert "Nothing waits on any handoff." in text
