"""Stores trace requests in groups: their bodies go to ClickHouse as one, and a body it refuses alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from opentelemetry import trace

from collector.metrics import CollectorMetrics
from collector.receivers.otlp import TraceRequest
from collector.span_runs import SpanRuns
from domain.errors import DataRefused, InputError, StoreError
from domain.exemplar import timed
from storage.client import Store
from storage.traces import insert_traces

_tracer = trace.get_tracer("milepost.collector")


class SpanWriter:
    """Commits groups of trace requests; `commit` runs on one thread at a time."""

    def __init__(self, store: Store, metrics: CollectorMetrics, runs: SpanRuns = SpanRuns()) -> None:
        self._store = store
        self._metrics = metrics
        self._runs = runs

    def commit(self, group: Sequence[TraceRequest]) -> list[Literal[True] | Exception]:
        """For each request True when its spans are stored, InputError when they cannot be, StoreError when not now."""
        with (
            _tracer.start_as_current_span("store spans"),
            timed(self._metrics.commit_seconds.labels("traces")),
        ):
            return self._insert([replace(request, body=self._runs.noted(request.body)) for request in group])

    def _insert(self, group: Sequence[TraceRequest]) -> list[Literal[True] | Exception]:
        try:
            insert_traces(self._store, [request.body for request in group])
        except DataRefused as error:
            if len(group) == 1:
                return [InputError("store_refused", f"the store cannot hold these spans: {error}")]
            middle = len(group) // 2
            return self._insert(group[:middle]) + self._insert(group[middle:])
        except StoreError as error:
            return [error] * len(group)
        self._metrics.count_stored_spans(sum(request.spans for request in group))
        return [True] * len(group)
