"""The store of the rules' tests."""

import pytest

from storage.client import Store


@pytest.fixture
def store(embedded_store: Store) -> Store:
    """A migrated, empty Store in this process: that a server answers the same is for the tests of the store to hold."""
    return embedded_store
