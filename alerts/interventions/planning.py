"""Works out what a wish means: which calls about which objects, in which order, and what each would come to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from alerts.interventions.config import InterventionConfig, Interventions
from alerts.interventions.preflight import Finding, Grounds, judge
from alerts.interventions.request import Request
from alerts.interventions.situations import Situations
from domain.alert import Alert, AlertState
from domain.business_object import BusinessObject
from domain.contract import Contracts
from domain.errors import UsageError
from domain.period import Periods
from storage.alerts import find_alerts, list_alerts
from storage.client import Store

MOST_OBJECTS = 1_000
# Of one rule's alerts, found among this many.
_MOST_ALERTS = 100_000


@dataclass(frozen=True, slots=True)
class Selection:
    """What somebody wants called: an intervention by name, or the one that the alerts name; for whom, in three ways."""

    name: str = ""
    objects: Sequence[str] = ()
    alerts: Sequence[str] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One call as it would be made now."""

    config: InterventionConfig
    business_object: BusinessObject
    alert_id: str
    amount: Decimal | None
    currency: str | None
    finding: Finding
    request: Request | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Target:
    config: InterventionConfig
    business_object: BusinessObject
    alert_id: str


class Planner:
    """Makes plans; writes nothing."""

    def __init__(
        self,
        store: Store,
        interventions: Interventions,
        contracts: Contracts,
        periods: Periods,
        situations: Situations,
    ) -> None:
        self._store = store
        self._interventions = interventions
        self._contracts = contracts
        self._periods = periods
        self._situations = situations

    def plan(self, selection: Selection, now: datetime) -> list[PlannedCall]:
        """The calls, in the order in which they would be made; UsageError where it is not clear what is meant."""
        targets = self._targets(selection)
        if len(targets) > MOST_OBJECTS:
            raise UsageError(f"that is {len(targets)} calls; give at most {MOST_OBJECTS} at once")
        found: list[PlannedCall] = []
        for config in dict.fromkeys(target.config.name for target in targets):
            found += self._of_one([one for one in targets if one.config.name == config], now)
        by_place = {(one.config.name, one.business_object): place for place, one in enumerate(targets)}
        return sorted(
            found,
            key=lambda one: (
                self._interventions.rank(one.business_object.type),
                by_place[one.config.name, one.business_object],
            ),
        )

    def grounds(self, config: InterventionConfig) -> Grounds:
        """By which rules calls of an intervention are judged."""
        contract = self._contracts.objects.get(config.object_type)
        return Grounds(contract.machine if contract else None, self._periods)

    def _of_one(self, targets: Sequence[_Target], now: datetime) -> Iterator[PlannedCall]:
        config = targets[0].config
        known = self._situations.read(config, [one.business_object for one in targets], now)
        for target in targets:
            of_object = known[target.business_object]
            yield PlannedCall(
                config,
                target.business_object,
                target.alert_id,
                of_object.facts.amount,
                of_object.facts.currency,
                judge(config, of_object.situation, self.grounds(config), now),
                of_object.request,
            )

    def _targets(self, selection: Selection) -> list[_Target]:
        if selection.rule and selection.alerts:
            raise UsageError("alerts and a rule are both there; give one of them")
        if not (selection.objects or selection.alerts or selection.rule):
            raise UsageError("no objects are named; give them as type/id, or alerts by their ids, or a rule")
        config = self._config(selection.name) if selection.name else None
        if config is None and selection.objects:
            raise UsageError("objects are named without an intervention; give its name before them")
        targets = [_Target(config, _object(text), "") for text in selection.objects] if config else []
        targets += [
            _Target(config or self._of_alert(alert), alert.business_object, alert.alert_id)
            for alert in self._alerts(selection)
        ]
        for target in targets:
            _check_type(target)
        once: dict[tuple[str, BusinessObject], _Target] = {}
        for target in targets:
            once.setdefault((target.config.name, target.business_object), target)
        return list(once.values())

    def _alerts(self, selection: Selection) -> Iterable[Alert]:
        if selection.rule:
            alerts = [
                alert
                for state in (AlertState.FIRING, AlertState.AT_RISK)
                for alert in list_alerts(self._store, state, _MOST_ALERTS)
                if alert.name == selection.rule
            ]
            if not alerts:
                raise UsageError(f"no alert of the rule {selection.rule!r} is firing or at risk")
            return sorted(alerts, key=lambda alert: (alert.deadline_at, alert.alert_id))
        return [self._alert(beginning) for beginning in selection.alerts]

    def _alert(self, beginning: str) -> Alert:
        found = find_alerts(self._store, beginning) if beginning else []
        if len(found) != 1:
            how_many = "more than one alert's id begins" if found else "no alert's id begins"
            raise UsageError(f"{how_many} with {beginning!r}; `milepost alerts list --output json` shows their ids")
        return found[0]

    def _of_alert(self, alert: Alert) -> InterventionConfig:
        if not alert.intervention:
            raise UsageError(f"the rule {alert.name} names no intervention; give the name of one")
        return self._config(alert.intervention)

    def _config(self, name: str) -> InterventionConfig:
        config = self._interventions.find(name)
        if config is None:
            raise UsageError(self._interventions.unknown(name))
        return config


def _check_type(target: _Target) -> None:
    if target.business_object.type != target.config.object_type:
        raise UsageError(
            f"{target.config.name} is for {target.config.object_type}, and {target.business_object} is none"
        )


def _object(text: str) -> BusinessObject:
    try:
        return BusinessObject.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
