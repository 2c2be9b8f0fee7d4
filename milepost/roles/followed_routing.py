"""The routing file for a process that tells nobody: who is told when, without the integrations and their secrets."""

import logging
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from alerts.config import RoutingConfig, load_routing
from alerts.muting import Routing, build_routing
from domain.clock import Clock
from milepost.watched_files import Watch, WatchedFiles

log = logging.getLogger("milepost.routing")


class FollowedRouting(WatchedFiles[RoutingConfig]):
    """The routing file as it is whenever somebody asks; one with errors changes nothing."""

    def __init__(self, path: Path, registry: CollectorRegistry, clock: Clock) -> None:
        """ConfigError where it is wrong."""
        failed = Gauge(
            "milepost_routing_reload_failed",
            "1 while the routing file is wrong and the one read before goes on.",
            registry=registry,
        )
        loaded_at = Gauge(
            "milepost_routing_loaded_timestamp_seconds", "When the routing in force was read.", registry=registry
        )
        self._clock = clock
        watch = Watch(log, "the routing file is wrong, and the one read before goes on", failed, loaded_at)
        super().__init__(lambda: (path,), lambda: load_routing(path), watch, clock.now())

    def config(self) -> RoutingConfig:
        """What the file says now."""
        self.changed(self._clock.now())
        return self.current

    def routing(self) -> Routing:
        """Who is told when, by what the file says now."""
        return build_routing(self.config())
