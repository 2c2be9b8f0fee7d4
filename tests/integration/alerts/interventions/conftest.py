"""A middleware that is called, and the desks of those who have calls made."""

from collections.abc import Iterator

import pytest

from storage.client import Store
from tests.integration.alerts.interventions.desks import Office, Opened
from tests.middleware import Middleware


@pytest.fixture
def middleware() -> Iterator[Middleware]:
    with Middleware() as middleware:
        yield middleware


@pytest.fixture
def office(embedded_store: Store, middleware: Middleware) -> Opened:
    return lambda **changes: Office(embedded_store, middleware, **changes)
