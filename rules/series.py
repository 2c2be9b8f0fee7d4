"""The part of a tick that judges traffic: what rules of every such kind tell, and what is kept of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.alert import Alert, AlertState
from domain.rule import Rule
from domain.series_rule import BurnRateRule, SeriesRule
from domain.source_silence import Silences
from rules.clock_counting import count_clocks
from rules.reconciliation import corrections, withdrawals
from rules.series_alert import series_alerts
from rules.series_readers import READERS, Kept, current
from storage.alerts import alerts_of_rule
from storage.client import Store
from storage.series import SeriesState, read_states, write_states


class SeriesEngine:
    """Evaluates rules on traffic over one store; keeps nothing itself.

    A rule goes on from the instant that is kept with it, whatever becomes of other rules; one that is new or was
    changed looks back for as long as its kind says.
    """

    def __init__(self, store: Store, rules: Iterable[Rule]) -> None:
        self._store = store
        self._rules = sorted((rule for rule in rules if isinstance(rule, SeriesRule)), key=lambda rule: rule.name)
        self._counted = {rule.target.name: rule.target for rule in self._rules if isinstance(rule, BurnRateRule)}
        self._subjects = {rule.name: rule.subject for rule in self._rules}

    def owns(self, alert: Alert) -> bool:
        """Whether the alert is one of these rules'."""
        return self._subjects.get(alert.name) == alert.business_object

    def counts(self, object_type: str) -> bool:
        """Whether it is counted how clocks of objects of this type turn out."""
        return any(rule.object_type == object_type for rule in self._counted.values())

    def count(self, silences: Silences, through: datetime) -> None:
        """Counts how clocks turned out; before the tick closes the duties that say which did."""
        if not self._counted:
            return
        kept = read_states(self._store)
        counted = {
            name: count_clocks(self._store, rule, kept.get(name), silences, through)
            for name, rule in self._counted.items()
        }
        news = {name: state for name, state in counted.items() if state != kept.get(name)}
        write_states(self._store, news, through)

    def tick(self, through: datetime) -> "SeriesTick":
        """What the rules tell by `through`; to be written before what is kept."""
        kept = read_states(self._store)
        tick = SeriesTick(self._store, through)
        for rule in self._rules:
            before = kept.get(rule.name)
            if current(rule, kept) is None or (before and before.through < through):
                self._read(rule, kept, tick)
        for name in kept.keys() - self._subjects.keys() - self._counted.keys():
            tick.states[name] = SeriesState("", through, "")
        return tick

    def _read(self, rule: SeriesRule, kept: Kept, tick: "SeriesTick") -> None:
        told, state = READERS[type(rule)].on(self._store, rule, kept, tick.through)
        alerts = series_alerts(told, tick.through)
        if current(rule, kept) is None:
            before = kept.get(rule.name)
            alerts = self._corrected(rule, alerts, before.through if before else tick.through, tick.through)
        tick.alerts += alerts
        tick.states[rule.name] = SeriesState(rule.version, tick.through, state)

    def _corrected(self, rule: SeriesRule, alerts: Sequence[Alert], since: datetime, through: datetime) -> list[Alert]:
        """What to write so that the alerts of a rule that is new or was changed end as it tells."""
        raised = alerts_of_rule(self._store, rule.name, rule.subject.type)
        stored = {alert.alert_id: alert for alert in raised if self.owns(alert)}
        told = {alert.alert_id for alert in alerts}
        gone = [alert for alert_id, alert in stored.items() if alert_id not in told]
        return [*corrections(stored, alerts), *withdrawals(gone, since, through)]


class SeriesTick:
    """What a tick has to write of rules on traffic."""

    def __init__(self, store: Store, through: datetime) -> None:
        self.through = through
        self.alerts: list[Alert] = []
        self.states: dict[str, SeriesState] = {}
        self._store = store

    def keep(self) -> None:
        """Writes what is kept of the rules; once their alerts are stored."""
        write_states(self._store, self.states, self.through)


def series_alerts_at(
    store: Store, rules: Iterable[Rule], at: datetime, known_at: datetime | None, silences: Silences
) -> list[Alert]:
    """The alerts of rules on traffic as they stood at `at`, from what was received by `known_at` (None: all)."""
    alerts: dict[str, Alert] = {}
    for rule in rules:
        if isinstance(rule, SeriesRule):
            told = READERS[type(rule)].stand(store, rule, at, known_at, silences)
            alerts.update((alert.alert_id, alert) for alert in series_alerts(told, at))
    return [alert for alert in alerts.values() if alert.state is not AlertState.RETRACTED]
