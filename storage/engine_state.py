"""What the engine remembers between ticks: how far it came, which objects time alone will change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.alert import AlertState
from domain.instants import to_micros
from storage.client import Store, encode_rows
from storage.milestones import Stretch, Touched, touched_params

# Under this name the engine of the rules notes how far it came.
RULES_ENGINE = "rules"


@dataclass(frozen=True, slots=True)
class Watermark:
    """Every arrival up to and with `evaluated_through` is evaluated, under the rules of that version."""

    evaluated_through: datetime
    rules_version: str


def read_watermark(store: Store, engine: str) -> Watermark | None:
    """How far an engine came; None before its first tick."""
    rows = store.rows("engine_watermark", {"engine": engine})
    return Watermark(**rows[0]) if rows else None


def write_watermark(store: Store, engine: str, watermark: Watermark, recorded_at: datetime) -> None:
    """Records how far an engine came."""
    row = {
        "engine": engine,
        "evaluated_through": watermark.evaluated_through,
        "rules_version": watermark.rules_version,
        "recorded_at": recorded_at,
    }
    store.insert("engine_watermarks", encode_rows([row]))


def open_duties(store: Store, stretch: Stretch, touched: Touched | None) -> dict[str, datetime]:
    """When time alone next changes the objects of a stretch, by id; with `touched` only of those touched."""
    params = {
        "object_type": stretch.object_type,
        "after_id": stretch.after_id,
        "last_id": stretch.last_id,
        **touched_params(touched),
    }
    return {row["object_id"]: row["due_at"] for row in store.rows("open_duties_in_stretch", params)}


def write_duties(store: Store, duties: Mapping[tuple[str, str], datetime | None], recorded_at: datetime) -> None:
    """Records for (object type, id) when time alone next changes it; None closes the duty."""
    version = to_micros(recorded_at)
    rows = [
        {"object_type": type_, "object_id": id_, "due_at": due_at, "recorded_at": recorded_at, "version": version}
        for (type_, id_), due_at in duties.items()
    ]
    if rows:
        store.insert("open_duties", encode_rows(rows))


def stored_object_types(store: Store) -> set[str]:
    """The object types that the engine has something open for."""
    params = {"open_states": [state for state in AlertState if state.is_open]}
    return {row["object_type"] for row in store.rows("stored_object_types", params)}
