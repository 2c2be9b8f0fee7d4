"""What an engine does while it may act: evaluates, tells, knows whom it told. Made anew whenever its turn begins."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from opentelemetry import trace

from alerts.digests import Digests
from alerts.dispatcher import Dispatcher
from alerts.metrics import AlertMetrics
from collector.correlation import Correlator
from domain.clock import Clock
from domain.contract import Contracts
from domain.rule import Rule
from milepost.engine_metrics import EngineMetrics
from milepost.freshness_metrics import FreshnessMetrics
from milepost.routing_reload import ReadRouting
from rules.cause_finding import CauseFinder
from rules.engine import Engine
from storage.alerts import dispatchable_alerts
from storage.client import Store

# How far back the dispatcher looks for alerts that ended: at its first tick over any outage it should tell of
# afterwards, then over the few ticks it may have missed.
ENDED_IN_SIGHT_AT_START = timedelta(days=30)
ENDED_IN_SIGHT = timedelta(hours=1)


class Duty:
    """One turn; one tick at a time. Everything it remembers of the store is read when it is made."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rules: tuple[Rule, ...],
        contracts: Contracts,
        routing: ReadRouting,
        metrics: "DutyMetrics",
        may_send: Callable[[], bool],
    ) -> None:
        """`store` is fenced where other engines may act on it, and `may_send` says whether this one may."""
        self.epoch = store.epoch
        self._store = store
        self._contracts = contracts
        self._metrics = metrics
        self._ended_in_sight = ENDED_IN_SIGHT_AT_START
        self._correlator = Correlator(store, contracts)
        self._engine = Engine(store, rules, contracts)
        self._causes = CauseFinder(store)
        self._digests = Digests(store)
        rng = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self.dispatcher = Dispatcher(routing.routing, routing.integrations, store, clock, rng, metrics.alerts, may_send)

    def evaluate(
        self, through: datetime, rules: Callable[[], tuple[Rule, ...] | None], settle: Callable[[datetime], None]
    ) -> None:
        """Brings all that follows from events up to an instant; `settle` decides what waits for some."""
        try:
            self._metrics.engine.correlated_through.set(self._correlator.tick(through).timestamp())
        finally:
            # No verdict depends on a run.
            if changed := rules():
                self._engine.change_rules(changed)
            self._judge(through, settle)

    def tell(self, read: ReadRouting | None, current: ReadRouting, now: datetime) -> None:
        """Tells whoever is to be told, from now on by another routing where one was read."""
        if read is not None:
            self.dispatcher.change(read.routing, read.integrations)
            # Groups are built anew, also of what ended while it was muted.
            self._ended_in_sight = ENDED_IN_SIGHT_AT_START
        self.dispatcher.run(dispatchable_alerts(self._store, now - self._ended_in_sight), now)
        self._ended_in_sight = ENDED_IN_SIGHT
        self._digests.run(current.routing, self.dispatcher, now)

    def _judge(self, through: datetime, settle: Callable[[datetime], None]) -> None:
        result = self._engine.tick(through)
        self._metrics.engine.count(result, self._store)
        self._metrics.freshness.read(self._store, self._contracts, result.through)
        span = trace.get_current_span()
        span.set_attribute("milepost.objects", result.objects)
        span.set_attribute("milepost.transitions", result.transitions.total())
        # Last, since no verdict depends on it; whoever is told of an alert at this tick is told its cause as well.
        span.set_attribute("milepost.explained", self._causes.tick(result.through))
        settle(through)


class DutyMetrics:
    """What all turns of one engine count."""

    def __init__(self, engine: EngineMetrics, freshness: FreshnessMetrics, alerts: AlertMetrics) -> None:
        self.engine = engine
        self.freshness = freshness
        self.alerts = alerts
