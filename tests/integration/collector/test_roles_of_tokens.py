"""What a token may do at the API: what its role may, and no more."""

from collections.abc import Iterator

import pytest

from collector.access import DoorSettings
from collector.tokens import issue_token
from domain.clock import SystemClock
from storage.client import Store
from tests.integration.collector.running import RunningCollector, running_collector

LADDER = ("read", "api", "admin")


@pytest.fixture
def tokens(embedded_store: Store) -> dict[str, str]:
    """A token for each role, by its scope."""
    return {scope: issue_token(embedded_store, SystemClock(), scope, scopes=[scope]) for scope in LADDER}


@pytest.fixture
def guarded(embedded_store: Store, tokens: dict[str, str]) -> Iterator[RunningCollector]:
    """A collector that needs tokens."""
    with running_collector(embedded_store, door=DoorSettings()) as running:
        yield running


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        pytest.param("GET", "/api/alerts", "read", id="alerts are read by viewers"),
        pytest.param("POST", "/api/backtest", "read", id="a backtest is asked for by viewers"),
        pytest.param("POST", "/api/alerts/1/actions", "api", id="alerts are acknowledged by operators"),
        pytest.param("POST", "/api/silences", "api", id="silences are made by operators"),
        pytest.param("POST", "/api/rules/migrate", "admin", id="rules are migrated by admins"),
        pytest.param("GET", "/api/tokens", "admin", id="tokens are read by admins"),
    ],
)
def test_a_token_opens_what_its_role_may_and_no_more(
    guarded: RunningCollector, tokens: dict[str, str], method: str, path: str, scope: str
) -> None:
    def status_of(token: str) -> int:
        return guarded.http.request(method, path, headers={"Authorization": f"Bearer {token}"}).status_code

    statuses = {name: status_of(tokens[name]) for name in LADDER}

    assert tuple(name for name, status in statuses.items() if status == 403) == LADDER[: LADDER.index(scope)]
    assert 401 not in statuses.values()
