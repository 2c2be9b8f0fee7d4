"""Tokens are made and revoked as wished, or not at all."""

from typing import Any

import pytest

from collector.tokens import issue_token, revoke_token
from domain.clock import FixedClock
from domain.errors import UsageError
from storage.client import Store
from storage.tokens import list_tokens
from tests.builders import NOW

CLOCK = FixedClock(NOW)


def issued(store: Store, **wish: Any) -> str:
    """The text of a token for events of the CRM; `wish` changes it."""
    return issue_token(store, CLOCK, **{"name": "sender", "scopes": ["events"], "sources": ["crm"], **wish})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "a b"}, "name is 'a b'; give 1 to 100 letters, digits or . _ @ -"),
        (
            {"scopes": []},
            "a token without a scope opens nothing; give some of events, traces, sources, metrics, read, api, admin",
        ),
        ({"scopes": ["all"]}, "scope is 'all'; give some of events, traces, sources, metrics, read, api, admin"),
        ({"sources": []}, "a token for events or sources needs the sources it may send; * stands for any"),
        ({"sources": ["a*b"]}, "source is 'a*b'; give a source, a beginning followed by *, or * for any"),
        ({"expires_at": NOW}, "the token would have expired already; give an instant to come"),
        ({"name": "taken"}, "there is a token 'taken'; revoke it first, or give another name"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_wrong_wish_makes_no_token(embedded_store: Store, changes: dict[str, Any], reason: str) -> None:
    issued(embedded_store, name="taken")

    with pytest.raises(UsageError) as refusal:
        issued(embedded_store, **changes)

    assert str(refusal.value) == reason
    assert len(list_tokens(embedded_store)) == 1


def test_a_token_there_is_not_cannot_be_revoked(embedded_store: Store) -> None:
    issued(embedded_store)
    revoke_token(embedded_store, CLOCK, "sender")

    with pytest.raises(UsageError) as refusal:
        revoke_token(embedded_store, CLOCK, "sender")

    assert str(refusal.value) == "there is no token 'sender' to revoke; `milepost tokens list` shows them"
