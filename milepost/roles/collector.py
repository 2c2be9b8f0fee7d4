"""`milepost collector`: takes input for a server store, beside as many others as are wanted."""

import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute

from alerts.interventions.config import load_interventions
from domain.clock import Clock
from milepost.api.actions import action_routes
from milepost.api.routes import api_routes
from milepost.collection import collect_rarely
from milepost.exposure import LOOPBACK, require_token
from milepost.kpi_keeping import KpiKeeping
from milepost.roles.collector_part import CollectorPart
from milepost.roles.followed_routing import FollowedRouting
from milepost.roles.ground import Ground, require_server
from milepost.rule_reload import FollowedRules
from milepost.rule_setup import rule_references
from milepost.settings import Settings
from milepost.tracing import configure_tracing


class CollectorRole:
    """Receivers, spool, dead letters and replay, what vendors tell, and the reading part of the API."""

    def __init__(self, settings: Settings, clock: Clock, report: Callable[[str], None]) -> None:
        """Checks the configuration, the ports and the store, in this order; nothing runs yet."""
        require_server(settings, "collector")
        if settings.host not in LOOPBACK:
            require_token(settings, clock)
        self._ground = Ground(settings, clock, report)
        try:
            self._build()
        except BaseException:
            self._ground.closing.close()
            raise

    def _build(self) -> None:
        ground = self._ground
        self._references = rule_references(ground.settings)
        self._collector = CollectorPart(ground, self._references.contracts)
        self._routing = FollowedRouting(ground.settings.routing_path, ground.registry, ground.clock)
        routes = self._prepared_routes()
        self._collector.bind()
        ground.open_store()
        ground.arrival.attempt()
        self._collector.open(routes())

    def _prepared_routes(self) -> Callable[[], list[BaseRoute]]:
        """Reads the files that the API answers by; what is wrong in them is told before a port is opened."""
        ground, settings, contracts = self._ground, self._ground.settings, self._references.contracts
        known = load_interventions(settings.interventions_path).known
        rules = FollowedRules(settings, contracts, known, ground.registry, ground.clock)
        kpis = KpiKeeping(settings, self._references, CollectorRegistry(), ground.clock.now(), demo=False)
        return lambda: [
            *api_routes(
                ground.store,
                ground.clock,
                contracts,
                lambda: rules.row,
                self._routing.routing,
                kpis.book,
                kpis.close.book,
            ),
            *action_routes(ground.store, ground.clock, self._routing.config, os.environ, ground.registry),
        ]

    def start(self) -> None:
        """Takes input from now on."""
        ground = self._ground
        ground.closing.callback(configure_tracing())
        self._collector.start()
        ground.arrival.start()
        ground.closing.callback(ground.arrival.stop)
        self._collector.tell()
        ground.report(f"metrics    {self._collector.url}/metrics")
        self._collector.tell_store()
        collect_rarely()

    def stop(self) -> None:
        """Stops in reverse; what was acknowledged is stored, or in the spool."""
        self._ground.closing.close()
