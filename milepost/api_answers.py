"""Answers to the commands' questions from the running Milepost that holds the store, over its API."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from alerts.silences import SilenceWish
from collector.files.door import Checkpoints, Door
from collector.operations import (
    DiscardWish,
    ReplayWish,
    TokenWish,
)
from domain.contract import Contracts
from domain.duration import write_duration
from domain.errors import StoreError, StoreUnreachable, UsageError
from domain.instants import EARLIEST, EPOCH, format_instant
from milepost.alert_handling import ActionWish
from milepost.api_door import ApiCheckpoints, ApiDoor
from milepost.backtest_wish import BacktestWish, load_both
from milepost.calibration_wish import CalibrationWish, forecast_rule
from milepost.rule_versions import MigrationWish
from milepost.settings import Settings
from rules.loader import load_rules, rule_files
from rules.references import load_references
from rules.replay import Progress
from storage.alert_history import AlertFilter
from storage.audit import AuditPeriod
from storage.dead_letters import LetterFilter
from storage.event_export import EventKey, SharedNames, StoredEvent
from storage.object_statements import (
    EventAttributeType,
    ObjectKey,
    ObjectStatement,
)

Answer = dict[str, Any]
_API_TIMEOUT_SECONDS = 300.0


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

    def alert(self, alert_id: str) -> Answer:
        """The alert whose id begins so."""
        answer: Answer = self._ask("GET", f"/api/alerts/{quote(alert_id, safe='')}")
        return answer

    def act_on_alert(self, alert_id: str, wish: ActionWish) -> Answer:
        """What is stored of what somebody does with the alert whose id begins so."""
        path = f"/api/alerts/{quote(alert_id, safe='')}/actions"
        answer: Answer = self._ask("POST", path, json=msgspec.to_builtins(wish))
        return answer

    def audit_verification(self, head: str | None) -> Answer:
        """Whether the audit log is unbroken, and holds a head that was kept."""
        answer: Answer = self._ask("GET", "/api/audit/verification", params={"head": head} if head else {})
        return answer

    def audit_page(self, period: AuditPeriod, first: int) -> list[Answer]:
        """The next entries of the audit log from a number on; empty at the end."""
        stretch = {"from": format_instant(period.since), "to": format_instant(period.until)}
        return self._rows("GET", "/api/audit", params={"first": first, **stretch})

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

    def revoke_token(self, name: str, by: str, reason: str) -> Answer:
        """The token that is revoked now, and refused from now on."""
        told = {"by": by, "reason": reason}
        answer: Answer = self._ask("POST", f"/api/tokens/{quote(name, safe='')}/revoke", params=told)
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
        return self._rows("POST", "/api/evaluate", json=body)

    def rule_versions(self, alert: str | None) -> Answer:
        """The versions that judge which cases, and since when and why the files are refused."""
        answer: Answer = self._ask("GET", "/api/rules/versions", params={"alert": alert} if alert else {})
        return answer

    def migrate_rules(self, wish: MigrationWish) -> list[Answer]:
        """The rules whose newest versions take running cases from the next tick on."""
        body = {
            "alerts": list(wish.alerts),
            "since": None if wish.since == EARLIEST else format_instant(wish.since),
            "reason": wish.reason,
            "by": wish.by.name,
        }
        return self._rows("POST", "/api/rules/migrate", json=body)

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
        answer: Answer = self._ask("POST", "/api/backtest", json=body, timeout=None)
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
        answer: Answer = self._ask("POST", "/api/calibration", json=body, timeout=None)
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

    def silences(self, states: Sequence[str], limit: int) -> list[Answer]:
        """The silences in these states, all where none is named."""
        return self._rows("GET", "/api/silences", params={"state": list(states), "limit": limit})

    def silence(self, silence_id: str) -> Answer:
        """The silence whose id begins so."""
        answer: Answer = self._ask("GET", f"/api/silences/{quote(silence_id, safe='')}")
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
        answer: Answer = self._ask("POST", "/api/silences", json=body)
        return answer

    def expire_silence(self, silence_id: str) -> Answer:
        """The silence that is over now."""
        answer: Answer = self._ask("POST", f"/api/silences/{quote(silence_id, safe='')}/expire")
        return answer

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


def _texts(rules: Path) -> dict[str, str]:
    # Numbered, since files of several folders may share a name.
    return {f"{number}.yaml": file.read_text(encoding="utf-8") for number, file in enumerate(rule_files([rules]))}
