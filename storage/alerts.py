"""Alerts in the store: every change, and each alert as it stands now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from domain.alert import VERSIONS_PER_MICROSECOND, Alert, AlertState
from domain.alert_evidence import NO_EVIDENCE, AlertEvidence
from domain.business_object import BusinessObject
from domain.instants import from_micros
from storage.client import Row, Store, encode_rows
from storage.milestones import Stretch
from storage.run_view import run_ids


@dataclass(frozen=True, slots=True)
class Suspended:
    """The alerts in one currency ('' where none is stated) that were suspended at an instant; `unknown` have no amount.

    `amount` is None where none of them has one.
    """

    known_at: datetime
    currency: str
    alerts: int
    unknown: int
    amount: Decimal | None


def write_transitions(store: Store, alerts: Sequence[Alert]) -> None:
    """Stores changes of alerts; returns once both the history and the current states are on disk.

    The history comes first: states can be written again from a tick that is repeated.
    """
    if alerts:
        body = encode_rows([_to_row(alert) for alert in alerts])
        store.insert("alert_transitions", body)
        store.insert("alert_states", body)


def list_alerts(store: Store, state: AlertState | None = None, limit: int = 1000) -> list[Alert]:
    """The alerts that changed last, newest first, as they stand; only those in `state` if one is given."""
    states = [state] if state else list(AlertState)
    return with_runs(store, _alerts(store.rows("list_alerts", {"states": states, "limit": limit})))


def alert_history(store: Store, alert_id: str) -> list[Alert]:
    """Every change of one alert, in the order they became known."""
    return _alerts(store.rows("alert_history", {"alert_id": alert_id}))


def find_alerts(store: Store, beginning: str) -> list[Alert]:
    """The alert whose id begins so, as it stands; two where it is not the only one."""
    return with_runs(store, _alerts(store.rows("find_alerts", {"beginning": beginning})))


def alerts_by_ids(store: Store, alert_ids: Iterable[str]) -> list[Alert]:
    """These alerts as they stand, the earliest deadline first; ids that no alert has are left out."""
    ids = sorted(set(alert_ids))
    return _alerts(store.rows("alerts_by_ids", {"alert_ids": ids})) if ids else []


def dispatchable_alerts(store: Store, since: datetime) -> list[Alert]:
    """The alerts that are open, and those stored as resolved or retracted at or after `since`; oldest change first."""
    return _alerts(store.rows("dispatchable_alerts", {"since": since}))


def alerts_recorded_by(store: Store, since: datetime, through: datetime) -> list[Alert]:
    """The alerts as recorded by `through`: the open ones, and those whose end was recorded after `since`."""
    ended = [state for state in AlertState if not state.is_open]
    return _alerts(store.rows("alerts_recorded_by", {"since": since, "through": through, "ended_states": ended}))


def last_recorded(store: Store, at: datetime) -> datetime:
    """When the last change of an alert was recorded by an instant; 1970 where none was."""
    last_at: datetime = store.rows("last_recorded", {"at": at})[0]["last_at"]
    return last_at


def with_runs(store: Store, alerts: Sequence[Alert]) -> list[Alert]:
    """The alerts, those whose events carried no correlation id with the id of the run that their object belongs to.

    It is looked up whenever alerts are read, and never stored with them: runs become one later, too, and what a tick
    writes must not depend on when that was.
    """
    runs = run_ids(store, {alert.business_object for alert in alerts if alert.correlation_id is None})
    return [
        replace(alert, correlation_id=runs[alert.business_object])
        if alert.correlation_id is None and alert.business_object in runs
        else alert
        for alert in alerts
    ]


def alerts_in_stretch(store: Store, stretch: Stretch) -> list[Alert]:
    """The alerts of a stretch of ids, as they stand."""
    params = {"object_type": stretch.object_type, "after_id": stretch.after_id, "last_id": stretch.last_id}
    return _alerts(store.rows("alerts_in_stretch", params))


def alerts_of_rule(store: Store, rule: str, object_type: str) -> list[Alert]:
    """The alerts that a rule of that name raised on objects of one type, as they stand."""
    return _alerts(store.rows("alerts_of_rule", {"alert": rule, "object_type": object_type}))


def count_alerts(store: Store) -> dict[AlertState, int]:
    """How many alerts stand in each state; a state without any is left out."""
    return {AlertState(row["state"]): row["alerts"] for row in store.rows("count_alerts")}


def count_open_alerts_by_version(store: Store) -> dict[tuple[str, str], int]:
    """How many alerts are open, by the name and the version of the rule that raised them."""
    params = {"open_states": [state for state in AlertState if state.is_open]}
    return {
        (row["alert"], row["rule_version"]): row["alerts"] for row in store.rows("count_open_alerts_by_version", params)
    }


def suspended_in_silence(
    store: Store, source: str, between: str, since: datetime, until: datetime, *, ended: bool
) -> list[Suspended]:
    """What waited for a source in a silence, at the instants at which there was news of it, in order.

    `between` stands between the sources in an alert's annotation; `ended` says that `until` is the silence's end.
    """
    params = {
        "source": source,
        "between": between,
        "since": since,
        "until": until,
        "ended": ended,
        "versions": VERSIONS_PER_MICROSECOND,
    }
    return [
        Suspended(from_micros(row["known_us"]), row["currency"], row["alerts"], row["unknown"], row["amount"])
        for row in store.rows("suspended_in_silence", params)
    ]


def alert_from_row(row: Mapping[str, Any]) -> Alert:
    """An alert from a row of `alerts` or `alert_transitions`."""
    columns = dict(row)
    evidence = columns.pop("evidence")
    return Alert(
        business_object=BusinessObject(columns.pop("object_type"), columns.pop("object_id")),
        name=columns.pop("alert"),
        state=AlertState(columns.pop("state")),
        trace_ids=tuple(columns.pop("trace_ids")),
        evidence=evidence_from(evidence),
        **columns,
    )


def evidence_from(text: str) -> AlertEvidence:
    """The evidence in a column's text; alerts stored before any was kept have none."""
    return msgspec.json.decode(text, type=AlertEvidence) if text else NO_EVIDENCE


def _alerts(rows: Iterable[Row]) -> list[Alert]:
    return [alert_from_row(row) for row in rows]


def _to_row(alert: Alert) -> Row:
    return {
        "object_type": alert.business_object.type,
        "object_id": alert.business_object.id,
        "alert_id": alert.alert_id,
        "alert": alert.name,
        "state": alert.state,
        "started_at": alert.started_at,
        "deadline_at": alert.deadline_at,
        "fired_at": alert.fired_at,
        "resolved_at": alert.resolved_at,
        "severity": alert.severity,
        "amount": alert.amount,
        "currency": alert.currency,
        "correlation_id": alert.correlation_id,
        "reason": alert.reason,
        "changed_at": alert.changed_at,
        "recorded_at": alert.recorded_at,
        "version": alert.version,
        "rule_group": alert.rule_group,
        "rule_version": alert.rule_version,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "trace_ids": list(alert.trace_ids),
        "evidence": msgspec.json.encode(alert.evidence).decode(),
    }
