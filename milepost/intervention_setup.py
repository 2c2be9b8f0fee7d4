"""Puts together what calls the middleware: for a command with the store to itself, and for a running Milepost."""

import logging
import os
import threading
from datetime import datetime

from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute

from alerts.interventions.config import Interventions, load_interventions
from alerts.interventions.desk import InterventionDesk, InterventionSettings
from alerts.interventions.metrics import InterventionMetrics
from alerts.interventions.planning import PlannedCall, Selection
from alerts.interventions.worker import InterventionWorker
from domain.clock import Clock
from domain.intervention import InterventionState
from milepost.answers.interventions import StoreInterventions
from milepost.api.interventions import intervention_routes
from milepost.rule_setup import rule_references
from milepost.settings import Settings
from rules.references import References
from storage.client import Store
from storage.interventions import interventions_in

log = logging.getLogger("milepost.interventions")
# What an earlier process did not come to, or was amid.
_LEFT = (InterventionState.NOT_TRIED, InterventionState.CALLING)
_WAITING = (
    "calls to the middleware that were not made, or that got no answer: %d, in runs: %d; only a person goes on with "
    "them, by `milepost interventions resume RUN` (`history` shows which)"
)


def local_interventions(store: Store, clock: Clock, settings: Settings) -> StoreInterventions:
    """Answers of a process that has the store to itself: a run is called before its answer is given."""
    configured = intervention_settings(load_interventions(settings.interventions_path), rule_references(settings))
    metrics = InterventionMetrics(CollectorRegistry())
    desk = InterventionDesk(store, clock, configured, metrics, threading.Event().wait)
    if not store.is_embedded:
        # What others received just now may not be stored yet, and they settle by themselves.
        return StoreInterventions(desk, desk.caller.execute)
    desk.settler.settle(clock.now())
    return StoreInterventions(desk, desk.caller.execute)


def intervention_settings(interventions: Interventions, references: References) -> InterventionSettings:
    """What a desk is made with; secrets are those of this process's environment."""
    return InterventionSettings(interventions, references.contracts, references.periods, os.environ)


class RunningInterventions:
    """The interventions of a running Milepost: runs are executed by a thread, and settled at every tick."""

    def __init__(self, store: Store, clock: Clock, settings: InterventionSettings, registry: CollectorRegistry) -> None:
        # The worker ends its pauses by itself.
        self._desk = InterventionDesk(store, clock, settings, InterventionMetrics(registry), threading.Event().wait)
        self._worker = InterventionWorker(self._desk.caller)

    @property
    def routes(self) -> list[BaseRoute]:
        """What the API answers about them."""
        return intervention_routes(StoreInterventions(self._desk, self._worker.submit, self._worker.has))

    def plan(self, selection: Selection, now: datetime) -> list[PlannedCall]:
        """What the calls that are meant would come to now; calls nobody and stores nothing."""
        return self._desk.planner.plan(selection, now)

    def start(self) -> None:
        """Begins with the runs that are requested from now on, and says how many calls wait for a person."""
        left = interventions_in(self._desk.store, _LEFT)
        if left:
            log.warning(_WAITING, len(left), len({one.run_id for one in left}))
        self._worker.start()

    def stop(self) -> None:
        """Ends after the call that is being made; the rest can be resumed."""
        self._worker.stop()

    def settle(self, through: datetime) -> None:
        """Decides what can be decided by all that was received by `through`."""
        self._desk.settler.settle(through)
