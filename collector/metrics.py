"""What the collector counts: received = stored + duplicates + dead letters + refused, for each channel.

An event, a span or a log record counts as one. So does a request that is kept or refused as a whole, whatever it held.
What a replay stores is received once more; what it does not is a dead letter already. What the spool holds is received
when it is settled.
"""

from collections.abc import Callable, Iterable
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

        self.events_received = counter(
            "events_received_total", "Events received, and requests for them taken as a whole."
        )
        self.events_stored = counter("events_stored_total", "Events stored for the first time.")
        self.events_duplicate = counter("events_duplicate_total", "Events that were stored already.")
        self.dead_letters = counter(
            "dead_letters_total", "Inputs kept as dead letters, by channel and reason.", ("channel", "code")
        )
        self.requests_refused = counter(
            "requests_refused_total",
            "Requests neither taken nor kept, by channel and reason.",
            ("channel", "code"),
        )
        self.spans_received = counter("spans_received_total", "Spans received, and requests for them taken as a whole.")
        self.rejected_signatures = counter(
            "source_rejected_signatures_total",
            "Webhooks that were not believed, by source and reason.",
            ("source", "reason"),
        )
        self.throttled = counter(
            "source_throttled_events_total", "Events refused because their source is over its rate.", ("source",)
        )
        self.contract_violations = counter(
            "contract_violations_total",
            "Events that break their contract, by event type and what became of them (reject or flag).",
            ("type", "action"),
        )
        self.spans_stored = counter("spans_stored_total", "Spans stored.")
        self.spans_rejected = counter("spans_rejected_total", "Spans refused in a partial success.")
        self.replays = counter(
            "dead_letter_replays_total", "Replays of dead letters, by channel and outcome.", ("channel", "outcome")
        )
        self.mapped_spans = counter(
            "mapped_spans_total", "Spans that a mapping fits, by mapping and what came of it.", ("mapping", "outcome")
        )
        self.spans_duplicate = counter(
            "spans_duplicate_total", "Spans that were stored already, such as those of a request that is sent again."
        )
        self._count_logs(counter)
        self._measure_commits(registry)

    def _count_logs(self, counter: Callable[[str, str], Counter]) -> None:
        self.log_records_received = counter(
            "log_records_received_total", "Log records received, and requests for them taken as a whole."
        )
        self.log_errors_stored = counter("log_errors_stored_total", "Log records of errors stored.")
        self.log_errors_duplicate = counter(
            "log_errors_duplicate_total",
            "Log records of errors that were stored already, such as those of a request that is sent again.",
        )
        self.log_records_passed = counter(
            "log_records_passed_total", "Log records taken that are no errors, and so not kept."
        )

    def _measure_commits(self, registry: CollectorRegistry) -> None:
        self.commit_seconds = Histogram(
            "milepost_commit_duration_seconds",
            "How long one group commit takes, by channel.",
            ("channel",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self.spool_bytes = Gauge(
            "milepost_spool_bytes",
            "What is acknowledged and waits for the store to answer again, by channel.",
            ("channel",),
            registry=registry,
        )
        self.waiting = Gauge(
            "milepost_commit_waiting",
            "Events or bytes that wait to be committed, by channel.",
            ("channel",),
            registry=registry,
        )

    def count_events(self, outcome: "EventOutcome", channel: str, *, keep_rejected: bool = True) -> None:
        """Counts what became of a request's events; what is rejected of a replay is counted already."""
        self.events_stored.inc(outcome.accepted)
        self.events_duplicate.inc(outcome.duplicates)
        self.events_received.inc(outcome.accepted + outcome.duplicates)
        if keep_rejected:
            for rejection in outcome.rejected:
                self.keep(channel, rejection.code)

    def watch_spool(self, channel: str, waiting_bytes: Callable[[], float]) -> None:
        """Shows how much a channel's spool holds."""
        self.spool_bytes.labels(channel).set_function(waiting_bytes)

    def keep(self, channel: str, code: str) -> None:
        """Counts an event, or a request kept whole, as a dead letter."""
        self._receive(channel)
        self.dead_letters.labels(channel, code).inc()

    def refuse(self, channel: str, code: str) -> None:
        """Counts a request that is neither taken nor kept."""
        self._receive(channel)
        self.requests_refused.labels(channel, code).inc()

    def count_stored_spans(self, spans: int) -> None:
        """Counts spans that were stored, for the first time or in a replay."""
        self.spans_received.inc(spans)
        self.spans_stored.inc(spans)

    def count_duplicate_spans(self, spans: int) -> None:
        """Counts spans that were stored already."""
        self.spans_received.inc(spans)
        self.spans_duplicate.inc(spans)

    def count_stored_errors(self, errors: int) -> None:
        """Counts log records of errors that were stored, for the first time or in a replay."""
        self.log_records_received.inc(errors)
        self.log_errors_stored.inc(errors)

    def count_duplicate_errors(self, errors: int) -> None:
        """Counts log records of errors that were stored already."""
        self.log_records_received.inc(errors)
        self.log_errors_duplicate.inc(errors)

    def count_passed_records(self, records: int) -> None:
        """Counts log records that are taken and not kept."""
        self.log_records_received.inc(records)
        self.log_records_passed.inc(records)

    def count_rejected_spans(self, spans: int) -> None:
        """Counts the spans that a partial success left out."""
        self.spans_received.inc(spans)
        self.spans_rejected.inc(spans)

    def _receive(self, channel: str) -> None:
        if channel == "traces":
            self.spans_received.inc()
        elif channel == "logs":
            self.log_records_received.inc()
        elif channel.partition("/")[0] in ("events", "sources"):
            self.events_received.inc()
