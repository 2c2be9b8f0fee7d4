"""`milepost console`: shows a server store to people, and lets them act on it through the doors that commands use."""

import threading
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from alerts.interventions.config import Interventions, load_interventions
from alerts.interventions.desk import InterventionDesk
from alerts.interventions.metrics import InterventionMetrics
from collector.local_door import local_replay
from collector.source_definitions import load_definitions
from collector.span_mapping_config import load_correlation
from dashboard.doors import attach_doors
from domain.clock import Clock
from milepost.contract_checks import open_contract_door
from milepost.intervention_setup import intervention_settings
from milepost.kpi_keeping import KpiKeeping
from milepost.roles.console_part import ConsolePart
from milepost.roles.followed_routing import FollowedRouting
from milepost.roles.ground import Ground, require_server
from milepost.roles.health import RoleDoor
from milepost.rule_reload import FollowedRules
from milepost.rule_setup import rule_references
from milepost.settings import Settings
from rules.references import References


class ConsoleRole:
    """The console of a store that collectors and engines in other processes work on."""

    def __init__(self, settings: Settings, clock: Clock, report: Callable[[str], None]) -> None:
        """Checks the configuration, the port and the store, in this order; nothing runs yet."""
        require_server(settings, "console")
        self._ground = Ground(settings, clock, report)
        try:
            self._build()
        except BaseException:
            self._ground.closing.close()
            raise

    def _build(self) -> None:
        ground, settings = self._ground, self._ground.settings
        references = rule_references(settings)
        interventions = load_interventions(settings.interventions_path)
        correlation = load_correlation(settings.correlation_path)
        routing = FollowedRouting(settings.routing_path, ground.registry, ground.clock)
        rules = FollowedRules(settings, references.contracts, interventions.known, ground.registry, ground.clock)
        kpis = KpiKeeping(settings, references, CollectorRegistry(), ground.clock.now(), demo=False)
        console = self._console = ConsolePart(ground)
        console.bind()
        ground.open_store()
        ground.arrival.attempt()
        self._attach_doors(references, interventions)
        self._door = RoleDoor(ground, console.host, lambda: "ready")
        console.open(
            references,
            interventions.known,
            correlation.span_names,
            routing.routing,
            kpis,
            rules,
            self._door.before,
        )

    def _attach_doors(self, references: References, interventions: Interventions) -> None:
        """Replays and plans through the store, as commands do; the door's rules are those of the collectors."""
        ground, settings, store = self._ground, self._ground.settings, self._ground.store
        replay = local_replay(
            store,
            ground.clock,
            open_contract_door(settings, references.contracts, store),
            load_definitions(settings.sources_paths).values(),
            load_correlation(settings.correlation_path),
        )
        calling = intervention_settings(interventions, references)
        metrics = InterventionMetrics(CollectorRegistry())
        desk = InterventionDesk(store, ground.clock, calling, metrics, threading.Event().wait)
        attach_doors(replay, desk.planner.plan)

    def start(self) -> None:
        """Serves from now on."""
        ground = self._ground
        ground.arrival.start()
        ground.closing.callback(ground.arrival.stop)
        self._door.start()
        self._console.start()
        self._console.tell()
        ground.report(f"metrics    {self._console.url}/metrics")
        ground.report(f"store      {ground.where}{' is away' if ground.arrival.problem else ''}")

    def stop(self) -> None:
        """Ends the open pages' connections."""
        self._ground.closing.close()
