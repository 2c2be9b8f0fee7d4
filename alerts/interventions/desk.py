"""All that can be done with interventions, put together for one process: plan, request, decide, call, settle."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alerts.interventions.calling import Caller, Pause
from alerts.interventions.config import Interventions
from alerts.interventions.metrics import InterventionMetrics
from alerts.interventions.planning import Planner
from alerts.interventions.records import Records
from alerts.interventions.runs import Runs
from alerts.interventions.settling import Settler
from alerts.interventions.situations import Situations
from domain.clock import Clock
from domain.contract import Contracts
from domain.period import Periods
from storage.client import Store


@dataclass(frozen=True, slots=True)
class InterventionSettings:
    """What is configured: the calls, what they are judged by, and where their secrets may stand."""

    interventions: Interventions = field(default_factory=Interventions)
    contracts: Contracts = field(default_factory=Contracts)
    periods: Periods = field(default_factory=Periods)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


class InterventionDesk:
    """The parts, made for one store."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: InterventionSettings,
        metrics: InterventionMetrics,
        pause: Pause,
    ) -> None:
        situations = Situations(store, settings.environ)
        self.store = store
        self.clock = clock
        self.interventions = settings.interventions
        self.records = Records(store, metrics)
        self.planner = Planner(store, settings.interventions, settings.contracts, settings.periods, situations)
        self.runs = Runs(store, clock, settings.interventions, self.planner, self.records)
        self.settler = Settler(store, settings.interventions, self.records)
        self.caller = Caller(store, clock, settings.interventions, self.planner, situations, self.records, pause)
