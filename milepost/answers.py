"""Answers to the commands' questions: from the store itself, or from the running Milepost that holds it."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from prometheus_client import CollectorRegistry

from alerts.config import load_routing
from alerts.muting import Routing, build_routing, current_mutes, shipped_routing
from alerts.silences import SilenceWish, expire_silence, find_silence, put_silence
from collector.contract_definitions import load_contracts
from collector.correlation import Correlator
from collector.files.checkpoints import StoreCheckpoints
from collector.files.door import Checkpoints, Door
from collector.local_door import LocalDoor, local_replay
from collector.operations import (
    DiscardWish,
    ReplayWish,
    TokenWish,
    issue_wished,
    page_row,
    selection_of,
    token_row,
)
from collector.pull_definitions import load_pulls
from collector.pull_runs import PullMetrics, PullRuns, pull_row
from collector.source_definitions import load_definitions
from collector.span_mapping_config import load_correlation
from collector.tokens import revoke_token
from domain.alert import Alert, AlertState
from domain.alert_action import NOT_HANDLED
from domain.alert_why import why, why_with_cause
from domain.audit import Actor
from domain.clock import Clock
from domain.contract import Contracts
from domain.errors import StoreHeld, UsageError
from domain.instants import format_instant
from domain.rule import Rule
from domain.silence import SilenceState
from milepost.alert_handling import ActionWish, action_row, do_wished, handling_row, the_alert
from milepost.api_answers import ApiAnswers
from milepost.audit_rows import entry_row, verification
from milepost.backtest_wish import BacktestWish, load_both
from milepost.calibration_wish import CalibrationWish, calibration_report, forecast_rule
from milepost.contract_commands import open_contract_door
from milepost.ready_pulls import ready_pulls
from milepost.rule_versions import MigrationWish, take_running_cases, version_rows
from milepost.settings import Settings
from milepost.silence_rows import silence_row
from milepost.source_rows import source_rows
from rules.backtest import backtest
from rules.backtest_report import backtest_report
from rules.configured import as_configured
from rules.evaluator import evaluate, evaluation_row
from rules.forecast_calibration import calibrate
from rules.loader import load_rules
from rules.references import load_references
from rules.replay import Progress, Span
from storage.alert_actions import actions_on, handling_of
from storage.alert_causes import with_causes
from storage.alert_history import AlertChange, AlertFilter, alert_changes
from storage.alerts import list_alerts
from storage.audit import AuditPeriod, audit_page
from storage.client import Store
from storage.dead_letter_attempts import LetterState, list_attempts
from storage.dead_letters import LetterFilter, list_dead_letters, show_dead_letter
from storage.event_export import EventKey, SharedNames, StoredEvent, events_after, shared_names
from storage.events import latest_instant
from storage.migrator import load_migrations, migrate, pending
from storage.object_statements import (
    EventAttributeType,
    ObjectKey,
    ObjectStatement,
    event_attribute_types,
    objects_after,
)
from storage.repair import repair_latest
from storage.silences import list_silences
from storage.tokens import list_tokens

Answer = dict[str, Any]


class Answers(Protocol):
    """What commands ask; rows come with plain JSON values."""

    def alerts(self, state: str | None, limit: int) -> list[Answer]: ...
    def alert(self, alert_id: str) -> Answer: ...
    def act_on_alert(self, alert_id: str, wish: ActionWish) -> Answer: ...
    def audit_verification(self, head: str | None) -> Answer: ...
    def audit_page(self, period: AuditPeriod, first: int) -> list[Answer]: ...
    def dead_letters(self, letters: LetterFilter, limit: int) -> list[Answer]: ...
    def dead_letter(self, dead_letter_id: str) -> Answer: ...
    def replay(self, settings: Settings, wish: ReplayWish) -> Iterator[Answer]: ...
    def discard(self, wish: DiscardWish) -> int: ...
    def tokens(self) -> list[Answer]: ...
    def create_token(self, wish: TokenWish) -> str: ...
    def revoke_token(self, name: str, by: str, reason: str) -> Answer: ...
    def evaluation(
        self,
        rules: Path,
        calendars: Path,
        contracts: Contracts,
        at: datetime,
        known_at: datetime | None,
        *,
        configured: bool = False,
    ) -> list[Answer]: ...
    def backtest(self, wish: BacktestWish, contracts: Contracts, progress: Progress) -> Answer: ...
    def rule_versions(self, alert: str | None) -> Answer: ...
    def migrate_rules(self, wish: MigrationWish) -> list[Answer]: ...
    def calibration(self, wish: CalibrationWish, contracts: Contracts) -> Answer: ...
    def alert_history(self, alerts: AlertFilter, limit: int) -> list[Answer]: ...
    def silences(self, states: Sequence[str], limit: int) -> list[Answer]: ...
    def silence(self, silence_id: str) -> Answer: ...
    def put_silence(self, wish: SilenceWish) -> Answer: ...
    def expire_silence(self, silence_id: str) -> Answer: ...
    def sources(self, settings: Settings, window: timedelta) -> list[Answer]: ...
    def door(self, settings: Settings) -> Door: ...
    def correlate(self, settings: Settings) -> None: ...
    def checkpoints(self) -> Checkpoints: ...
    def pull(self, settings: Settings, names: Sequence[str]) -> Iterator[Answer]: ...
    def shared_names(self) -> SharedNames: ...
    def events_after(self, after: EventKey) -> list[StoredEvent]: ...
    def objects_after(self, after: ObjectKey) -> list[ObjectStatement]: ...
    def event_attribute_types(self) -> list[EventAttributeType]: ...


class StoreAnswers:
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
        return do_wished(self._store, self._clock, alert_id, wish, Actor(wish.by))

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

    def expire_silence(self, silence_id: str) -> Answer:
        """The silence that is over now."""
        now = self._clock.now()
        return silence_row(expire_silence(self._store, silence_id, now), now)

    def dead_letters(self, letters: LetterFilter, limit: int) -> list[Answer]:
        """The newest dead letters without their bodies; UsageError for a state there is not."""
        if letters.state and letters.state not in list(LetterState):
            raise UsageError(f"state is {letters.state!r}; give one of {', '.join(LetterState)}")
        return [_plain(row) for row in list_dead_letters(self._store, limit, letters)]

    def dead_letter(self, dead_letter_id: str) -> Answer:
        """One dead letter whole; UsageError when there is none of that id."""
        row = show_dead_letter(self._store, dead_letter_id)
        if row is None:
            raise UsageError(
                f"there is no dead letter {dead_letter_id!r}; `milepost dead-letters list` shows their ids"
            )
        attempts = [_plain(attempt) for attempt in list_attempts(self._store, dead_letter_id)]
        body = row.pop("body_base64")
        return {**_plain(row), "attempts": attempts, "body_base64": body}

    def replay(self, settings: Settings, wish: ReplayWish) -> Iterator[Answer]:
        """What becomes of each letter, as it becomes so; what a kill left half done is completed before."""
        if not wish.dry_run:
            repair_latest(self._store)
        contracts = open_contract_door(settings, load_contracts(settings.contracts_path).contracts, self._store)
        definitions = load_definitions(settings.sources_paths).values()
        correlation = load_correlation(settings.correlation_path)
        replay = local_replay(self._store, self._clock, contracts, definitions, correlation)
        selection = selection_of(wish)
        while True:
            page = replay.run(selection, Actor(wish.by), dry_run=wish.dry_run)
            yield from page_row(page)["results"]
            if page.rest is None:
                return
            selection = replace(selection, after=page.rest)

    def discard(self, wish: DiscardWish) -> int:
        """How many letters are discarded now."""
        return local_replay(self._store, self._clock).discard(wish.ids, Actor(wish.by), wish.reason)

    def tokens(self) -> list[Answer]:
        """Every token there is or was, without its secret."""
        return [token_row(token) for token in list_tokens(self._store)]

    def create_token(self, wish: TokenWish) -> str:
        """The text of a new token."""
        return issue_wished(self._store, self._clock, wish, Actor(wish.by))

    def revoke_token(self, name: str, by: str, reason: str) -> Answer:
        """The token that is revoked now."""
        return token_row(revoke_token(self._store, self._clock, name, Actor(by), reason))

    def evaluation(
        self,
        rules: Path,
        calendars: Path,
        contracts: Contracts,
        at: datetime,
        known_at: datetime | None,
        *,
        configured: bool = False,
    ) -> list[Answer]:
        """What the rules say of all stored history at an instant; the configured ones with their versions."""
        loaded: Sequence[Rule] = load_rules([rules], load_references(calendars, contracts))
        if configured:
            loaded = as_configured(self._store, loaded)
        return [evaluation_row(alert) for alert in evaluate(self._store, loaded, at, known_at, contracts)]

    def backtest(self, wish: BacktestWish, contracts: Contracts, progress: Progress) -> Answer:
        """What the rules would have told of all stored history, and a candidate beside them."""
        if wish.since >= wish.until:
            raise UsageError(
                f"from is {format_instant(wish.since)} and to is {format_instant(wish.until)}; give a later to"
            )
        running: Sequence[Rule]
        running, candidate = load_both(wish, contracts)
        if wish.configured:
            running = as_configured(self._store, running)
        span = Span(wish.since, wish.until)
        found = backtest(self._store, [*running, *(candidate or ())], span, wish.by, progress, contracts)
        return backtest_report(found, running, candidate)

    def rule_versions(self, alert: str | None) -> Answer:
        """The versions that judge which cases; files are refused by a running Milepost alone."""
        return {"refused": None, "versions": version_rows(self._store, alert)}

    def migrate_rules(self, wish: MigrationWish) -> list[Answer]:
        """The rules whose newest versions take running cases now."""
        return take_running_cases(self._store, wish, self._clock.now())

    def calibration(self, wish: CalibrationWish, contracts: Contracts) -> Answer:
        """How well the forecasts of a rule came true; UsageError where there is no such forecast."""
        rule = forecast_rule(wish, contracts)
        return calibration_report(wish, rule, calibrate(self._store, rule, wish.since, wish.until))

    def alert_history(self, alerts: AlertFilter, limit: int) -> list[Answer]:
        """The changes of alerts as they became known, the newest first."""
        return [change_row(change) for change in alert_changes(self._store, alerts, limit)]

    def migrations(self) -> Answer:
        """The names of the migrations that the store has, and of those it still lacks."""
        known = load_migrations()
        waiting = {migration.name for migration in pending(self._store, known)}
        names = [migration.name for migration in known]
        return {
            "applied": [name for name in names if name not in waiting],
            "pending": [name for name in names if name in waiting],
        }

    def sources(self, settings: Settings, window: timedelta) -> list[Answer]:
        """How each source does by the configured contracts; UsageError for a window that is not kept."""
        contracts = load_contracts(settings.contracts_path).contracts
        return source_rows(self._store, contracts, self._clock.now(), window)

    def door(self, settings: Settings) -> Door:
        """The collector's door, in this process; what a kill left half done is completed before it opens."""
        contracts = open_contract_door(settings, load_contracts(settings.contracts_path).contracts, self._store)
        # Afterwards what was cut short is no longer the newest, and no start would look for it.
        repair_latest(self._store)
        return LocalDoor(self._store, self._clock, contracts, load_correlation(settings.correlation_path))

    def pull(self, settings: Settings, names: Sequence[str]) -> Iterator[Answer]:
        """What became of the rows of each pull, or of all."""
        pulls = ready_pulls(load_pulls(settings.pulls_path), settings, self._store, self._clock)
        runs = PullRuns(pulls, PullMetrics(CollectorRegistry()), self._clock)
        chosen, door = runs.chosen(names), self.door(settings)
        return (pull_row(name, runs.run(name, door)) for name in chosen)

    def checkpoints(self) -> Checkpoints:
        """How far files were taken."""
        return StoreCheckpoints(self._store, self._clock)

    def shared_names(self) -> SharedNames:
        """The ids that mean more than one thing."""
        return shared_names(self._store)

    def events_after(self, after: EventKey) -> list[StoredEvent]:
        """The next portion of all events in the order of their keys; empty at the end."""
        return events_after(self._store, after)

    def objects_after(self, after: ObjectKey) -> list[ObjectStatement]:
        """The next portion of what files said of objects, in the order of their keys; empty at the end."""
        return objects_after(self._store, after)

    def event_attribute_types(self) -> list[EventAttributeType]:
        """What files declared the attributes of events to be, where that is not text."""
        return event_attribute_types(self._store)

    def _explained(self, alerts: Sequence[Alert]) -> list[Answer]:
        """Alerts as `milepost alerts list --output json` shows them: with what telemetry says, and what people did."""
        if not alerts:
            return []
        mutes = current_mutes(self._store, self._routing(), self._clock.now())
        ids = [alert.alert_id for alert in alerts]
        handling, actions = handling_of(self._store, ids), actions_on(self._store, ids)
        return [
            {
                **_alert_row(alert),
                "why": why_with_cause(alert),
                "muted_by": [one.row() for one in mutes.of_alert(alert)],
                **handling_row(handling.get(alert.alert_id, NOT_HANDLED)),
                "actions": [action_row(action) for action in actions.get(alert.alert_id, ())],
            }
            for alert in with_causes(self._store, alerts)
        ]

    def correlate(self, settings: Settings) -> None:
        """Finds the runs of what was taken through the door; of a server, the engine knows who else writes to it."""
        if self._store.is_embedded:
            contracts = load_contracts(settings.contracts_path).contracts
            Correlator(self._store, contracts).catch_up(latest_instant(self._store))


@contextlib.contextmanager
def open_answers(settings: Settings, clock: Clock) -> Iterator[Answers]:
    """Answers from the store, or from whoever holds it."""
    try:
        store = Store(settings.store)
    except StoreHeld as held:
        if not held.api_url:
            raise
        with contextlib.closing(ApiAnswers(held.api_url, held.api_token)) as answers:
            yield answers
        return
    with store:
        migrate(store, clock.now())
        yield StoreAnswers(store, clock, lambda: build_routing(load_routing(settings.routing_path)))


def _alert_row(alert: Alert) -> Answer:
    """The row of `evaluate` with the alert's id, its traces and what decided it."""
    row: Answer = {"alert_id": alert.alert_id, **evaluation_row(alert)}
    return {**row, "annotations": dict(alert.annotations), "trace_ids": list(alert.trace_ids), "why": why(alert)}


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


def _plain(row: Mapping[str, Any]) -> Answer:
    return {name: format_instant(value) if isinstance(value, datetime) else value for name, value in row.items()}
