"""Answers about alerts and what people do with them: from the store, and from the process that holds it."""

from collections.abc import Callable, Sequence
from urllib.parse import quote

import msgspec

from alerts.muting import Routing, current_mutes, shipped_routing
from alerts.silences import SilenceWish, expire_silence, find_silence, put_silence
from domain.alert import Alert, AlertState
from domain.alert_action import NOT_HANDLED
from domain.alert_why import why, why_with_cause
from domain.audit import Actor
from domain.clock import Clock
from domain.errors import UsageError
from domain.instants import format_instant
from domain.silence import SilenceState
from milepost.alert_handling import ActionWish, action_row, do_wished, handling_row, the_alert
from milepost.answers.answer import Answer
from milepost.answers.api_client import ApiClient
from milepost.answers.escalation import ApiEscalation, StoreEscalation
from milepost.audit_rows import entry_row, verification
from milepost.silence_rows import silence_row
from rules.evaluator import evaluation_row
from storage.alert_actions import actions_on, handling_of
from storage.alert_causes import with_causes
from storage.alert_history import AlertChange, AlertFilter, alert_changes
from storage.alerts import list_alerts
from storage.audit import AuditPeriod, audit_page
from storage.client import Store
from storage.silences import list_silences


class StorePeople(StoreEscalation):
    """Answers from the store in this process."""

    def __init__(self, store: Store, clock: Clock, routing: Callable[[], Routing] = shipped_routing) -> None:
        """`routing` gives what says who is told when, and so which alerts are muted."""
        self._store = store
        self._clock = clock
        self._routing = routing

    def alerts(self, state: str | None, limit: int) -> list[Answer]:
        """The newest alerts as they stand; UsageError for a state there is not."""
        if state is not None and state not in list(AlertState):
            raise UsageError(f"state is {state!r}; give one of {', '.join(AlertState)}")
        found = list_alerts(self._store, AlertState(state) if state else None, limit)
        return self._explained(found)

    def alert(self, alert_id: str) -> Answer:
        """The alert whose id begins so; UsageError where there is none, or more than one."""
        [row] = self._explained([the_alert(self._store, alert_id)])
        return row

    def act_on_alert(self, alert_id: str, wish: ActionWish) -> Answer:
        """What is stored of what somebody does with the alert whose id begins so."""
        return self.do_with_alert(alert_id, wish, Actor(wish.by))

    def do_with_alert(self, alert_id: str, wish: ActionWish, by: Actor) -> Answer:
        """The same, done by somebody who is known otherwise than by the wish."""
        return do_wished(self._store, self._clock, alert_id, wish, by, self._routing())

    def audit_verification(self, head: str | None) -> Answer:
        """Whether the audit log is unbroken, and holds a head that was kept."""
        return verification(self._store, head)

    def audit_page(self, period: AuditPeriod, first: int) -> list[Answer]:
        """The next entries of the audit log from a number on; empty at the end."""
        return [entry_row(entry) for entry in audit_page(self._store, first, period)]

    def silences(self, states: Sequence[str], limit: int) -> list[Answer]:
        """The silences in these states, all where none is named; UsageError for a state there is not."""
        for state in states:
            if state not in list(SilenceState):
                raise UsageError(f"state is {state!r}; give one of {', '.join(SilenceState)}")
        now = self._clock.now()
        asked = [SilenceState(state) for state in states] or list(SilenceState)
        return [silence_row(one, now) for one in list_silences(self._store, asked, now, limit)]

    def silence(self, silence_id: str) -> Answer:
        """The silence whose id begins so; UsageError where there is none, or more than one."""
        return silence_row(find_silence(self._store, silence_id), self._clock.now())

    def put_silence(self, wish: SilenceWish) -> Answer:
        """The silence that is in force by the wish."""
        now = self._clock.now()
        return silence_row(put_silence(self._store, wish, now), now)

    def expire_silence(self, silence_id: str, by: Actor, reason: str) -> Answer:
        """The silence that is over now."""
        now = self._clock.now()
        return silence_row(expire_silence(self._store, silence_id, now, by, reason), now)

    def alert_history(self, alerts: AlertFilter, limit: int) -> list[Answer]:
        """The changes of alerts as they became known, the newest first."""
        return [change_row(change) for change in alert_changes(self._store, alerts, limit)]

    def _explained(self, alerts: Sequence[Alert]) -> list[Answer]:
        """Alerts as `milepost alerts list --output json` shows them: with what telemetry says, and what people did."""
        if not alerts:
            return []
        now = self._clock.now()
        mutes = current_mutes(self._store, self._routing(), now)
        ids = [alert.alert_id for alert in alerts]
        handling, actions = handling_of(self._store, ids), actions_on(self._store, ids)
        return [
            {
                **_alert_row(alert),
                "why": why_with_cause(alert),
                "muted_by": [one.row() for one in mutes.of_alert(alert)],
                **handling_row(handling.get(alert.alert_id, NOT_HANDLED), now),
                "actions": [action_row(action) for action in actions.get(alert.alert_id, ())],
            }
            for alert in with_causes(self._store, alerts)
        ]


class ApiPeople(ApiEscalation):
    """Answers from a running Milepost."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def alerts(self, state: str | None, limit: int) -> list[Answer]:
        """The newest alerts as they stand."""
        params: dict[str, str | int] = {"limit": limit, **({"state": state} if state else {})}
        return self._api.rows("GET", "/api/alerts", params=params)

    def alert(self, alert_id: str) -> Answer:
        """The alert whose id begins so."""
        answer: Answer = self._api.ask("GET", f"/api/alerts/{quote(alert_id, safe='')}")
        return answer

    def act_on_alert(self, alert_id: str, wish: ActionWish) -> Answer:
        """What is stored of what somebody does with the alert whose id begins so."""
        path = f"/api/alerts/{quote(alert_id, safe='')}/actions"
        answer: Answer = self._api.ask("POST", path, json=msgspec.to_builtins(wish))
        return answer

    def audit_verification(self, head: str | None) -> Answer:
        """Whether the audit log is unbroken, and holds a head that was kept."""
        answer: Answer = self._api.ask("GET", "/api/audit/verification", params={"head": head} if head else {})
        return answer

    def audit_page(self, period: AuditPeriod, first: int) -> list[Answer]:
        """The next entries of the audit log from a number on; empty at the end."""
        stretch = {"from": format_instant(period.since), "to": format_instant(period.until)}
        return self._api.rows("GET", "/api/audit", params={"first": first, **stretch})

    def silences(self, states: Sequence[str], limit: int) -> list[Answer]:
        """The silences in these states, all where none is named."""
        return self._api.rows("GET", "/api/silences", params={"state": list(states), "limit": limit})

    def silence(self, silence_id: str) -> Answer:
        """The silence whose id begins so."""
        answer: Answer = self._api.ask("GET", f"/api/silences/{quote(silence_id, safe='')}")
        return answer

    def put_silence(self, wish: SilenceWish) -> Answer:
        """The silence that is in force by the wish, from the running engine's next tick on."""
        body = {
            "silence_id": wish.silence_id,
            "matchers": list(wish.matchers),
            "starts_at": format_instant(wish.starts_at) if wish.starts_at else None,
            "ends_at": format_instant(wish.ends_at),
            "created_by": wish.created_by,
            "comment": wish.comment,
        }
        answer: Answer = self._api.ask("POST", "/api/silences", json=body)
        return answer

    def expire_silence(self, silence_id: str, by: Actor, reason: str) -> Answer:
        """The silence that is over now."""
        told = {"by": by.name, "reason": reason}
        answer: Answer = self._api.ask("POST", f"/api/silences/{quote(silence_id, safe='')}/expire", params=told)
        return answer

    def alert_history(self, alerts: AlertFilter, limit: int) -> list[Answer]:
        """The changes of alerts as they became known, the newest first."""
        params: dict[str, str | int] = {
            "limit": limit,
            "from": format_instant(alerts.since),
            "to": format_instant(alerts.until),
        }
        if alerts.alert:
            params["alert"] = alerts.alert
        if alerts.business_object:
            params["object"] = str(alerts.business_object)
        return self._api.rows("GET", "/api/alerts/history", params=params)


def _alert_row(alert: Alert) -> Answer:
    """The row of `evaluate` with the alert's id, its traces and what decided it."""
    row: Answer = {"alert_id": alert.alert_id, **evaluation_row(alert)}
    return {
        **row,
        "annotations": dict(alert.annotations),
        "intervention": alert.intervention or None,
        "trace_ids": list(alert.trace_ids),
        "why": why(alert),
    }


def change_row(change: AlertChange) -> Answer:
    """A change of an alert as `milepost alerts history --output json` shows it."""
    alert = change.alert
    return {
        "known_at": format_instant(change.known_at),
        "changed_at": format_instant(alert.changed_at),
        "recorded_at": format_instant(alert.recorded_at),
        "rule_version": alert.rule_version,
        **_alert_row(alert),
    }
