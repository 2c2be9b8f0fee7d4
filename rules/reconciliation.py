"""Brings stored alerts in line with what the rules say of the whole history, when rules or time left them behind."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from domain.alert import Alert, AlertState

WITHDRAWN = "Retracted: the rule was changed or removed, and no rule raises this alert any more."


def corrections(stored: Mapping[str, Alert], simulated: Sequence[Alert]) -> list[Alert]:
    """What to write so that the stored alerts end as simulated from the beginning.

    An alert not stored yet gets its whole past. One that the same rule left behind gets what it missed; one
    of a rule that was changed gets only where it stands now, since what was told of it before was true then.
    """
    by_alert = sorted(simulated, key=attrgetter("alert_id"))
    missing: list[Alert] = []
    for alert_id, group in groupby(by_alert, key=attrgetter("alert_id")):
        changes = list(group)
        known = stored.get(alert_id)
        missing += changes if known is None else _correction(known, changes)
    return missing


def withdrawals(alerts: Iterable[Alert], since: datetime, recorded_at: datetime) -> list[Alert]:
    """Retractions of those of the alerts that are open, though no rule raises them, as of `since`."""
    return [
        replace(
            alert,
            state=AlertState.RETRACTED,
            resolved_at=None,
            reason=WITHDRAWN,
            changed_at=since,
            recorded_at=recorded_at,
            version=alert.version + 1,
        )
        for alert in alerts
        if alert.state.is_open
    ]


def _correction(stored: Alert, changes: Sequence[Alert]) -> list[Alert]:
    last = changes[-1]
    if stored.rule_version == last.rule_version:
        missed = [alert for alert in changes if alert.version > stored.version]
        if missed:
            return missed
    if _gist(stored) == _gist(last):
        return []
    return [replace(last, version=max(last.version, stored.version + 1))]


def _gist(alert: Alert) -> Hashable:
    return (alert.state, alert.severity, alert.deadline_at, alert.fired_at, alert.resolved_at)
