"""The engine as a part of a process: ticks while it may act, and its standing by where another one may."""

import contextlib
import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from opentelemetry import trace
from starlette.routing import BaseRoute

from alerts.config import load_routing
from alerts.interventions.config import Interventions
from alerts.metrics import AlertMetrics
from alerts.muting import Routing
from collector.files.door import Door
from collector.pull_definitions import load_pulls
from collector.pull_runs import PullMetrics, PullRuns
from domain.contract import Contracts
from domain.errors import LeaseLost, StoreUnreachable
from domain.exemplar import timed
from domain.rule import Rule
from milepost.adopted_configuration import AdoptedConfiguration
from milepost.api.pulls import pull_routes
from milepost.engine_metrics import EngineMetrics
from milepost.freshness_metrics import FreshnessMetrics
from milepost.intervention_setup import RunningInterventions, intervention_settings
from milepost.kpi_keeping import KpiKeeping
from milepost.ready_pulls import ready_pulls
from milepost.roles.duty import Duty, DutyMetrics
from milepost.roles.ground import Ground, log
from milepost.roles.lease_keeper import LeaseKeeper, LeaseMetrics
from milepost.roles.overruns import Overruns
from milepost.routing_reload import RoutingFile
from milepost.rule_reload import RuleFiles
from rules.references import References
from storage.client import Store
from storage.events import SETTLED_AFTER

_tracer = trace.get_tracer("milepost.engine")
TICK = "tick"
# As often as people look; the rules engine, which wakes people, does not wait for figures.
KPIS_EVERY = timedelta(minutes=1)
KPIS_FIRST_AFTER = timedelta(seconds=30)


class EnginePart:
    """Correlation, rules, alerts, interventions, pulls and the keeping of figures."""

    routing_file: RoutingFile
    interventions: RunningInterventions
    pulls: PullRuns

    def __init__(
        self, ground: Ground, references: References, interventions: Interventions, routing: Path, *, demo: bool = False
    ) -> None:
        """Reads its files; ConfigError where they are wrong."""
        self._ground = ground
        self._references = references
        self._configured = interventions
        self._routing_path = routing
        settings, registry, now = ground.settings, ground.registry, ground.clock.now()
        self.rule_files = RuleFiles(settings, references.contracts, interventions.known, registry, now)
        self._pull_definitions = load_pulls(settings.pulls_path)
        self.kpis = KpiKeeping(settings, references, registry, now, demo=demo)
        # What is wrong in it is told before a port is opened.
        load_routing(routing)
        self._metrics = DutyMetrics(EngineMetrics(registry), FreshnessMetrics(registry), AlertMetrics(registry))
        self._lease_metrics = LeaseMetrics(registry)
        self.keeper: LeaseKeeper | None = None
        self._duty: Duty | None = None
        self._readers = contextlib.ExitStack()
        self._is_started = False

    def open(self, console_url: str) -> None:
        """Builds what stands on the store; messages lead to the console."""
        ground, settings, registry = self._ground, self._ground.settings, self._ground.registry
        now = ground.clock.now()
        self.routing_file = RoutingFile(
            self._routing_path, settings.console_url or console_url, os.environ, registry, now
        )
        self._store = ground.store
        if not ground.store.is_embedded:
            self.keeper = LeaseKeeper(ground.store, settings.engine_lease.total_seconds(), self._lease_metrics)
            fenced = Store(settings.store, asks_now=False, fence=self.keeper.lease, cluster=settings.cluster)
            self._store = ground.closing.enter_context(fenced)
        else:
            self._lease_metrics.active.set(1)
            ground.arrival.attempt(self._note_configuration)
        if not ground.arrival.problem:
            # Of a store that is away it is asked at the first keeping: alerts must not wait for it.
            self.kpis.check(ground.store)
        pulls = ready_pulls(self._pull_definitions, settings, self._store, ground.clock)
        self.pulls = PullRuns(pulls, PullMetrics(registry), ground.clock)
        calling = intervention_settings(self._configured, self._references)
        self.interventions = RunningInterventions(self._store, ground.clock, calling, registry)

    @property
    def contracts(self) -> Contracts:
        """What events are held against."""
        return self._references.contracts

    @property
    def store(self) -> Store:
        """The store as this engine writes to it: only while it may."""
        return self._store

    def connect(self, settled_through: Callable[[], datetime], door: Door) -> list[BaseRoute]:
        """Says by which instant all that was received can be read, and what pulls put events in.

        Gives what the API answers of what only an engine does.
        """
        self._settled_through = settled_through
        self._door = door
        return [*pull_routes(self.pulls, door), *self.interventions.routes]

    def routing(self) -> Routing:
        """Who is told when, as it is in force."""
        return self.routing_file.current.routing

    def start(self) -> None:
        """Ticks from now on."""
        self._is_started = True
        closing = self._ground.closing
        if self.keeper is not None:
            closing.callback(self.keeper.stop)
        closing.callback(self._leave)
        scheduler = self._schedule()
        if self.keeper is not None:
            self.keeper.start(lambda: self._tick_now(scheduler))
        if self._duty is not None:
            self._begin_sending(self._duty)
        elif self.keeper is None and not self._ground.arrival.problem:
            # Alone it need not wait for its turn, and what was being sent not for a tick.
            self._on_duty()
        scheduler.start()
        closing.callback(scheduler.shutdown)

    def tell(self) -> None:
        """Says what it pulls."""
        self._ground.report(f"pulls      {', '.join(self.pulls.names) or 'none is defined'}")

    def tick(self) -> None:
        """Evaluates what is new and due, then tells whoever is to be told. One tick at a time.

        StoreUnreachable, with nothing done, while the store has not been there since the start. On a standby nothing.
        """
        self._ground.arrival.require()
        duty = self._on_duty()
        if duty is None:
            return
        with _tracer.start_as_current_span("tick"), timed(self._metrics.engine.tick_seconds):
            now = self._ground.clock.now
            try:
                duty.evaluate(self._settled_through(), self._changed_rules, self.interventions.settle)
            finally:
                # Rules that cannot be evaluated must not keep people from hearing of what is known already.
                at = now()
                duty.tell(self.routing_file.changed(at), self.routing_file.current, at)

    def _changed_rules(self) -> tuple[Rule, ...] | None:
        """The rules, where their files were changed; KPIs that they watch are kept from then on."""
        rules = self.rule_files.changed(self._ground.clock.now())
        if rules:
            self.kpis.watch(rules)
        return rules

    def keep_kpis(self) -> None:
        """Brings KPIs and the close up to date with all that has come; StoreUnreachable as for a tick."""
        self._ground.arrival.require()
        if self.may_act:
            through, now = self._settled_through(), self._ground.clock.now()
            if self.keeper is not None:
                # Not beyond the store's clock, by which spans are received.
                now = min(now, through + SETTLED_AFTER)
            self.kpis.run(self._store, through, now)

    @property
    def may_act(self) -> bool:
        """Whether it is this engine that evaluates and tells at this moment."""
        return self.keeper is None or self.keeper.lease.is_valid

    def _on_duty(self) -> Duty | None:
        """This engine's turn, with what another one left taken up at its beginning; None on a standby."""
        if self._duty is not None and self._duty.epoch != self._store.epoch:
            self._leave()
        if not self.may_act:
            return None
        if self._duty is None:
            self._duty = self._take_up()
        return self._duty

    def _take_up(self) -> Duty:
        if self.keeper is not None:
            # A standby follows no files; it begins with them as they are.
            self._changed_rules()
            self.routing_file.changed(self._ground.clock.now())
            self._note_configuration()
        duty = Duty(
            self._store,
            self._ground.clock,
            self.rule_files.rules,
            self._references.contracts,
            self.routing_file.renew(),
            self._metrics,
            lambda: self.may_act,
        )
        if self._is_started:
            self._begin_sending(duty)
        return duty

    def _begin_sending(self, duty: Duty) -> None:
        lease = self.keeper.lease if self.keeper else None
        duty.dispatcher.resume(self._ground.clock.now(), lease.resumed_epoch if lease else 0)
        if lease is not None:
            lease.note_resumed(duty.epoch)
        duty.dispatcher.start()
        self._readers.callback(duty.dispatcher.stop)
        self.pulls.start(self._door)
        self._readers.callback(self.pulls.stop)
        self.interventions.start()
        self._readers.callback(self.interventions.stop)

    def _leave(self) -> None:
        """Ends what the turn began; of what was being sent the next engine knows."""
        self._readers.close()
        self._duty = None

    def _note_configuration(self) -> None:
        adopted = AdoptedConfiguration(self._store, self._ground.clock)
        adopted.note_contracts(self._references.contracts)
        self.routing_file.note_with(adopted.note_routing)

    def _tick_now(self, scheduler: BackgroundScheduler) -> None:
        # At its end it has no jobs any more.
        with contextlib.suppress(JobLookupError):
            scheduler.modify_job(TICK, next_run_time=self._ground.clock.now())

    def _schedule(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(timezone="UTC", logger=logging.getLogger("apscheduler"))
        now = self._ground.clock.now()
        jobs = (
            (self.tick, TICK, self._ground.settings.tick, now),
            (self.keep_kpis, "keeping of KPIs", KPIS_EVERY, now + KPIS_FIRST_AFTER),
        )
        for work, name, every, first in jobs:
            scheduler.add_job(
                work,
                "interval",
                id=name,
                seconds=every.total_seconds(),
                next_run_time=first,
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        scheduler.add_listener(self._job_failed, EVENT_JOB_ERROR)
        Overruns().follow(scheduler)
        return scheduler

    def _job_failed(self, event: JobExecutionEvent) -> None:
        if isinstance(event.exception, LeaseLost):
            log.info("%s ended: %s", event.job_id, event.exception)
            return
        if event.job_id == TICK:
            self._metrics.engine.failures.inc()
        if isinstance(event.exception, StoreUnreachable):
            log.warning("%s put off: %s", event.job_id, event.exception)
        else:
            log.error("%s failed, tried again at the next: %s\n%s", event.job_id, event.exception, event.traceback)
