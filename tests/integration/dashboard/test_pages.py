"""Each page of the console on a real store, without a browser."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from alerts.handling import Deed, handle
from alerts.silences import SilenceWish, put_silence
from collector.contract_definitions import SHIPPED, load_contracts
from dashboard import reads
from dashboard.server import APP
from dashboard.session import ConsoleContext, attach
from domain.alert import AlertState
from domain.alert_action import ActionKind
from domain.audit import Actor
from domain.clock import FixedClock
from domain.errors import StoreUnreachable
from domain.source_silence import SOURCE_SILENT
from domain.span_names import SpanNames
from rules.engine import ENGINE
from storage.alerts import list_alerts, write_transitions
from storage.client import PATIENCE_SECONDS, Store
from storage.engine_state import Watermark, write_watermark
from storage.fx_rates import Rate, write_rates
from storage.traces import insert_traces
from tests.browser.stuck_order import ERROR, STUCK, seed_stuck_order
from tests.builders import alert, otlp_request, span
from tests.integration.dashboard.merged_run import seed_merged_run

TRACE_PAGE = "views/trace_object.py"


@pytest.fixture
def page(embedded_store: Store, now: datetime) -> AppTest:
    """The console on an empty store, not run yet."""
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    return AppTest.from_file(str(APP), default_timeout=30)


def _shown(page: AppTest) -> str:
    """All that the page says, without exception."""
    assert [error.message for error in page.exception] == []
    return "".join(block.proto.body for block in page.get("html"))


def test_the_overview_says_what_is_stuck_in_one_sentence(page: AppTest, embedded_store: Store, now: datetime) -> None:
    seed_stuck_order(embedded_store, now)

    shown = _shown(page.run())

    assert "1 object worth €12.5\u202fK is past its service window; 1 more alert will fire unless work moves." in shown
    assert "trace?object=order%2FO-1001" in shown
    assert "order.posted did not follow within 4 h" in shown
    assert '<div class="mp-tile-value">50\u202f%</div>' in shown
    assert '<div class="mp-tile-value">10 min</div>' in shown


def test_a_journey_shows_what_people_did_with_its_alerts(page: AppTest, embedded_store: Store, now: datetime) -> None:
    seed_stuck_order(embedded_store, now)
    [stuck] = [one for one in list_alerts(embedded_store, AlertState.FIRING) if str(one.business_object) == STUCK]
    handle(embedded_store, stuck, Deed(ActionKind.ASSIGN, "ben", "you know <SAP>"), Actor("ana"), now)
    page.run()
    page.query_params["object"] = STUCK

    shown = _shown(page.switch_page(TRACE_PAGE).run())

    assert "<dt>Assigned</dt><dd>to <b>ben</b> " in shown
    assert "by ana at " in shown
    assert "you know &lt;SAP&gt;" in shown


def test_the_overview_says_of_what_nobody_is_told(page: AppTest, embedded_store: Store, now: datetime) -> None:
    seed_stuck_order(embedded_store, now)
    assert "silenced" not in _shown(page.run())
    wish = SilenceWish(["object_id=O-1001"], now + timedelta(hours=1), "rita", "the ERP <is> down")
    put_silence(embedded_store, wish, now)
    attach(ConsoleContext(embedded_store, FixedClock(now)))
    page.run()

    assert '<span class="mp-sub">silenced: the ERP &lt;is&gt; down</span>' in _shown(page)


def test_the_overview_calls_sources_silent_by_their_contracts(
    page: AppTest, embedded_store: Store, now: datetime
) -> None:
    seed_stuck_order(embedded_store, now)
    attach(ConsoleContext(embedded_store, FixedClock(now), contracts=load_contracts(SHIPPED).contracts))

    shown = _shown(page.run())

    assert "middleware</b> silent for 4 h 58 min" in shown
    assert "crm</b> 3 h ago" in shown
    assert "billing</b> not yet" in shown
    assert "silent after 4 h without a word, by its contract" in shown
    assert "<caption>Sources by event type</caption>" in shown


def test_an_overview_without_contracts_calls_no_source_silent(
    page: AppTest, embedded_store: Store, now: datetime
) -> None:
    seed_stuck_order(embedded_store, now)

    shown = _shown(page.run())

    assert "middleware</b> 4 h 58 min ago" in shown
    assert 'class="mp-source mp-source-live"' in shown
    assert 'class="mp-source mp-source-silent"' not in shown


def test_what_cannot_be_judged_stands_apart_from_what_is_late(
    page: AppTest, embedded_store: Store, now: datetime
) -> None:
    seed_stuck_order(embedded_store, now)
    embedded_store.execute("TRUNCATE TABLE alert_states")
    waiting = alert(object="order/O-9", state=AlertState.SUSPENDED, fired_at=None, amount=Decimal(700))
    source = alert(SOURCE_SILENT, "source/erp", amount=Decimal(700))
    write_transitions(embedded_store, [waiting, source])

    shown = _shown(page.run())

    assert "1 alert cannot be judged while a source is silent." in shown
    assert "past its service window" not in shown
    assert "1 unknown while a source is silent" in shown
    assert "no object is known to be late" in shown
    assert "€700 not judged while a source is silent" in shown


def test_filters_in_the_url_limit_what_is_shown(page: AppTest, embedded_store: Store, now: datetime) -> None:
    seed_stuck_order(embedded_store, now)
    page.query_params["entity"] = "GB01"

    shown = _shown(page.run())

    assert "O-3003" in shown
    assert "O-1001" not in shown


def test_a_region_limits_what_is_shown_and_money_is_told_in_the_chosen_currency(
    page: AppTest, embedded_store: Store, now: datetime
) -> None:
    seed_stuck_order(embedded_store, now)
    write_rates(embedded_store, [Rate("USD", now.date(), Decimal("0.5"))], now)
    page.query_params["region"] = "EMEA"
    page.query_params["currency"] = "USD"

    text = _shown(page.run())

    assert "O-1001" in text
    assert "O-3003" not in text
    assert "1 object worth $25.0\u202fK is past its service window." in text
    assert "open alerts now, in USD at today" in text


def test_what_is_chosen_on_one_page_holds_on_the_next_and_a_page_says_what_it_cannot_follow(
    page: AppTest, embedded_store: Store, now: datetime
) -> None:
    seed_stuck_order(embedded_store, now)
    page.query_params["entity"] = "GB01"
    page.query_params["region"] = "EMEA"
    page.run()

    close = _shown(page.switch_page("views/close.py").run())
    rules = _shown(page.switch_page("views/audit.py").run())
    page.switch_page("views/overview.py").run()
    page.multiselect("entity").set_value([])
    overview = _shown(page.run())

    assert "EMEA changes nothing here: a close is of a whole legal entity" in close
    assert "GB01 and EMEA change nothing here: the audit log is shown whole." in rules
    assert page.query_params["region"] == "EMEA"
    assert "entity" not in page.query_params
    assert "O-1001" in overview


def test_a_quiet_company_is_said_to_be_in_time(page: AppTest, embedded_store: Store, now: datetime) -> None:
    seed_stuck_order(embedded_store, now)
    page.query_params["entity"] = ["GB01"]
    embedded_store.execute("TRUNCATE TABLE alert_states")
    unjudged = _shown(page.run())
    write_watermark(embedded_store, ENGINE, Watermark(now - timedelta(hours=1), "1"), now)
    reads.judged_through.clear()
    behind = _shown(page.run())
    write_watermark(embedded_store, ENGINE, Watermark(now, "1"), now + timedelta(seconds=1))
    reads.judged_through.clear()

    shown = _shown(page.run())

    assert "No rule has judged yet what arrived." in unjudged
    assert "what came since is not judged yet." in behind
    assert "All watched work is inside its service window." in shown
    assert "Nothing is open" in shown


def test_an_empty_store_says_how_to_fill_it(page: AppTest) -> None:
    shown = _shown(page.run())

    assert "No event has arrived yet" in shown
    assert "make demo" in shown


def test_a_stuck_orders_trace_names_the_hop_that_broke_and_why(
    page: AppTest, embedded_store: Store, now: datetime
) -> None:
    seed_stuck_order(embedded_store, now)
    page.run()
    page.query_params["object"] = STUCK

    shown = _shown(page.switch_page(TRACE_PAGE).run())

    assert "order/O-1001 is stuck: OrderNotPosted, 1 h past its deadline" in shown
    assert "middleware → erp: POST /erp/orders failed 3 times" in shown
    assert ERROR in shown
    assert "12,400.00<b" in shown
    assert "<b>as sent</b>" not in shown


@pytest.mark.parametrize("text", ["q2c-1", "billing-7", "invoice/I-1", "order/O-1"])
def test_the_trace_of_any_id_shows_the_merged_run(
    page: AppTest, embedded_store: Store, now: datetime, text: str
) -> None:
    seed_merged_run(embedded_store, now)
    page.run()
    page.query_params["object"] = text

    shown = _shown(page.switch_page(TRACE_PAGE).run())

    assert "q2c-1</a>" in shown
    assert "the same as <a" in shown
    assert "billing-7</a>" in shown
    assert all(f"object={each}" in shown for each in ("order%2FO-1", "invoice%2FI-1", "payment%2FP-1"))
    assert "O-2" not in shown


def test_an_id_nobody_knows_says_what_to_try(page: AppTest) -> None:
    page.run()
    page.query_params["object"] = "O-404"

    assert "Nothing is known as “O-404”" in _shown(page.switch_page(TRACE_PAGE).run())


def test_the_trace_page_alone_explains_itself(page: AppTest) -> None:
    page.run()

    assert "Search for an id to see its journey" in _shown(page.switch_page(TRACE_PAGE).run())


def test_the_search_box_opens_the_trace(page: AppTest, embedded_store: Store, now: datetime) -> None:
    seed_stuck_order(embedded_store, now)
    page.run()

    shown = _shown(page.text_input(key="search").set_value(" O-1001 ").run())

    assert "is stuck" in shown


class StoreAway(Store):
    """A store that has stopped answering."""

    def __init__(self) -> None:
        pass

    def tuples(
        self,
        query: str,
        params: Mapping[str, object] | None = None,
        fragments: Mapping[str, str] | None = None,
        settings: Mapping[str, object] | None = None,
        seconds: int = PATIENCE_SECONDS,
    ) -> tuple[tuple[str, ...], Sequence[Sequence[Any]]]:
        raise StoreUnreachable("the store at ch:8123/milepost does not answer: connection refused")


@pytest.mark.parametrize("view", ["views/overview.py", TRACE_PAGE], ids=["the overview", "a trace"])
def test_a_store_that_does_not_answer_is_said_in_its_place(page: AppTest, now: datetime, view: str) -> None:
    page.run()
    attach(ConsoleContext(StoreAway(), FixedClock(now)))
    page.query_params["object"] = STUCK

    shown = _shown(page.switch_page(view).run())

    assert "The store does not answer" in shown
    assert "the store at ch:8123/milepost does not answer: connection refused" in shown


def test_a_store_that_refuses_is_said_with_what_to_do(page: AppTest, embedded_store: Store) -> None:
    embedded_store.close()

    shown = _shown(page.run())

    assert "The store refused to answer" in shown
    assert "milepost migrate" in shown


def test_an_object_that_only_spans_name_is_shown_with_its_calls(
    page: AppTest, embedded_store: Store, now: datetime
) -> None:
    attach(ConsoleContext(embedded_store, FixedClock(now), SpanNames(objects={"order.id": "order"})))
    sent = span("POST /orders", attributes={"order.id": "O-77"}, error="gone wrong")
    insert_traces(embedded_store, [otlp_request(sent, service="middleware").SerializeToString()])
    page.run()
    page.query_params["object"] = "order/O-77"

    shown = _shown(page.switch_page(TRACE_PAGE).run())

    assert "O-77" in shown
    assert "gone wrong" in shown
