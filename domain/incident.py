"""An incident: the failing hop that alerts have in common, and what waits behind it.

The document of an incident is the same wherever programs read it: commands, API, webhooks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import xxhash

from domain.alert_cause import CauseKind
from domain.instants import format_instant, to_micros
from domain.money import Money, format_amount


@dataclass(frozen=True, slots=True)
class IncidentFigures:
    """What waits behind the hop; of an incident that is over, all that it held up, but for what was never late.

    `firing` and `over` count alerts, `objects` counts objects by type. Each object's money counts once; `unknown` are
    the objects whose amount is not known. `deadline_at` is the earliest.
    """

    firing: int
    over: int
    objects: Mapping[str, int]
    money: tuple[Money, ...]
    unknown: int
    severity: str
    deadline_at: datetime | None


@dataclass(frozen=True, slots=True)
class Incident:
    """Which hop fails and how: `pattern` is the error without ids, numbers and instants, `error` one as it was.

    It began with the first alert (`started_at`) and ends with the last; `first_seen_at` is when the hop first failed.
    `figures` are looked up where they are shown.
    """

    incident_id: str
    signature: str
    kind: CauseKind
    service: str
    operation: str
    pattern: str
    error: str
    started_at: datetime
    first_seen_at: datetime
    ended_at: datetime | None
    version: int
    figures: IncidentFigures | None = None

    @property
    def hop(self) -> str:
        """The service and its operation, in one text."""
        return " ".join(part for part in (self.service, self.operation) if part) or "an unnamed hop"

    @property
    def failure(self) -> str:
        """The hop and what is wrong with it: the same from beginning to end."""
        return f"{self.hop} {'fails' if self.kind is CauseKind.FAILED_CALL else 'is held up'}"


def incident_id(signature: str, started_at: datetime) -> str:
    """The id of the incident of this cause that began then, the same in every run."""
    return xxhash.xxh3_128_hexdigest(f"{signature}\0{to_micros(started_at)}".encode())


def incident_document(incident: Incident) -> dict[str, Any]:
    """The incident in plain JSON values."""
    return {
        "incident_id": incident.incident_id,
        "state": "open" if incident.ended_at is None else "over",
        "kind": incident.kind.value,
        "service": incident.service,
        "operation": incident.operation,
        "error": incident.error,
        "pattern": incident.pattern,
        "signature": incident.signature,
        "started_at": format_instant(incident.started_at),
        "first_seen_at": format_instant(incident.first_seen_at),
        "ended_at": format_instant(incident.ended_at) if incident.ended_at else None,
        **(_figures(incident.figures) if incident.figures else {}),
    }


def _figures(figures: IncidentFigures) -> dict[str, Any]:
    return {
        "firing": figures.firing,
        "over": figures.over,
        "objects": [{"type": type_, "count": count} for type_, count in figures.objects.items()],
        "money": [
            {"currency": money.currency, "amount": format_amount(money.amount, money.currency)}
            for money in figures.money
        ],
        "money_unknown": figures.unknown,
        "severity": figures.severity or None,
        "deadline_at": format_instant(figures.deadline_at) if figures.deadline_at else None,
    }
