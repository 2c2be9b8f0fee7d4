"""What all parts of a process stand on: its settings, clock, metrics and store, and the order in which it ends."""

import contextlib
import logging
import socket
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from domain.clock import Clock
from domain.errors import MilepostError, UsageError
from milepost.http_server import bind
from milepost.settings import Settings
from milepost.store_arrival import StoreArrival
from storage.client import ACCEPTED_SERVER_DSN, Store, read_dsn

log = logging.getLogger("milepost")
Report = Callable[[str], None]


class Ground:
    """One process's; whatever is put into `closing` is undone in reverse."""

    store: Store
    arrival: StoreArrival

    def __init__(self, settings: Settings, clock: Clock, report: Report) -> None:
        """`report` tells whoever started the process where everything is."""
        self.settings = settings
        self.clock = clock
        self.report = report
        self.registry = CollectorRegistry()
        self.closing = contextlib.ExitStack()

    def bind(self, host: str, port: int, setting: str) -> socket.socket:
        """A listening socket; MilepostError where the port cannot be had."""
        try:
            return self.closing.enter_context(bind(host, port, setting))
        except MilepostError:
            # Who holds the store most likely has the port too, and is the better explanation.
            Store(self.settings.store, asks_now=False).close()
            raise

    def open_store(self, api_url: str = "", api_token: str = "") -> Store:
        """Opens the store without asking it; what needs its answer is a step of `arrival`."""
        settings = self.settings
        store = Store(
            settings.store, api_url=api_url or None, api_token=api_token, asks_now=False, cluster=settings.cluster
        )
        self.store = self.closing.enter_context(store)
        self.arrival = StoreArrival(store, self.clock)
        return store

    @property
    def where(self) -> str:
        """The store, for whoever started the process."""
        return self.settings.store if self.store.is_embedded else self.store.where


def require_server(settings: Settings, role: str) -> None:
    """UsageError where a role cannot run apart, since the store is inside one process."""
    if read_dsn(settings.store)[2] is not None:
        raise UsageError(
            f"MILEPOST_STORE is {settings.store}, which one process holds: `milepost {role}` runs beside others, and "
            f"needs a server; give {ACCEPTED_SERVER_DSN}, or run everything in one process with `milepost up`"
        )
