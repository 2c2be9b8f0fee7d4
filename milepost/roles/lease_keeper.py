"""Keeps an engine's lease from a thread of its own, says in the log whose turn it is, and shows it to Prometheus."""

import logging
import secrets
import socket
import threading
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from domain.clock import steady_seconds
from domain.errors import StoreError
from milepost.roles.lease import LOOKS_A_LEASE, Lease, Standing
from storage.client import Store
from storage.engine_claims import Claims

log = logging.getLogger("milepost.engine")


class LeaseMetrics:
    """What Prometheus sees of which engine acts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.active = Gauge("milepost_engine_active", "1 where this engine may act, 0 on a standby.", registry=registry)
        self.epoch = Gauge(
            "milepost_engine_epoch", "The number of this engine's turn; 0 without one.", registry=registry
        )
        self.takeovers = Counter(
            "milepost_engine_takeovers_total", "How often this engine began to act.", registry=registry
        )
        self.age = Gauge(
            "milepost_engine_lease_age_seconds",
            "How long ago this engine last made sure that it is the only one; 0 on a standby.",
            registry=registry,
        )

    def show(self, lease: Lease) -> None:
        """Shows a lease as it is whenever somebody looks."""
        self.active.set_function(lambda: float(lease.is_valid))
        self.epoch.set_function(lambda: lease.epoch)
        self.age.set_function(lambda: lease.age or 0.0)


class LeaseKeeper:
    """The lease of one process on one server store."""

    def __init__(self, store: Store, length: float, metrics: LeaseMetrics) -> None:
        """`store` is not fenced: a claim is how one comes to write."""
        self.holder = f"{socket.gethostname()}-{secrets.token_hex(4)}"
        self.lease = Lease(Claims(store), self.holder, length, steady_seconds)
        self._every = length / LOOKS_A_LEASE
        self._metrics = metrics
        metrics.show(self.lease)
        self._told: tuple[Standing, str] | None = None
        self._is_away = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="engine lease", daemon=True)

    def start(self, on_turn: Callable[[], None]) -> None:
        """Takes part from now on; `on_turn` is called when the turn of this engine begins or ends."""
        self._on_turn = on_turn
        self._thread.start()

    def stop(self) -> None:
        """Lets the next engine act at once; to be called when this one does nothing more."""
        self._ended.set()
        self._thread.join()
        try:
            self.lease.give_up()
        except StoreError as error:
            log.warning("the lease could not be given up, and ends by itself: %s", error)

    def _work(self) -> None:
        while not self._ended.is_set():
            self._look()
            self._ended.wait(self._every)

    def _look(self) -> None:
        before = self.lease.epoch
        try:
            self.lease.step()
            self._is_away = False
        except StoreError as error:
            if not self._is_away:
                log.warning("the lease cannot be renewed, and this engine acts only as long as it lasts: %s", error)
            self._is_away = True
        except Exception:
            # Whatever it is, an engine whose lease nobody renews would stand still for good.
            log.exception("the lease could not be looked at, tried again")
        self._tell(before)

    def _tell(self, before: int) -> None:
        standing = self.lease.standing
        state = standing, self.lease.active
        if state == self._told:
            return
        was_active = self._told is not None and self._told[0] is Standing.ACTIVE
        self._told = state
        if standing is Standing.ACTIVE:
            self._metrics.takeovers.inc()
            log.info("engine %s takes over: it acts in epoch %d", self.holder, self.lease.epoch)
        elif was_active:
            log.warning("engine %s steps down: its epoch %d is over, another engine has claimed", self.holder, before)
        elif standing is Standing.STANDBY:
            log.info("engine %s is a standby of %s", self.holder, self.lease.active or "nobody")
        else:
            log.info("engine %s claims epoch %d", self.holder, self.lease.epoch)
        if was_active or standing is Standing.ACTIVE:
            self._on_turn()
