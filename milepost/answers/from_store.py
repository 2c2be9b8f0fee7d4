"""Answers to the commands' questions: from the store itself, or from the running Milepost that holds it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from alerts.config import load_routing
from alerts.muting import build_routing
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
from domain.audit import Actor
from domain.clock import Clock
from domain.contract import Contracts
from domain.errors import StoreHeld, UsageError
from domain.instants import format_instant
from domain.rule import Rule
from milepost.answers.answer import Answer
from milepost.answers.close import StoreClose
from milepost.answers.flow import StoreFlow
from milepost.answers.from_api import ApiAnswers
from milepost.answers.hops import StoreHops
from milepost.answers.incidents import StoreIncidents
from milepost.answers.interventions import StoreInterventions
from milepost.answers.kpi import StoreKpis
from milepost.answers.people import StorePeople
from milepost.answers.protocol import Answers
from milepost.backtest_wish import BacktestWish, load_both
from milepost.calibration_wish import CalibrationWish, calibration_report, forecast_rule
from milepost.contract_checks import open_contract_door
from milepost.intervention_setup import local_interventions
from milepost.ready_pulls import ready_pulls
from milepost.rule_versions import MigrationWish, take_running_cases, version_rows
from milepost.settings import Settings
from milepost.source_rows import source_rows
from rules.backtest import backtest
from rules.backtest_report import backtest_report
from rules.configured import as_configured
from rules.evaluator import evaluate, evaluation_row
from rules.forecast_calibration import calibrate
from rules.loader import load_rules
from rules.references import load_references
from rules.replay import Progress, Span
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


class StoreAnswers(StorePeople, StoreIncidents, StoreClose, StoreFlow, StoreHops, StoreKpis):
    """Answers from the store in this process."""

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
            page = replay.run(selection, Actor(wish.by), dry_run=wish.dry_run, reason=wish.reason)
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
        correlation = load_correlation(settings.correlation_path)
        return LocalDoor(self._store, self._clock, contracts, correlation)

    def pull(self, settings: Settings, names: Sequence[str]) -> Iterator[Answer]:
        """What became of the rows of each pull, or of all."""
        pulls = ready_pulls(load_pulls(settings.pulls_path), settings, self._store, self._clock)
        runs = PullRuns(pulls, PullMetrics(CollectorRegistry()), self._clock)
        chosen, door = runs.chosen(names), self.door(settings)
        return (pull_row(name, runs.run(name, door)) for name in chosen)

    def interventions(self, settings: Settings) -> StoreInterventions:
        """Answers from the store; calls are made before the answer comes."""
        return local_interventions(self._store, self._clock, settings)

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


@contextlib.contextmanager
def open_answers(settings: Settings, clock: Clock) -> Iterator[Answers]:
    """Answers from the store, or from whoever holds it."""
    try:
        store = Store(settings.store, cluster=settings.cluster)
    except StoreHeld as held:
        if not held.api_url:
            raise
        with contextlib.closing(ApiAnswers(held.api_url, held.api_token)) as answers:
            yield answers
        return
    with store:
        migrate(store, clock.now())
        yield StoreAnswers(store, clock, lambda: build_routing(load_routing(settings.routing_path)))


def _plain(row: Mapping[str, Any]) -> Answer:
    return {name: format_instant(value) if isinstance(value, datetime) else value for name, value in row.items()}
