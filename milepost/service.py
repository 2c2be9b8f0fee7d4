"""The composition root of `milepost up`: builds all parts on one store, starts them in order, stops them in reverse.

Which part does what, and the roles that run some of them in a process of their own, is in `milepost.roles`.
"""

import contextlib
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from starlette.routing import BaseRoute

from alerts.interventions.config import load_interventions
from dashboard.doors import attach_doors
from domain.clock import Clock
from domain.instants import EPOCH
from milepost.answers.from_api import ApiAnswers
from milepost.api.actions import action_routes
from milepost.api.routes import api_routes
from milepost.collection import collect_rarely
from milepost.demo.world import DemoWorld
from milepost.exposure import LOOPBACK, reachable, require_token
from milepost.roles.collector_part import CollectorPart
from milepost.roles.console_part import ConsolePart
from milepost.roles.engine_part import EnginePart
from milepost.roles.ground import Ground
from milepost.roles.settled import SettledStore, settled_beside
from milepost.rule_setup import rule_references
from milepost.settings import Settings
from milepost.tracing import configure_tracing
from storage.client import Store
from storage.events import latest_instant
from storage.source_silences import note_absence

# A restart is no absence: senders try again for as long.
SHORTEST_ABSENCE = timedelta(minutes=1)


class Service:
    """Everything in one process on one store: collector, engine, alerts and console."""

    def __init__(self, settings: Settings, clock: Clock, report: Callable[[str], None], *, demo: bool = False) -> None:
        """Checks the configuration, the ports and the store, in this order; nothing runs yet."""
        if settings.host not in LOOPBACK:
            require_token(settings, clock)
        self._ground = Ground(settings, clock, report)
        try:
            self._build(demo)
        except BaseException:
            self._ground.closing.close()
            raise

    def _build(self, demo: bool) -> None:
        ground, settings = self._ground, self._ground.settings
        references = rule_references(settings)
        self._demo = DemoWorld(ground.closing, ground.clock, ground.report) if demo else None
        path = settings.interventions_path
        if path is None and self._demo is not None:
            path = self._demo.open_middleware()
        interventions = load_interventions(path)
        self._collector = CollectorPart(ground, references.contracts)
        routing = self._demo.routing_path if self._demo else settings.routing_path
        self._engine = EnginePart(ground, references, interventions, routing, demo=demo)
        self._console = ConsolePart(ground)
        self._collector.bind()
        self._console.bind()
        store = ground.open_store(reachable(self._collector.url), self._collector.operator)
        ground.arrival.attempt(partial(_note_absence, store, ground.clock))
        self._engine.open(self._console.url)
        self._collector.open(self._routes())
        attach_doors(self._collector.collector.replay, self._engine.interventions.plan)
        self._console.open(
            references,
            interventions.known,
            self._collector.correlation.span_names,
            self._engine.routing,
            self._engine.kpis,
            self._engine.rule_files,
        )

    def _routes(self) -> list[BaseRoute]:
        ground, engine = self._ground, self._engine
        # As commands do it: rows that are pulled are counted and settled with all that comes.
        own = ApiAnswers(reachable(self._collector.url), self._collector.operator)
        door = ground.closing.enter_context(contextlib.closing(own)).door(ground.settings)
        of_engine = engine.connect(self._settled_through(), door)
        return [
            *api_routes(
                ground.store,
                ground.clock,
                engine.contracts,
                lambda: engine.rule_files.row,
                engine.routing,
                engine.kpis.book,
                engine.kpis.close.book,
            ),
            *of_engine,
            *action_routes(
                ground.store,
                ground.clock,
                lambda: engine.routing_file.current.config,
                os.environ,
                ground.registry,
            ),
        ]

    def _settled_through(self) -> Callable[[], datetime]:
        def own() -> datetime:
            return self._collector.collector.writer.settled_through()

        is_alone = self._ground.store.is_embedded
        return own if is_alone else settled_beside(own, SettledStore(self._engine.store))

    @property
    def collector_url(self) -> str:
        """Where the collector listens."""
        return self._collector.url

    @property
    def console_url(self) -> str:
        """Where the console listens."""
        return self._console.url

    @property
    def routes(self) -> list[BaseRoute]:
        """What is answered over HTTP."""
        return self._collector.collector.routes

    def start(self) -> None:
        """Starts the parts: first what takes input, then what reads it."""
        ground = self._ground
        ground.closing.callback(configure_tracing())
        self._collector.start()
        ground.arrival.start()
        ground.closing.callback(ground.arrival.stop)
        self._engine.start()
        self._console.start()
        self._console.tell()
        self._collector.tell()
        self._engine.tell()
        ground.report(f"metrics    {self._collector.url}/metrics")
        self._collector.tell_store()
        collect_rarely()
        if self._demo:
            self._demo.start(reachable(self._collector.url), self._collector.operator)

    def stop(self) -> None:
        """Stops the parts in reverse; what was acknowledged is stored, what was being sent is taken up next time."""
        self._ground.closing.close()

    def tick(self) -> None:
        """Evaluates what is new and due, then tells whoever is to be told. One tick at a time."""
        self._engine.tick()

    def keep_kpis(self) -> None:
        """Brings KPIs and the close up to date with all that has come."""
        self._engine.keep_kpis()


def _note_absence(store: Store, clock: Clock) -> None:
    """Records that nobody could be heard since the last process ended, where this is the only collector there is."""
    if not store.is_embedded:
        return
    since, now = latest_instant(store), clock.now()
    if since > EPOCH and now - since > SHORTEST_ABSENCE:
        note_absence(store, since, now)
