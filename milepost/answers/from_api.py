"""Answers to the commands' questions from the running Milepost that holds the store, over its API."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import msgspec

from collector.files.door import Checkpoints, Door
from collector.operations import (
    DiscardWish,
    ReplayWish,
    TokenWish,
)
from domain.contract import Contracts
from domain.duration import write_duration
from domain.instants import EARLIEST, EPOCH, format_instant
from milepost.answers.answer import Answer
from milepost.answers.api_client import ApiClient
from milepost.answers.close import ApiClose
from milepost.answers.flow import ApiFlow
from milepost.answers.hops import ApiHops
from milepost.answers.incidents import ApiIncidents
from milepost.answers.interventions import ApiInterventions
from milepost.answers.kpi import ApiKpis
from milepost.answers.people import ApiPeople
from milepost.api.door import ApiCheckpoints, ApiDoor
from milepost.backtest_wish import BacktestWish, load_both
from milepost.calibration_wish import CalibrationWish, forecast_rule
from milepost.rule_versions import MigrationWish
from milepost.settings import Settings
from rules.loader import load_rules, rule_files
from rules.references import load_references
from rules.replay import Progress
from storage.dead_letters import LetterFilter
from storage.event_export import EventKey, SharedNames, StoredEvent
from storage.object_statements import (
    EventAttributeType,
    ObjectKey,
    ObjectStatement,
)


class ApiAnswers(ApiPeople, ApiIncidents, ApiClose, ApiFlow, ApiHops, ApiKpis):
    """Answers from a running Milepost's API."""

    def __init__(self, url: str, token: str = "") -> None:
        super().__init__(ApiClient(url, token))

    def dead_letters(self, letters: LetterFilter, limit: int) -> list[Answer]:
        """The newest dead letters without their bodies."""
        asked = {"channel": letters.channel, "code": letters.code, "source": letters.source, "state": letters.state}
        params: dict[str, str | int] = {"limit": limit, **{name: value for name, value in asked.items() if value}}
        if letters.since > EPOCH:
            params["since"] = format_instant(letters.since)
        return self._api.rows("GET", "/api/dead-letters", params=params)

    def dead_letter(self, dead_letter_id: str) -> Answer:
        """One dead letter whole."""
        answer: Answer = self._api.ask("GET", f"/api/dead-letters/{quote(dead_letter_id, safe='')}")
        return answer

    def replay(self, settings: Settings, wish: ReplayWish) -> Iterator[Answer]:
        """What becomes of each letter, page by page; a running collector has its own contracts and sources."""
        body = msgspec.to_builtins(wish)
        while True:
            page = self._api.ask("POST", "/api/dead-letters/replay", json=body)
            yield from page["results"]
            if page["rest"] is None:
                return
            body["after"] = page["rest"]

    def discard(self, wish: DiscardWish) -> int:
        """How many letters are discarded now."""
        answer = self._api.ask("POST", "/api/dead-letters/discard", json=msgspec.to_builtins(wish))
        return int(answer["discarded"])

    def tokens(self) -> list[Answer]:
        """Every token there is or was, without its secret."""
        return self._api.rows("GET", "/api/tokens")

    def create_token(self, wish: TokenWish) -> str:
        """The text of a new token, known to the running collector at once."""
        return str(self._api.ask("POST", "/api/tokens", json=msgspec.to_builtins(wish))["token"])

    def revoke_token(self, name: str, by: str, reason: str) -> Answer:
        """The token that is revoked now, and refused from now on."""
        told = {"by": by, "reason": reason}
        answer: Answer = self._api.ask("POST", f"/api/tokens/{quote(name, safe='')}/revoke", params=told)
        return answer

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
        """What the rules say; they are read here, so that errors name this command's files."""
        load_rules([rules], load_references(calendars, contracts))
        body = {
            "rules": _texts(rules),
            "calendars": calendars.read_text(encoding="utf-8"),
            "at": format_instant(at),
            "known_at": format_instant(known_at) if known_at else None,
            "configured": configured,
        }
        return self._api.rows("POST", "/api/evaluate", json=body)

    def rule_versions(self, alert: str | None) -> Answer:
        """The versions that judge which cases, and since when and why the files are refused."""
        answer: Answer = self._api.ask("GET", "/api/rules/versions", params={"alert": alert} if alert else {})
        return answer

    def migrate_rules(self, wish: MigrationWish) -> list[Answer]:
        """The rules whose newest versions take running cases from the next tick on."""
        body = {
            "alerts": list(wish.alerts),
            "since": None if wish.since == EARLIEST else format_instant(wish.since),
            "reason": wish.reason,
            "by": wish.by.name,
        }
        return self._api.rows("POST", "/api/rules/migrate", json=body)

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
            "configured": wish.configured,
        }
        answer: Answer = self._api.ask("POST", "/api/backtest", json=body, timeout=None)
        return answer

    def calibration(self, wish: CalibrationWish, contracts: Contracts) -> Answer:
        """How well the forecasts of a rule came true; the rules are read here, as for an evaluation."""
        forecast_rule(wish, contracts)
        body = {
            "alert": wish.alert,
            "rules": _texts(wish.rules),
            "calendars": wish.calendars.read_text(encoding="utf-8"),
            "from": format_instant(wish.since),
            "to": format_instant(wish.until),
        }
        answer: Answer = self._api.ask("POST", "/api/calibration", json=body, timeout=None)
        return answer

    def migrations(self) -> Answer:
        """The names of the migrations that the running Milepost's store has, and of those it still lacks."""
        answer: Answer = self._api.ask("GET", "/api/migrations")
        return answer

    def sources(self, settings: Settings, window: timedelta) -> list[Answer]:
        """How each source does by the contracts of the running Milepost."""
        return self._api.rows("GET", "/api/sources", params={"window": write_duration(window)})

    def door(self, settings: Settings) -> Door:
        """The running collector's door, which has its own contracts."""
        return ApiDoor(self._api.send)

    def correlate(self, settings: Settings) -> None:
        """The running engine does at its next tick."""

    def interventions(self, settings: Settings) -> ApiInterventions:
        """Answers of the running Milepost, which has its own definitions and makes the calls."""
        return ApiInterventions(self._api)

    def pull(self, settings: Settings, names: Sequence[str]) -> Iterator[Answer]:
        """What became of the rows of each pull; the running Milepost has its own definitions."""
        for name in names or self._api.ask("GET", "/api/pulls"):
            # A first pull takes as long as it takes.
            yield self._api.ask("POST", f"/api/pulls/{quote(name, safe='')}", timeout=None)

    def checkpoints(self) -> Checkpoints:
        """How far files were taken, as the running Milepost knows it."""
        return ApiCheckpoints(self._api.send)

    def shared_names(self) -> SharedNames:
        """The ids that mean more than one thing."""
        return msgspec.convert(self._api.ask("GET", "/api/export/shared-names"), SharedNames)

    def events_after(self, after: EventKey) -> list[StoredEvent]:
        """The next portion of all events in the order of their keys; empty at the end."""
        params = {"source": after.source, "event_id": after.event_id}
        return msgspec.convert(self._api.ask("GET", "/api/export/events", params=params), list[StoredEvent])

    def objects_after(self, after: ObjectKey) -> list[ObjectStatement]:
        """The next portion of what files said of objects, in the order of their keys; empty at the end."""
        params = {"object_type": after.type, "object_id": after.id}
        return msgspec.convert(self._api.ask("GET", "/api/export/objects", params=params), list[ObjectStatement])

    def event_attribute_types(self) -> list[EventAttributeType]:
        """What files declared the attributes of events to be, where that is not text."""
        return msgspec.convert(self._api.ask("GET", "/api/export/event-attribute-types"), list[EventAttributeType])

    def close(self) -> None:
        """Ends the connections."""
        self._api.close()


def _texts(rules: Path) -> dict[str, str]:
    # Numbered, since files of several folders may share a name.
    return {f"{number}.yaml": file.read_text(encoding="utf-8") for number, file in enumerate(rule_files([rules]))}
