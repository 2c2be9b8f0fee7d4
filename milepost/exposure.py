"""Whom the door of a running Milepost may open to: other machines only where tokens tell them apart."""

from domain.clock import Clock
from domain.errors import StoreUnreachable, UsageError
from milepost.settings import Settings
from storage.client import Store
from storage.migrator import migrate
from storage.tokens import list_tokens

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def require_token(settings: Settings, clock: Clock) -> None:
    """UsageError where others could reach the door and nothing would tell them apart.

    While a server store is away nobody knows; the door then opens to those whose tokens were known before.
    """
    with Store(settings.store, asks_now=False, cluster=settings.cluster) as store:
        try:
            store.make_database()
            migrate(store, clock.now())
            if opens_to_anybody(store, clock):
                return
        except StoreUnreachable:
            if store.is_embedded:
                raise
            return
    raise UsageError(no_token(settings))


def opens_to_anybody(store: Store, clock: Clock) -> bool:
    """Whether there is a token that counts now."""
    return any(token.counts(clock.now()) for token in list_tokens(store))


def no_token(settings: Settings) -> str:
    """What is wrong with a door that other machines reach and no token opens."""
    return (
        f"MILEPOST_HOST is {settings.host}: other machines would reach the collector, and there is no token to tell "
        "them apart; make one with `milepost tokens create`, or give one of " + ", ".join(LOOPBACK)
    )


def reachable(url: str) -> str:
    """The address for a program on this machine where the collector listens on every address."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
