"""Interventions in the store: every version of each, and each as it stands now."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from domain.business_object import BusinessObject
from domain.intervention import Intervention, InterventionState
from storage.client import Row, Store, encode_rows


@dataclass(frozen=True, slots=True)
class InterventionFilter:
    """Which interventions are asked for; what is empty narrows nothing."""

    name: str = ""
    business_object: BusinessObject | None = None
    run_id: str = ""
    states: tuple[InterventionState, ...] = ()


def write_interventions(store: Store, interventions: Sequence[Intervention]) -> None:
    """Stores versions of interventions, all of them or none; returns once they are on disk."""
    if interventions:
        store.insert("interventions", encode_rows([_to_row(one) for one in interventions]))


def interventions_of_run(store: Store, run_id: str) -> list[Intervention]:
    """The interventions of a run as they stand, in its order; empty where there is no such run."""
    return _interventions(store.rows("interventions_of_run", {"run_id": run_id}))


def find_runs(store: Store, beginning: str) -> list[str]:
    """The run whose id begins so; two where it is not the only one."""
    return [row["run_id"] for row in store.rows("intervention_runs", {"beginning": beginning})]


def intervention_versions(store: Store, beginning: str) -> list[Intervention]:
    """Every version of the intervention whose id begins so; of two interventions where it is not the only one."""
    return _interventions(store.rows("intervention_versions", {"beginning": beginning}))


def interventions_in(store: Store, states: Iterable[InterventionState]) -> list[Intervention]:
    """The interventions that are in these states, in the order of their runs."""
    return _interventions(store.rows("interventions_in_states", {"states": list(states)}))


def list_interventions(store: Store, asked: InterventionFilter, limit: int) -> list[Intervention]:
    """Interventions as they stand, the newest first."""
    params = {
        "name": asked.name,
        "object_type": asked.business_object.type if asked.business_object else "",
        "object_id": asked.business_object.id if asked.business_object else "",
        "run_id": asked.run_id,
        "states": list(asked.states),
        "limit": limit,
    }
    return _interventions(store.rows("list_interventions", params))


def tries_after(store: Store, name: str, after: datetime) -> list[datetime]:
    """When an intervention was tried after an instant, in order."""
    return [row["tried_at"] for row in store.rows("intervention_tries", {"name": name, "after": after})]


def _interventions(rows: Iterable[Row]) -> list[Intervention]:
    return [_intervention(row) for row in rows]


def _intervention(row: Row) -> Intervention:
    columns = dict(row)
    return Intervention(
        business_object=BusinessObject(columns.pop("object_type"), columns.pop("object_id")),
        state=InterventionState(columns.pop("state")),
        **columns,
    )


def _to_row(intervention: Intervention) -> Row:
    row = asdict(intervention)
    del row["business_object"]
    return {
        **row,
        "object_type": intervention.business_object.type,
        "object_id": intervention.business_object.id,
    }
