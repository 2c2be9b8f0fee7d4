"""The executive page: figures against their targets in words, and what is behind one."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import reads
from dashboard.components.kpi_groups import GROUPS
from dashboard.server import APP
from dashboard.session import ConsoleContext, attach
from domain.clock import FixedClock
from kpis.keeper import KpiKeeper
from rules.engine import ENGINE
from storage.alerts import write_transitions
from storage.client import Store
from storage.engine_state import Watermark, write_watermark
from storage.events import insert_events
from storage.fx_rates import Rate, write_rates
from tests.builders import NOW, alert, event_row
from tests.integration.close.closing import BOOK
from tests.integration.dashboard import test_close_page as closing
from tests.integration.dashboard.test_pages import _shown as shown
from tests.integration.kpis.keeping import KPIS, SETTINGS

PAGE = "views/executive.py"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def page(embedded_store: Store, now: datetime) -> AppTest:
    """The console, not run yet."""
    attach(ConsoleContext(embedded_store, FixedClock(now), kpis=KPIS, pricing=SETTINGS.pricing))
    return AppTest.from_file(str(APP), default_timeout=30)


@pytest.fixture
def kept(embedded_store: Store, now: datetime) -> Store:
    """Two orders posted after two hours, one that waits, and one of an unknown amount."""
    started_at = now - 30 * HOUR
    money: dict[str, Any] = {"amount": "100.10", "currency": "EUR", "legal_entity": "DE01"}
    approved = [
        event_row(f"a-{number}", "order.approved", [f"order/O-{number}"], occurred_at=started_at, **money)
        for number in range(3)
    ]
    posted = [
        event_row(f"p-{number}", "order.posted", [f"order/O-{number}"], source="erp", occurred_at=started_at + 2 * HOUR)
        for number in range(2)
    ]
    unknown = event_row("a-9", "order.approved", ["order/O-9"], occurred_at=started_at, legal_entity="FR01")
    insert_events(embedded_store, [*approved, *posted, unknown])
    KpiKeeper(embedded_store, KPIS, SETTINGS).tick(now)
    return embedded_store


def test_without_cases_it_says_what_would_stand_here(page: AppTest) -> None:
    page.run()

    assert "No case has ended in this time" in shown(page.switch_page(PAGE).run())


def test_it_says_in_one_sentence_which_targets_are_missed(page: AppTest, kept: Store) -> None:
    page.run()

    text = shown(page.switch_page(PAGE).run())

    assert "Order activation latency at 2 h, Completion rate at 0\u202f% miss their targets; 4 targets are met." in text
    assert '<div class="mp-tile-value">2 h</div><div class="mp-tile-note">target 1 h</div>' in text
    assert '<div class="mp-tile-value" title="300.30 EUR">€300</div>' in text
    assert "1 case of unknown amount not in it" in text
    assert '<i style="height:100%"></i>' in text


def test_it_begins_with_what_is_late_and_says_so_where_nothing_is(page: AppTest, kept: Store, now: datetime) -> None:
    write_watermark(kept, ENGINE, Watermark(now, "1"), now)
    page.run()
    quiet = shown(page.switch_page(PAGE).run())
    euros = alert(amount=Decimal("500.00"), currency="EUR")
    write_transitions(kept, [euros, alert(object="order/O-8", amount=Decimal(900000), currency="JPY")])
    reads.alert_counts.clear()
    reads.money_at_risk.clear()

    text = shown(page.run())

    assert "All watched work is inside its service window." in quiet
    # What is in the reporting currency comes first, however large the number beside it.
    assert "2 objects worth €500 and ¥900\u202fK are past their service window." in text
    assert "Money at risk by rule, per currency" in text
    assert "Money at risk by rule, per currency" not in quiet


def test_figures_follow_region_and_currency_and_say_where_they_cannot(
    page: AppTest, kept: Store, now: datetime
) -> None:
    write_rates(kept, [Rate("USD", now.date(), Decimal("0.5")), Rate("USD", (now - DAY).date(), Decimal("0.5"))], now)
    page.query_params["currency"] = "USD"
    page.query_params["region"] = "APAC"
    page.run()
    nothing = shown(page.switch_page(PAGE).run())
    page.multiselect("region").set_value([])

    dollars = shown(page.run())

    # A signal of systems is of all, and says so; it does not read as nothing wrong in that region.
    assert "; of all legal entities and regions" in nothing
    assert "$601" not in nothing
    assert '<div class="mp-tile-value" title="600.60 USD">$601</div>' in dollars
    assert "; of all legal entities and regions" not in dollars


def test_it_says_how_ready_the_close_is(embedded_store: Store) -> None:
    closing.approve(embedded_store, "O-1", "DE01", closing.THEN)
    closing.keep(embedded_store, NOW)
    KpiKeeper(embedded_store, KPIS, SETTINGS).tick(NOW)
    context = ConsoleContext(embedded_store, FixedClock(NOW), kpis=KPIS, pricing=SETTINGS.pricing)
    attach(replace(context, close=BOOK))
    page = AppTest.from_file(str(APP), default_timeout=60).run()

    text = shown(page.switch_page(PAGE).run())
    attach(context)

    assert "; the close of 2026-10 is at risk in DE01 by " in text
    assert 'href="close?period=2026-10&amp;of=DE01"' in text


def test_a_figure_opens_its_entities_cases_and_days(page: AppTest, kept: Store) -> None:
    page.run()
    page.query_params["kpi"] = "order_activation"

    text = shown(page.switch_page(PAGE).run())

    assert "<caption>Order activation latency by legal entity</caption>" in text
    assert "<caption>The course of Order activation latency</caption>" in text
    assert "From 2 h (" in text
    assert "trace?object=order%2FO-1" in text
    assert "trace?object=order%2FO-2" not in text
    assert "<caption>Order activation latency day by day</caption>" in text


def test_the_cases_that_are_open_are_a_click_away(page: AppTest, kept: Store) -> None:
    page.run()
    page.query_params["kpi"] = "order_activation"
    page.query_params["cases"] = "still open"

    text = shown(page.switch_page(PAGE).run())

    assert "trace?object=order%2FO-2" in text
    assert "1 d 6 h" in text


def test_a_page_that_has_gone_shows_the_first(page: AppTest, kept: Store) -> None:
    """As when the cases are fewer than at the last look."""
    page.run()
    page.query_params["kpi"] = "order_activation"
    page.session_state["cases_page order_activation ended"] = 3

    text = shown(page.switch_page(PAGE).run())

    assert "trace?object=order%2FO-1" in text
    assert "No such case" not in text


def test_it_is_limited_to_legal_entities(page: AppTest, kept: Store) -> None:
    page.run()
    page.switch_page(PAGE).run()

    text = shown(page.multiselect(key="entity").select("FR01").run())

    assert "Completion rate at 0\u202f% misses its target" in text


def test_figures_stand_in_groups_and_a_period_is_a_choice(page: AppTest, kept: Store, now: datetime) -> None:
    page.run()
    page.query_params["over"] = f"{now:%Y-%m}"

    text = shown(page.switch_page(PAGE).run())

    groups = ("How long work takes", "What it came to", "How well it went", "How soon trouble is found and mended")
    assert [name for name in groups if f"<caption>{name}</caption>" not in text] == []
    assert f"period {now:%Y-%m}, beside period" in text
    assert page.segmented_control(key="over").options[-2:] == [f"{now:%Y-%m}", f"{now.replace(day=1) - DAY:%Y-%m}"]


def test_every_kpi_stands_in_one_group() -> None:
    for kpi in KPIS.values():
        assert sum(belongs(kpi) for _, belongs in GROUPS) == 1, kpi.id
