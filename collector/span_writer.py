"""Stores trace requests in groups: their bodies go to ClickHouse as one, and a body it refuses alone."""

from collections.abc import Sequence
from typing import Literal

from opentelemetry import trace

from collector.metrics import CollectorMetrics
from collector.receivers.otlp import TraceRequest
from domain.errors import InputError, StoreError, StoreUnreachable
from storage.client import Store
from storage.traces import insert_traces

_tracer = trace.get_tracer("milepost.collector")


class SpanWriter:
    """Commits groups of trace requests; `commit` runs on one thread at a time."""

    def __init__(self, store: Store, metrics: CollectorMetrics) -> None:
        self._store = store
        self._metrics = metrics

    def commit(self, group: Sequence[TraceRequest]) -> list[Literal[True] | Exception]:
        """True for each request whose spans are stored, InputError for one that the store cannot hold."""
        with (
            _tracer.start_as_current_span("store spans"),
            self._metrics.commit_seconds.labels("traces").time(),
        ):
            try:
                insert_traces(self._store, [request.body for request in group])
            except StoreUnreachable:
                raise
            except StoreError as error:
                if len(group) == 1:
                    return [InputError("store_refused", f"the store cannot hold these spans: {error}")]
                return [outcome for request in group for outcome in self.commit([request])]
            self._metrics.spans_stored.inc(sum(request.spans for request in group))
            return [True] * len(group)
