"""What KPIs over signals come to: the readings that threshold rules judge, kept every five minutes."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from domain.instants import EPOCH
from domain.kpi import Dimension, Kpi
from kpis.case_finding import READ_EVERY
from kpis.keeper import KpiKeeper
from storage.client import Store
from storage.events import insert_events
from storage.freshness import note_traffic
from storage.kpi_cases import ALL_CASES, case_rows
from storage.series import signal_values
from tests.builders import NOW, event_row
from tests.integration.kpis.keeping import DAY, HOUR, KPIS, SETTINGS, SINCE, UNTIL, by, figure

MINUTE = timedelta(minutes=1)
LATENCY, BACKLOG = KPIS["message_latency"], KPIS["order_backlog"]


def keep(store: Store, kpi: Kpi, *ticks: datetime) -> None:
    for tick in ticks:
        KpiKeeper(store, {kpi.id: kpi}, SETTINGS).tick(tick)


def test_message_latency_is_that_of_each_five_minutes_and_source(embedded_store: Store) -> None:
    received = NOW + MINUTE
    for number, (source, late, after) in enumerate(
        [("crm", 2, 0), ("crm", 4, 0), ("erp", 30, 0), ("crm", 6, 10), ("crm", 8, 20)]
    ):
        at = received + after * MINUTE
        row = event_row(f"e-{number}", source=source, occurred_at=at - timedelta(seconds=late), received_at=at)
        insert_events(embedded_store, [row])
    keep(embedded_store, LATENCY, NOW + 7 * MINUTE, NOW + HOUR)

    found = figure(embedded_store, LATENCY)

    # Readings: crm 4 (of 2 and 4), 6 and 8 seconds; erp 30.
    assert (found.value, found.closed.cases, found.open.cases) == (Decimal(7), 4, 0)
    assert by(embedded_store, LATENCY, Dimension.SOURCE) == {"crm": Decimal(6), "erp": Decimal(30)}


def test_history_that_is_loaded_when_a_source_is_first_heard_is_no_latency(embedded_store: Store) -> None:
    loaded = [
        event_row(f"h-{days}", source="crm", occurred_at=NOW - timedelta(days=days), received_at=NOW + MINUTE)
        for days in range(1, 28)
    ]
    live = event_row("live", source="crm", occurred_at=NOW + MINUTE, received_at=NOW + MINUTE + timedelta(seconds=3))
    insert_events(embedded_store, [*loaded, live])
    note_traffic(embedded_store, EPOCH, NOW + HOUR)
    keep(embedded_store, LATENCY, NOW + HOUR)
    first = figure(embedded_store, LATENCY).value
    # What comes late once the source is heard is late.
    late = event_row("late", source="crm", occurred_at=NOW + 62 * MINUTE, received_at=NOW + 92 * MINUTE)
    insert_events(embedded_store, [late])
    keep(embedded_store, LATENCY, NOW + 2 * HOUR)

    assert first == Decimal(3)
    assert by(embedded_store, LATENCY, Dimension.SOURCE)["crm"] == Decimal("901.5")


def test_the_backlog_is_what_waits_at_the_end_and_is_known_to_be_nothing(embedded_store: Store) -> None:
    approved = [
        event_row(f"a-{number}", "order.approved", [f"order/O-{number}"], occurred_at=NOW, legal_entity=entity)
        for number, entity in enumerate(("DE01", "DE01", "FR01"))
    ]
    posted = [
        event_row(f"p-{number}", "order.posted", [f"order/O-{number}"], occurred_at=NOW + hours * HOUR)
        for number, hours in enumerate((2, 30))
    ]
    insert_events(embedded_store, [*approved, *posted])
    keep(embedded_store, BACKLOG, NOW + HOUR, NOW + 31 * HOUR)

    def at(hours: int) -> Decimal | None:
        return figure(embedded_store, BACKLOG, until=NOW + hours * HOUR).value

    assert [at(hours) for hours in (0, 1, 3, 31)] == [None, Decimal(3), Decimal(2), Decimal(1)]
    assert by(embedded_store, BACKLOG, Dimension.LEGAL_ENTITY) == {"DE01": Decimal(0), "FR01": Decimal(1)}


def test_a_quiet_backlog_is_zero_and_other_signals_are_unknown(embedded_store: Store) -> None:
    insert_events(embedded_store, [event_row("a", "order.created", occurred_at=NOW)])
    keep(embedded_store, BACKLOG, NOW + HOUR)
    keep(embedded_store, KPIS["api_latency"], NOW + HOUR)

    assert (figure(embedded_store, BACKLOG).value, figure(embedded_store, BACKLOG).closed.cases) == (Decimal(0), 12)
    assert figure(embedded_store, KPIS["api_latency"]).value is None


def test_readings_are_those_that_threshold_rules_judge(embedded_store: Store) -> None:
    rows = [
        event_row(f"e-{number}", source=("crm", "erp")[number % 2], occurred_at=at - number * MINUTE, received_at=at)
        for number in range(40)
        for at in [NOW + 1.7 * number * MINUTE]
    ]
    insert_events(embedded_store, rows)
    end = NOW + 2 * HOUR
    keep(embedded_store, LATENCY, NOW + 3 * MINUTE, NOW + 40 * MINUTE, end)

    kept, _ = case_rows(embedded_store, LATENCY, SINCE, UNTIL, ALL_CASES, is_open=False, limit=1000)
    params = {"per": ["source"], "first": NOW, "steps": 121, "window_us": READ_EVERY // timedelta(microseconds=1)}
    read = signal_values(embedded_store, "message_latency", {**params, "known_at": end})

    assert {(row.ended_at, row.source, row.value) for row in kept} == {
        (at, source, value) for at, [source], value in read if at > NOW and (at - NOW) % READ_EVERY == timedelta(0)
    }


@pytest.mark.parametrize("kpi", [LATENCY, BACKLOG], ids=lambda kpi: kpi.id)
def test_ticks_that_fall_otherwise_or_are_repeated_change_no_figure(embedded_store: Store, kpi: Kpi) -> None:
    rows = [
        event_row(f"e-{number}", "order.approved", [f"order/O-{number}"], occurred_at=at, received_at=at + MINUTE)
        for number in range(9)
        for at in [NOW + 7 * number * MINUTE]
    ]
    insert_events(embedded_store, rows)
    keep(embedded_store, kpi, *(NOW + number * 13 * MINUTE for number in range(9)), NOW + DAY)
    often = figure(embedded_store, kpi).closed
    keep(embedded_store, replace(kpi, version="afresh"), NOW + DAY)

    assert figure(embedded_store, replace(kpi, version="afresh")).closed == often
    assert often.cases >= 9
