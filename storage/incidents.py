"""Incidents in the store: which there are, which alerts are in them, and what waits behind each."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from domain.alert import Alert
from domain.alert_cause import CauseKind
from domain.incident import Incident, IncidentFigures
from domain.instants import to_micros
from domain.money import Money
from domain.severity import severity_rank
from storage.alert_causes import CAUSES
from storage.alerts import alert_from_row
from storage.client import Row, Store, encode_rows
from storage.engine_state import read_watermark

STATES = ("open", "over")
# More alerts than one incident has.
MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class Membership:
    """That an alert is in an incident, or has left it because its cause turned out to be another."""

    incident_id: str
    alert_id: str
    version: int
    has_left: bool = False


@dataclass(frozen=True, slots=True)
class FoundCause:
    """An alert's cause as far as incidents need it; without a signature where the cause is unknown."""

    alert_id: str
    signature: str
    kind: CauseKind
    service: str
    operation: str
    pattern: str
    error: str
    first_at: datetime
    recorded_at: datetime


def list_incidents(
    store: Store, states: Sequence[str] = STATES, limit: int = 100, beginning: str = ""
) -> list[Incident]:
    """Incidents with their figures, those that are open first, then the latest; only those whose id begins so."""
    params = {"beginning": beginning, "states": list(states), "limit": limit}
    return [_with_figures(row) for row in store.rows("list_incidents", params)]


def alerts_of_incident(store: Store, incident_id: str, limit: int) -> list[Alert]:
    """The alerts of an incident as they stand, those that are open first, then the longest overdue."""
    rows = store.rows("alerts_of_incident", {"incident_id": incident_id, "limit": limit})
    return [alert_from_row(row) for row in rows]


def incidents_in_sight(store: Store, since: datetime) -> tuple[list[Incident], list[Membership]]:
    """The incidents that are open or changed since then, and who is in them; what came last, last."""
    params = {"since": to_micros(since)}
    incidents = [_incident(row) for row in store.rows("incidents_in_sight", params)]
    rows = store.tuples("incident_memberships", params)[1]
    return incidents, [Membership(incident_id, alert_id, version) for incident_id, alert_id, version in rows]


def write_incidents(store: Store, incidents: Sequence[Incident], memberships: Sequence[Membership]) -> None:
    """Stores what changed; an incident is there before its members, and without any it is shown to nobody."""
    if incidents:
        rows = [asdict(incident) for incident in incidents]
        store.insert("incidents", encode_rows([{k: v for k, v in row.items() if k != "figures"} for row in rows]))
    if memberships:
        store.insert("incident_members", encode_rows([asdict(membership) for membership in memberships]))


def causes_found_since(store: Store, since: datetime) -> list[FoundCause]:
    """The causes that were found at or after an instant, in the order in which they were."""
    names, rows = store.tuples("causes_found_since", {"since": since})
    return [_found(dict(zip(names, row, strict=True))) for row in rows]


def causes_complete_through(store: Store) -> datetime | None:
    """Up to when all causes are found; None before any search."""
    watermark = read_watermark(store, CAUSES)
    return watermark.evaluated_through if watermark else None


def _found(row: Row) -> FoundCause:
    return FoundCause(**{**row, "kind": CauseKind(row["kind"])})


def _incident(row: Row) -> Incident:
    return Incident(**{**row, "kind": CauseKind(row["kind"])})


def _with_figures(row: Row) -> Incident:
    columns = dict(row)
    money: dict[str, Decimal] = columns.pop("money")
    figures = IncidentFigures(
        firing=columns.pop("firing"),
        over=columns.pop("over"),
        objects=dict(sorted(columns.pop("objects").items())),
        money=tuple(Money(amount, currency) for currency, amount in sorted(money.items())),
        unknown=columns.pop("unknown"),
        severity=min(columns.pop("severities"), key=lambda one: (severity_rank(one), one), default=""),
        deadline_at=columns.pop("deadline_at"),
    )
    return Incident(**{**columns, "kind": CauseKind(columns["kind"])}, figures=figures)
