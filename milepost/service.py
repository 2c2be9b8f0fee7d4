"""The composition root: builds the parts of a running Milepost, starts them in order and stops them in reverse."""

import contextlib
import logging
import os
import random
import socket
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from opentelemetry import trace
from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute

from alerts.config import load_routing
from alerts.digests import Digests
from alerts.dispatcher import Dispatcher
from alerts.interventions.config import load_interventions
from alerts.metrics import AlertMetrics
from alerts.muting import Routing
from collector.access import DoorSettings
from collector.app import Collector
from collector.correlation import Correlator
from collector.pull_definitions import PullDefinition, load_pulls
from collector.pull_runs import PullMetrics, PullRuns
from collector.receivers.otlp_grpc import GrpcServer
from collector.receivers.source_webhook import webhooks
from collector.source_definitions import load_definitions
from collector.span_mapping_config import CorrelationConfig, load_correlation
from collector.spooling import SpoolSettings
from collector.tokens import new_operator_token
from dashboard.doors import attach_doors
from dashboard.session import ConsoleContext
from domain.clock import Clock
from domain.errors import MilepostError, StoreUnreachable
from domain.instants import EPOCH
from milepost.adopted_configuration import AdoptedConfiguration
from milepost.answers.from_api import ApiAnswers
from milepost.api.actions import action_routes
from milepost.api.pulls import pull_routes
from milepost.api.routes import api_routes
from milepost.collection import collect_rarely
from milepost.console_door import ConsoleDoor, edited_rules
from milepost.contract_checks import open_contract_door
from milepost.demo.world import DemoWorld
from milepost.engine_metrics import EngineMetrics
from milepost.exposure import LOOPBACK, no_token, opens_to_anybody, reachable, require_token
from milepost.freshness_metrics import FreshnessMetrics
from milepost.http_server import HttpServer, address, bind
from milepost.intervention_setup import RunningInterventions, intervention_settings
from milepost.kpi_keeping import KpiKeeping
from milepost.ready_pulls import ready_pulls
from milepost.routing_reload import RoutingFile
from milepost.rule_reload import RuleFiles
from milepost.rule_setup import rule_references
from milepost.settings import Settings
from milepost.store_arrival import StoreArrival
from milepost.tracing import configure_tracing
from rules.cause_finding import CauseFinder
from rules.engine import Engine
from storage.alerts import dispatchable_alerts
from storage.client import INSERT_SECONDS, Store
from storage.events import latest_instant
from storage.source_silences import note_absence

log = logging.getLogger("milepost")
_tracer = trace.get_tracer("milepost.engine")
# How far back the dispatcher looks for alerts that ended: at its first tick over any outage it should tell of
# afterwards, then over the few ticks it may have missed.
ENDED_IN_SIGHT_AT_START = timedelta(days=30)
ENDED_IN_SIGHT = timedelta(hours=1)
# On a server others may write too, and only they know what they are still writing: an insert that takes longer than
# it may has failed by then, with room for clocks that differ.
FOREIGN_WRITER_LAG = timedelta(seconds=INSERT_SECONDS + 5)
TICK = "tick"
# As often as people look; the rules engine, which wakes people, does not wait for figures.
KPIS_EVERY = timedelta(minutes=1)
KPIS_FIRST_AFTER = timedelta(seconds=30)
# A restart is no absence: senders try again for as long.
SHORTEST_ABSENCE = timedelta(minutes=1)


class Service:
    """Everything in one process on one store: collector, engine, alerts and console."""

    def __init__(self, settings: Settings, clock: Clock, report: Callable[[str], None], *, demo: bool = False) -> None:
        """Checks the configuration, the ports and the store, in this order; nothing runs yet."""
        if settings.host not in LOOPBACK:
            require_token(settings, clock)
        self._settings = settings
        self._clock = clock
        self._report = report
        self._ended_in_sight = ENDED_IN_SIGHT_AT_START
        self._closing = contextlib.ExitStack()
        try:
            self._build(settings, clock, demo)
        except BaseException:
            self._closing.close()
            raise

    def _build(self, settings: Settings, clock: Clock, demo: bool) -> None:
        closing = self._closing
        references = rule_references(settings)
        contracts = self._contracts = references.contracts
        registry = CollectorRegistry()
        self._demo = DemoWorld(closing, clock, self._report) if demo else None
        interventions = load_interventions(self._interventions_path(settings))
        self._rule_files = RuleFiles(settings, contracts, interventions.known, registry, clock.now())
        self._sources = webhooks(load_definitions(settings.sources_paths).values(), os.environ, settings.public_url)
        pulls = load_pulls(settings.pulls_path)
        correlation = load_correlation(settings.correlation_path)
        self._kpis = KpiKeeping(settings, references, registry, clock.now(), demo=demo)
        routing = self._demo.routing_path if self._demo else settings.routing_path
        # What is wrong in it is told before a port is opened.
        load_routing(routing)
        people = ConsoleDoor(settings)
        collector_socket, console_socket = self._bind(settings, people.host)
        self.collector_url = address(collector_socket)
        self.console_url = address(console_socket)
        self._routing_file = RoutingFile(
            routing, settings.console_url or self.console_url, os.environ, registry, clock.now()
        )
        self._operator = new_operator_token()
        store = self._store = closing.enter_context(self._unasked_store(settings))
        self._arrival = StoreArrival(store, clock)
        self._begin_with_store()
        self._build_pulls(pulls, registry)
        calling = intervention_settings(interventions, references)
        self._interventions = RunningInterventions(store, clock, calling, registry)
        self._engine_metrics = EngineMetrics(registry)
        self._correlator = Correlator(store, contracts)
        self._freshness_metrics = FreshnessMetrics(registry)
        self._engine = Engine(store, self._rule_files.rules, contracts)
        self._causes = CauseFinder(store)
        self._alert_metrics = AlertMetrics(registry)
        self._collector = self._build_collector(settings, registry, correlation)
        self._arrival.attempt(self._collector.load, self._open_dispatcher)
        self._collector_server = HttpServer(self._collector.app, collector_socket, "collector")
        attach_doors(self._collector.replay, self._interventions.plan)
        edited = edited_rules(settings, contracts, interventions.known, self._rule_files)
        shown = ConsoleContext(
            store, clock, correlation.span_names, contracts, self._routing, *self._kpis.shown, edited
        )
        self._console_server = people.console(shown, console_socket, self.console_url)
        self._scheduler = self._schedule(settings)

    def _build_collector(
        self, settings: Settings, registry: CollectorRegistry, correlation: CorrelationConfig
    ) -> Collector:
        store, clock, contracts = self._store, self._clock, self._contracts
        return Collector(
            store,
            clock,
            registry,
            self._api_routes(registry),
            open_contract_door(settings, contracts, store),
            self._sources,
            correlation,
            door=DoorSettings(settings.host not in LOOPBACK, settings.rate_limit, self._operator),
            spool=SpoolSettings(settings.spool, settings.spool_size),
            store_problem=lambda: self._arrival.problem,
        )

    def _interventions_path(self, settings: Settings) -> Path | None:
        """The file of calls to the middleware; in the demo, where there is none, that of the demo's own."""
        if settings.interventions_path is not None or self._demo is None:
            return settings.interventions_path
        return self._demo.open_middleware()

    def _unasked_store(self, settings: Settings) -> Store:
        url = reachable(self.collector_url)
        return Store(settings.store, api_url=url, api_token=self._operator, asks_now=False, cluster=settings.cluster)

    def _api_routes(self, registry: CollectorRegistry) -> list[BaseRoute]:
        return [
            *api_routes(
                self._store,
                self._clock,
                self._contracts,
                lambda: self._rule_files.row,
                self._routing,
                self._kpis.book,
                self._kpis.close.book,
            ),
            *pull_routes(self._pulls, self._pull_door),
            *action_routes(self._store, self._clock, lambda: self._routing_file.current.config, os.environ, registry),
            *self._interventions.routes,
        ]

    def _routing(self) -> Routing:
        return self._routing_file.current.routing

    def _begin_with_store(self) -> None:
        self._arrival.attempt(partial(_note_absence, self._store, self._clock), self._note_configuration)
        if not self._arrival.problem:
            # Of a store that is away it is asked at the first keeping: alerts must not wait for it.
            self._kpis.check(self._store)

    def _note_configuration(self) -> None:
        adopted = AdoptedConfiguration(self._store, self._clock)
        adopted.note_contracts(self._contracts)
        self._routing_file.note_with(adopted.note_routing)

    def _build_pulls(self, definitions: Mapping[str, PullDefinition], registry: CollectorRegistry) -> None:
        pulls = ready_pulls(definitions, self._settings, self._store, self._clock)
        self._pulls = PullRuns(pulls, PullMetrics(registry), self._clock)
        # As commands do it: rows that are pulled are counted and settled with all that comes.
        own = ApiAnswers(reachable(self.collector_url), self._operator)
        self._pull_door = self._closing.enter_context(contextlib.closing(own)).door(self._settings)

    def _schedule(self, settings: Settings) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(timezone="UTC", logger=logging.getLogger("apscheduler"))
        scheduler.add_job(
            self.tick,
            "interval",
            id=TICK,
            seconds=settings.tick.total_seconds(),
            next_run_time=self._clock.now(),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        scheduler.add_job(
            self.keep_kpis,
            "interval",
            id="keeping of KPIs",
            seconds=KPIS_EVERY.total_seconds(),
            next_run_time=self._clock.now() + KPIS_FIRST_AFTER,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        scheduler.add_listener(self._job_failed, EVENT_JOB_ERROR)
        return scheduler

    def _bind(self, settings: Settings, console_host: str) -> tuple[socket.socket, socket.socket]:
        """The sockets of collector and console; gRPC opens its own later, and here its port is only tried."""
        try:
            collector = self._closing.enter_context(
                bind(settings.host, settings.collector_port, "MILEPOST_COLLECTOR_PORT")
            )
            with bind(settings.host, settings.grpc_port, "MILEPOST_GRPC_PORT") as probe:
                self._grpc_port = probe.getsockname()[1]
            return collector, self._closing.enter_context(
                bind(console_host, settings.console_port, "MILEPOST_CONSOLE_PORT")
            )
        except MilepostError:
            # Who holds the store most likely has the port too, and is the better explanation.
            Store(settings.store, asks_now=False).close()
            raise

    @property
    def routes(self) -> list[BaseRoute]:
        """What is answered over HTTP."""
        return self._collector.routes

    def start(self) -> None:
        """Starts the parts: first what takes input, then what reads it."""
        self._closing.callback(configure_tracing())
        self._collector.start()
        self._closing.callback(self._collector.stop)
        self._collector_server.start()
        self._closing.callback(self._collector_server.stop)
        grpc_server = GrpcServer(self._collector, self._settings.host, self._grpc_port, "MILEPOST_GRPC_PORT")
        grpc_server.start()
        self._closing.callback(grpc_server.stop)
        self._arrival.attempt(self._look_for_tokens, self._resume_sending, self._start_readers)
        self._arrival.start()
        self._closing.callback(self._arrival.stop)
        self._scheduler.start()
        self._closing.callback(self._scheduler.shutdown)
        self._console_server.start()
        self._closing.callback(self._console_server.stop)
        self._report(f"console    {self.console_url}")
        self._report(f"collector  {self.collector_url}/v1/events, /v1/sources, /v1/traces and /v1/logs")
        self._report(f"grpc       http://{grpc_server.address} (OTLP)")
        configured = ", ".join(sorted(name for name, source in self._sources.items() if source.is_configured))
        self._report(f"sources    {configured or 'none has its secret yet'}")
        self._report(f"pulls      {', '.join(self._pulls.names) or 'none is defined'}")
        self._report(f"metrics    {self.collector_url}/metrics")
        where = self._settings.store if self._store.is_embedded else self._store.where
        self._report(f"store      {where}{' is away: what comes is spooled' if self._arrival.problem else ''}")
        collect_rarely()
        if self._demo:
            self._demo.start(reachable(self.collector_url), self._operator)

    def _open_dispatcher(self) -> None:
        """Makes what tells people, which reads from the store what was told."""
        read = self._routing_file.current
        rng = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._digests = Digests(self._store)
        self._dispatcher = Dispatcher(
            read.routing, read.integrations, self._store, self._clock, rng, self._alert_metrics
        )

    def _resume_sending(self) -> None:
        self._dispatcher.resume(self._clock.now())

    def _start_readers(self) -> None:
        """Starts what does nothing without the store."""
        self._dispatcher.start()
        self._closing.callback(self._dispatcher.stop)
        self._pulls.start(self._pull_door)
        self._closing.callback(self._pulls.stop)
        self._interventions.start()
        self._closing.callback(self._interventions.stop)

    def _look_for_tokens(self) -> None:
        """Tells of a door that opens to nobody, where the start could not know."""
        if self._settings.host not in LOOPBACK and not opens_to_anybody(self._store, self._clock):
            log.error("%s", no_token(self._settings))

    def stop(self) -> None:
        """Stops the parts in reverse; what was acknowledged is stored, what was being sent is taken up next time."""
        self._closing.close()

    def tick(self) -> None:
        """Evaluates what is new and due, then tells whoever is to be told. One tick at a time.

        StoreUnreachable, with nothing done, while the store has not been there since the start.
        """
        self._arrival.require()
        with _tracer.start_as_current_span("tick") as span, self._engine_metrics.tick_seconds.time():
            try:
                self._evaluate(span)
            finally:
                # Rules that cannot be evaluated must not keep people from hearing of what is known already.
                self._tell()

    def keep_kpis(self) -> None:
        """Brings KPIs and the close up to date with all that has come; StoreUnreachable as for a tick."""
        self._arrival.require()
        self._kpis.run(self._store, self._settled_through(), self._clock.now())

    def _settled_through(self) -> datetime:
        """No event received by then is still on its way."""
        through = self._collector.writer.settled_through()
        return through if self._store.is_embedded else through - FOREIGN_WRITER_LAG

    def _evaluate(self, span: trace.Span) -> None:
        through = self._settled_through()
        try:
            self._engine_metrics.correlated_through.set(self._correlator.tick(through).timestamp())
        finally:
            # No verdict depends on a run.
            self._judge(through, span)

    def _judge(self, through: datetime, span: trace.Span) -> None:
        if rules := self._rule_files.changed(self._clock.now()):
            self._engine.change_rules(rules)
        result = self._engine.tick(through)
        self._engine_metrics.count(result, self._store)
        self._freshness_metrics.read(self._store, self._contracts, result.through)
        span.set_attribute("milepost.objects", result.objects)
        span.set_attribute("milepost.transitions", result.transitions.total())
        # Last, since no verdict depends on it; whoever is told of an alert at this tick is told its cause as well.
        span.set_attribute("milepost.explained", self._causes.tick(result.through))
        self._interventions.settle(through)

    def _tell(self) -> None:
        now = self._clock.now()
        if read := self._routing_file.changed(now):
            self._dispatcher.change(read.routing, read.integrations)
            # Groups are built anew, also of what ended while it was muted.
            self._ended_in_sight = ENDED_IN_SIGHT_AT_START
        self._dispatcher.run(dispatchable_alerts(self._store, now - self._ended_in_sight), now)
        self._ended_in_sight = ENDED_IN_SIGHT
        self._digests.run(self._routing(), self._dispatcher, now)

    def _job_failed(self, event: JobExecutionEvent) -> None:
        if event.job_id == TICK:
            self._engine_metrics.failures.inc()
        if isinstance(event.exception, StoreUnreachable):
            log.warning("%s put off: %s", event.job_id, event.exception)
        else:
            log.error("%s failed, tried again at the next: %s\n%s", event.job_id, event.exception, event.traceback)


def _note_absence(store: Store, clock: Clock) -> None:
    """Records that nobody could be heard since the last process ended, where this is the only collector there is."""
    if not store.is_embedded:
        return
    since, now = latest_instant(store), clock.now()
    if since > EPOCH and now - since > SHORTEST_ABSENCE:
        note_absence(store, since, now)
