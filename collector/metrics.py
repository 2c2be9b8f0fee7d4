"""What the collector counts. received = stored + duplicates + dead letters, for every event taken off the wire."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

if TYPE_CHECKING:
    from collector.writer import EventOutcome

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class CollectorMetrics:
    """The collector's metrics on one registry; labels are bounded sets."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, labels: Iterable[str] = ()) -> Counter:
            return Counter(f"milepost_{name}", text, tuple(labels), registry=registry)

        self.events_received = counter("events_received_total", "Events read from requests.")
        self.events_stored = counter("events_stored_total", "Events stored for the first time.")
        self.events_duplicate = counter("events_duplicate_total", "Events that were stored already.")
        self.dead_letters = counter(
            "dead_letters_total", "Inputs kept as dead letters, by channel and reason.", ("channel", "code")
        )
        self.requests_refused = counter(
            "requests_refused_total",
            "Requests refused as a whole, by channel and reason.",
            ("channel", "code"),
        )
        self.contract_violations = counter(
            "contract_violations_total",
            "Events that break their contract, by event type and what became of them (reject or flag).",
            ("type", "action"),
        )
        self.spans_received = counter("spans_received_total", "Spans read from requests.")
        self.spans_stored = counter("spans_stored_total", "Spans stored.")
        self.spans_rejected = counter("spans_rejected_total", "Spans refused in a partial success.")
        self.commit_seconds = Histogram(
            "milepost_commit_duration_seconds",
            "How long one group commit takes, by channel.",
            ("channel",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self.waiting = Gauge(
            "milepost_commit_waiting",
            "Events or bytes that wait to be committed, by channel.",
            ("channel",),
            registry=registry,
        )

    def count_events(self, outcomes: Iterable["EventOutcome"]) -> None:
        """Counts what became of a group of requests."""
        for outcome in outcomes:
            self.events_received.inc(outcome.accepted + outcome.duplicates + len(outcome.rejected))
            self.events_stored.inc(outcome.accepted)
            self.events_duplicate.inc(outcome.duplicates)
            for rejection in outcome.rejected:
                self.dead_letters.labels("events", rejection.code).inc()
