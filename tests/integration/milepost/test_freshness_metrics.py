"""How sources do, from the store to a scrape."""

from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest

from collector.contract_definitions import SHIPPED, load_contracts
from domain.instants import EPOCH
from milepost.freshness_metrics import FreshnessMetrics
from storage.client import Store
from storage.events import insert_events
from storage.freshness import note_traffic
from tests.builders import NOW, event_row

CONTRACTS = load_contracts(SHIPPED).contracts
CRM = 'milepost_source_silent{source="crm",type=""}'


def test_labels_are_only_what_contracts_name(store: Store) -> None:
    metrics = FreshnessMetrics(registry := CollectorRegistry())
    insert_events(store, [event_row("1"), event_row("2", "x.y", source="shop-1"), event_row("3", source="shop-2")])
    note_traffic(store, EPOCH, NOW)

    metrics.read(store, CONTRACTS, NOW)

    shown = generate_latest(registry).decode()
    assert f"{CRM} 0.0" in shown
    assert 'milepost_source_events_last_hour{source="other",type="order.approved"} 1.0' in shown
    assert 'milepost_source_events_last_hour{source="other",type="other"} 1.0' in shown
    assert "shop-" not in shown
    assert "x.y" not in shown


def test_what_was_read_just_before_is_not_read_again(store: Store) -> None:
    metrics = FreshnessMetrics(registry := CollectorRegistry())
    metrics.read(store, CONTRACTS, NOW)
    insert_events(store, [event_row()])
    note_traffic(store, EPOCH, NOW)

    metrics.read(store, CONTRACTS, NOW + timedelta(seconds=14))
    soon = generate_latest(registry).decode()
    metrics.read(store, CONTRACTS, NOW + timedelta(seconds=15))
    later = generate_latest(registry).decode()

    assert CRM not in soon
    assert f"{CRM} 0.0" in later
