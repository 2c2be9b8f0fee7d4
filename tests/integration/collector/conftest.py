"""The collector under test: on each kind of store, or on the embedded one where the store makes no difference."""

from collections.abc import Iterator

import pytest

from storage.client import Store
from tests.integration.collector.running import RunningCollector, running_collector


@pytest.fixture
def collector(embedded_store: Store) -> Iterator[RunningCollector]:
    """A collector on the embedded store."""
    with running_collector(embedded_store) as running:
        yield running


@pytest.fixture
def collector_anywhere(store: Store) -> Iterator[RunningCollector]:
    """A collector on each kind of store in turn."""
    with running_collector(store) as running:
        yield running
