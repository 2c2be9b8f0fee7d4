"""Answers to the commands' questions: from the store itself, or from the running Milepost that holds it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import httpx
import msgspec
from prometheus_client import CollectorRegistry

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
from domain.clock import Clock
from domain.contract import Contracts
from domain.duration import write_duration
from domain.errors import StoreError, StoreHeld, StoreUnreachable, UsageError
from domain.instants import EPOCH, format_instant
from domain.rule import Rule
from milepost.api_door import ApiCheckpoints, ApiDoor
from milepost.contract_commands import open_contract_door
from milepost.ready_pulls import ready_pulls
from milepost.settings import Settings
from milepost.source_rows import source_rows
from rules.backtest import backtest
from rules.backtest_report import backtest_report
from rules.evaluator import evaluate, evaluation_row
from rules.loader import load_rules, rule_files
from rules.references import load_references
from rules.replay import By, Progress, Span
from storage.alert_history import AlertChange, AlertFilter, alert_changes
from storage.alerts import list_alerts
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
from storage.tokens import list_tokens

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BacktestWish:
    """Which rules, and which candidate beside them, to replay from `since` up to, not including, `until`."""

    rules: Path
    candidate: Path | None
    calendars: Path
    since: datetime
    until: datetime
    by: By


def unseen(done: int, total: int) -> None:
    """Progress that nobody watches."""


_API_TIMEOUT_SECONDS = 300.0


class Answers(Protocol):
    """What commands ask; rows come with plain JSON values."""

    def alerts(self, state: str | None, limit: int) -> list[Answer]: ...
    def dead_letters(self, letters: LetterFilter, limit: int) -> list[Answer]: ...
    def dead_letter(self, dead_letter_id: str) -> Answer: ...
    def replay(self, settings: Settings, wish: ReplayWish) -> Iterator[Answer]: ...
    def discard(self, wish: DiscardWish) -> int: ...
    def tokens(self) -> list[Answer]: ...
    def create_token(self, wish: TokenWish) -> str: ...
    def revoke_token(self, name: str) -> Answer: ...
    def evaluation(
        self, rules: Path, calendars: Path, contracts: Contracts, at: datetime, known_at: datetime | None
    ) -> list[Answer]: ...
    def backtest(self, wish: BacktestWish, contracts: Contracts, progress: Progress) -> Answer: ...
    def alert_history(self, alerts: AlertFilter, limit: int) -> list[Answer]: ...
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

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def alerts(self, state: str | None, limit: int) -> list[Answer]:
        """The newest alerts as they stand; UsageError for a state there is not."""
        if state is not None and state not in list(AlertState):
            raise UsageError(f"state is {state!r}; give one of {', '.join(AlertState)}")
        return [alert_row(alert) for alert in list_alerts(self._store, AlertState(state) if state else None, limit)]

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
            page = replay.run(selection, wish.by, dry_run=wish.dry_run)
            yield from page_row(page)["results"]
            if page.rest is None:
                return
            selection = replace(selection, after=page.rest)

    def discard(self, wish: DiscardWish) -> int:
        """How many letters are discarded now."""
        return local_replay(self._store, self._clock).discard(wish.ids, wish.by, wish.reason)

    def tokens(self) -> list[Answer]:
        """Every token there is or was, without its secret."""
        return [token_row(token) for token in list_tokens(self._store)]

    def create_token(self, wish: TokenWish) -> str:
        """The text of a new token."""
        return issue_wished(self._store, self._clock, wish, wish.by)

    def revoke_token(self, name: str) -> Answer:
        """The token that is revoked now."""
        return token_row(revoke_token(self._store, self._clock, name))

    def evaluation(
        self, rules: Path, calendars: Path, contracts: Contracts, at: datetime, known_at: datetime | None
    ) -> list[Answer]:
        """What the rules say of all stored history at an instant."""
        loaded = load_rules([rules], load_references(calendars, contracts))
        return [evaluation_row(alert) for alert in evaluate(self._store, loaded, at, known_at, contracts)]

    def backtest(self, wish: BacktestWish, contracts: Contracts, progress: Progress) -> Answer:
        """What the rules would have told of all stored history, and a candidate beside them."""
        if wish.since >= wish.until:
            raise UsageError(
                f"from is {format_instant(wish.since)} and to is {format_instant(wish.until)}; give a later to"
            )
        running, candidate = load_both(wish, contracts)
        span = Span(wish.since, wish.until)
        found = backtest(self._store, [*running, *(candidate or ())], span, wish.by, progress, contracts)
        return backtest_report(found, running, candidate)

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

    def correlate(self, settings: Settings) -> None:
        """Finds the runs of what was taken through the door; of a server, the engine knows who else writes to it."""
        if self._store.is_embedded:
            contracts = load_contracts(settings.contracts_path).contracts
            Correlator(self._store, contracts).catch_up(latest_instant(self._store))


class ApiAnswers:
    """Answers from a running Milepost's API."""

    def __init__(self, url: str, token: str = "") -> None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        # A proxy of the environment knows no way to this machine's loopback.
        self._client = httpx.Client(base_url=url, timeout=_API_TIMEOUT_SECONDS, trust_env=False, headers=headers)
        self._url = url

    def alerts(self, state: str | None, limit: int) -> list[Answer]:
        """The newest alerts as they stand."""
        params: dict[str, str | int] = {"limit": limit, **({"state": state} if state else {})}
        return self._rows("GET", "/api/alerts", params=params)

    def dead_letters(self, letters: LetterFilter, limit: int) -> list[Answer]:
        """The newest dead letters without their bodies."""
        asked = {"channel": letters.channel, "code": letters.code, "source": letters.source, "state": letters.state}
        params: dict[str, str | int] = {"limit": limit, **{name: value for name, value in asked.items() if value}}
        if letters.since > EPOCH:
            params["since"] = format_instant(letters.since)
        return self._rows("GET", "/api/dead-letters", params=params)

    def dead_letter(self, dead_letter_id: str) -> Answer:
        """One dead letter whole."""
        answer: Answer = self._ask("GET", f"/api/dead-letters/{quote(dead_letter_id, safe='')}")
        return answer

    def replay(self, settings: Settings, wish: ReplayWish) -> Iterator[Answer]:
        """What becomes of each letter, page by page; a running collector has its own contracts and sources."""
        body = msgspec.to_builtins(wish)
        while True:
            page = self._ask("POST", "/api/dead-letters/replay", json=body)
            yield from page["results"]
            if page["rest"] is None:
                return
            body["after"] = page["rest"]

    def discard(self, wish: DiscardWish) -> int:
        """How many letters are discarded now."""
        answer = self._ask("POST", "/api/dead-letters/discard", json=msgspec.to_builtins(wish))
        return int(answer["discarded"])

    def tokens(self) -> list[Answer]:
        """Every token there is or was, without its secret."""
        return self._rows("GET", "/api/tokens")

    def create_token(self, wish: TokenWish) -> str:
        """The text of a new token, known to the running collector at once."""
        return str(self._ask("POST", "/api/tokens", json=msgspec.to_builtins(wish))["token"])

    def revoke_token(self, name: str) -> Answer:
        """The token that is revoked now, and refused from now on."""
        answer: Answer = self._ask("POST", f"/api/tokens/{quote(name, safe='')}/revoke")
        return answer

    def evaluation(
        self, rules: Path, calendars: Path, contracts: Contracts, at: datetime, known_at: datetime | None
    ) -> list[Answer]:
        """What the rules say; they are read here, so that errors name this command's files."""
        load_rules([rules], load_references(calendars, contracts))
        body = {
            "rules": _texts(rules),
            "calendars": calendars.read_text(encoding="utf-8"),
            "at": format_instant(at),
            "known_at": format_instant(known_at) if known_at else None,
        }
        return self._rows("POST", "/api/evaluate", json=body)

    def backtest(self, wish: BacktestWish, contracts: Contracts, progress: Progress) -> Answer:
        """What the rules would have told; they are read here, as for an evaluation. Nobody hears how far it is."""
        load_both(wish, contracts)
        body = {
            "rules": _texts(wish.rules),
            "candidate": None if wish.candidate is None else _texts(wish.candidate),
            "calendars": wish.calendars.read_text(encoding="utf-8"),
            "from": format_instant(wish.since),
            "to": format_instant(wish.until),
            "by": wish.by.value,
        }
        answer: Answer = self._ask("POST", "/api/backtest", json=body, timeout=None)
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
        return self._rows("GET", "/api/alerts/history", params=params)

    def migrations(self) -> Answer:
        """The names of the migrations that the running Milepost's store has, and of those it still lacks."""
        answer: Answer = self._ask("GET", "/api/migrations")
        return answer

    def sources(self, settings: Settings, window: timedelta) -> list[Answer]:
        """How each source does by the contracts of the running Milepost."""
        return self._rows("GET", "/api/sources", params={"window": write_duration(window)})

    def door(self, settings: Settings) -> Door:
        """The running collector's door, which has its own contracts."""
        return ApiDoor(self._send)

    def correlate(self, settings: Settings) -> None:
        """The running engine does at its next tick."""

    def pull(self, settings: Settings, names: Sequence[str]) -> Iterator[Answer]:
        """What became of the rows of each pull; the running Milepost has its own definitions."""
        for name in names or self._ask("GET", "/api/pulls"):
            # A first pull takes as long as it takes.
            yield self._ask("POST", f"/api/pulls/{quote(name, safe='')}", timeout=None)

    def checkpoints(self) -> Checkpoints:
        """How far files were taken, as the running Milepost knows it."""
        return ApiCheckpoints(self._send)

    def shared_names(self) -> SharedNames:
        """The ids that mean more than one thing."""
        return msgspec.convert(self._ask("GET", "/api/export/shared-names"), SharedNames)

    def events_after(self, after: EventKey) -> list[StoredEvent]:
        """The next portion of all events in the order of their keys; empty at the end."""
        params = {"source": after.source, "event_id": after.event_id}
        return msgspec.convert(self._ask("GET", "/api/export/events", params=params), list[StoredEvent])

    def objects_after(self, after: ObjectKey) -> list[ObjectStatement]:
        """The next portion of what files said of objects, in the order of their keys; empty at the end."""
        params = {"object_type": after.type, "object_id": after.id}
        return msgspec.convert(self._ask("GET", "/api/export/objects", params=params), list[ObjectStatement])

    def event_attribute_types(self) -> list[EventAttributeType]:
        """What files declared the attributes of events to be, where that is not text."""
        return msgspec.convert(self._ask("GET", "/api/export/event-attribute-types"), list[EventAttributeType])

    def _rows(self, method: str, path: str, **how: Any) -> list[Answer]:
        rows: list[Answer] = self._ask(method, path, **how)
        return rows

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        response = self._send(method, path, **how)
        answer = self._read(response)
        if response.status_code == 503:
            raise StoreUnreachable(answer.get("reason", f"{path} answered 503"))
        if response.status_code != 200:
            raise UsageError(answer.get("reason", f"{path} answered {response.status_code}"))
        return answer

    def _read(self, response: httpx.Response) -> Any:
        try:
            return response.json()
        except ValueError:
            raise StoreError(f"{response.url} answered {response.status_code}, and not as a Milepost does") from None

    def _send(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **how)
        except httpx.HTTPError as error:
            raise StoreUnreachable(f"the running Milepost at {self._url} does not answer: {error}") from None

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()


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
        yield StoreAnswers(store, clock)


def alert_row(alert: Alert) -> Answer:
    """An alert as `milepost alerts list --output json` shows it: the row of `evaluate`, its id and its traces."""
    row: Answer = {"alert_id": alert.alert_id, **evaluation_row(alert)}
    return {**row, "annotations": dict(alert.annotations), "trace_ids": list(alert.trace_ids)}


def change_row(change: AlertChange) -> Answer:
    """A change of an alert as `milepost alerts history --output json` shows it."""
    alert = change.alert
    return {
        "known_at": format_instant(change.known_at),
        "changed_at": format_instant(alert.changed_at),
        "recorded_at": format_instant(alert.recorded_at),
        "rule_version": alert.rule_version,
        **alert_row(alert),
    }


def load_both(wish: BacktestWish, contracts: Contracts) -> tuple[tuple[Rule, ...], tuple[Rule, ...] | None]:
    """The rules that run and those of the candidate; where there is one, of the running only those that it names.

    A candidate file holds what somebody wants to change, seldom all rules there are.
    """
    references = load_references(wish.calendars, contracts)
    running = load_rules([wish.rules], references)
    if wish.candidate is None:
        return running, None
    candidate = load_rules([wish.candidate], references)
    names = {rule.name for rule in candidate}
    return tuple(rule for rule in running if rule.name in names), candidate


def _texts(rules: Path) -> dict[str, str]:
    # Numbered, since files of several folders may share a name.
    return {f"{number}.yaml": file.read_text(encoding="utf-8") for number, file in enumerate(rule_files([rules]))}


def _plain(row: Mapping[str, Any]) -> Answer:
    return {name: format_instant(value) if isinstance(value, datetime) else value for name, value in row.items()}
