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
        self.rejected_signatures = counter(
            "source_rejected_signatures_total",
            "Webhooks that were not believed, by source and reason.",
            ("source", "reason"),
        )
        self.contract_violations = counter(
            "contract_violations_total",
            "Events that break their contract, by event type and what became of them (reject or flag).",
            ("type", "action"),
        )
        self.spans_received = counter("spans_received_total", "Spans read from requests.")
        self.spans_stored = counter("spans_stored_total", "Spans stored.")
        self.spans_rejected = counter("spans_rejected_total", "Spans refused in a partial success.")
        self.mapped_spans = counter(
            "mapped_spans_total", "Spans that a mapping fits, by mapping and what came of it.", ("mapping", "outcome")
        )
        self.log_records_received = counter("log_records_received_total", "Log records read from requests.")
        self.log_errors_stored = counter(
            "log_errors_stored_total", "Log records of errors stored; others are not kept."
        )
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

    def count_events(self, outcomes: Iterable["EventOutcome"], channels: Iterable[str]) -> None:
        """Counts what became of a group of requests, each with the channel it came through."""
        for outcome, channel in zip(outcomes, channels, strict=True):
            self.events_received.inc(outcome.accepted + outcome.duplicates + len(outcome.rejected))
            self.events_stored.inc(outcome.accepted)
            self.events_duplicate.inc(outcome.duplicates)
            for rejection in outcome.rejected:
                self.dead_letters.labels(channel, rejection.code).inc()
