"""What Prometheus reads of sources."""

from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest

from milepost.freshness_metrics import FreshnessMetrics
from storage.freshness import Lag, SourceFreshness
from tests.builders import NOW

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
WHOLE = SourceFreshness("crm", None, NOW, NOW, 7, 7 / 3600, Lag(SECOND, SECOND, SECOND, HOUR), HOUR, False, None)
APPROVED = SourceFreshness("crm", "order.approved", NOW, NOW, 7, 7 / 3600, None, HOUR, True, NOW)
NEVER = SourceFreshness("erp", "order.posted", None, None, 0, 0.0, None, HOUR, None, None)
UNAGREED = SourceFreshness("other", "other", NOW, NOW, 0, 0.0, None, None, None, None)


def scraped(*readings: SourceFreshness) -> list[str]:
    """The samples of a scrape, as text."""
    registry = CollectorRegistry()
    FreshnessMetrics(registry).show(readings)
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_a_source_and_its_event_types_are_shown() -> None:
    assert scraped(WHOLE, APPROVED) == [
        'milepost_source_last_event_timestamp_seconds{source="crm",type="order.approved"} 1.7936208e+09',
        'milepost_source_events_last_hour{source="crm",type="order.approved"} 7.0',
        'milepost_source_lag_seconds{quantile="0.5",source="crm",type=""} 1.0',
        'milepost_source_lag_seconds{quantile="0.95",source="crm",type=""} 1.0',
        'milepost_source_lag_seconds{quantile="0.99",source="crm",type=""} 1.0',
        'milepost_source_lag_seconds{quantile="1",source="crm",type=""} 3600.0',
        'milepost_source_silent{source="crm",type=""} 0.0',
        'milepost_source_silent{source="crm",type="order.approved"} 1.0',
    ]


def test_what_is_unknown_has_no_sample() -> None:
    assert scraped(NEVER) == []
    assert [line.partition("{")[0] for line in scraped(UNAGREED)] == [
        "milepost_source_last_event_timestamp_seconds",
        "milepost_source_events_last_hour",
    ]


def test_a_source_that_is_gone_leaves_nothing_behind() -> None:
    registry = CollectorRegistry()
    metrics = FreshnessMetrics(registry)
    metrics.show([WHOLE])

    metrics.show([])

    assert b'source="crm"' not in generate_latest(registry)
