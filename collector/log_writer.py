"""Stores log requests in groups: their bodies go to ClickHouse as one, and a body it refuses alone."""

from collections.abc import Sequence
from typing import Literal

from collector.metrics import CollectorMetrics
from collector.receivers.otlp_logs import LogRequest
from domain.errors import DataRefused, InputError, StoreError
from storage.client import Store
from storage.log_records import insert_logs


class LogWriter:
    """Commits groups of log requests that hold errors; `commit` runs on one thread at a time."""

    def __init__(self, store: Store, metrics: CollectorMetrics) -> None:
        self._store = store
        self._metrics = metrics

    def commit(self, group: Sequence[LogRequest]) -> list[Literal[True] | Exception]:
        """For each request True when its errors are stored, InputError when they cannot be, StoreError when not now."""
        with self._metrics.commit_seconds.labels("logs").time():
            return self._insert(group)

    def _insert(self, group: Sequence[LogRequest]) -> list[Literal[True] | Exception]:
        try:
            insert_logs(self._store, [request.body for request in group])
        except DataRefused as error:
            if len(group) == 1:
                return [InputError("store_refused", f"the store cannot hold these log records: {error}")]
            middle = len(group) // 2
            return self._insert(group[:middle]) + self._insert(group[middle:])
        except StoreError as error:
            return [error] * len(group)
        self._metrics.count_stored_errors(sum(request.errors for request in group))
        return [True] * len(group)
