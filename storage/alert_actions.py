"""What people did with alerts, in the store: appended and never changed; what stands of it is derived."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from domain.alert import AlertState
from domain.alert_action import ActionKind, AlertAction, Handling, Mark
from domain.business_object import BusinessObject
from storage.client import Row, Store, encode_rows


def write_action(store: Store, action: AlertAction) -> None:
    """Stores an action; returns once it is on disk."""
    write_actions(store, [action])


def write_actions(store: Store, actions: Sequence[AlertAction]) -> None:
    """Stores actions; returns once all are on disk."""
    if actions:
        store.insert("alert_actions", encode_rows([_row(action) for action in actions]))


def find_action(store: Store, action_id: str) -> AlertAction | None:
    """The action that was taken under an id."""
    rows = store.rows("alert_action_by_id", {"action_id": action_id})
    return _action(rows[0]) if rows else None


def actions_on(store: Store, alert_ids: Iterable[str]) -> dict[str, list[AlertAction]]:
    """What was done with these alerts, by id and in order; one with which nothing was done is left out."""
    by_alert: dict[str, list[AlertAction]] = defaultdict(list)
    if ids := list(alert_ids):
        for row in store.rows("alert_actions", {"alert_ids": ids}):
            by_alert[row["alert_id"]].append(_action(row))
    return dict(by_alert)


def handling_of(store: Store, alert_ids: Iterable[str]) -> dict[str, Handling]:
    """What stands of what was done with these alerts, by id; one of which nothing stands is left out."""
    ids = list(alert_ids)
    if not ids:
        return {}
    params = {"alert_ids": ids, "ended_states": [state for state in AlertState if not state.is_open]}
    by_alert: dict[str, dict[ActionKind, AlertAction]] = defaultdict(dict)
    for row in store.rows("standing_alert_actions", params):
        action = _action(row)
        by_alert[action.alert_id][action.kind] = action
    return {
        alert_id: Handling(
            kinds.get(ActionKind.ACKNOWLEDGE),
            kinds.get(ActionKind.ASSIGN),
            kinds.get(ActionKind.MARK),
            kinds.get(ActionKind.SNOOZE),
            kinds.get(ActionKind.ESCALATE),
        )
        for alert_id, kinds in by_alert.items()
    }


def count_actions(store: Store) -> int:
    """How many actions are stored; while it is the same nobody has done anything."""
    return int(store.rows("count_alert_actions")[0]["actions"])


def marks_of_rules(store: Store, names: Iterable[str]) -> dict[str, Mark]:
    """How the alerts of these rules were marked last, by alert id; one that nobody marked is left out."""
    rows = store.rows("marked_alerts", {"alerts": sorted(set(names))})
    return {row["alert_id"]: Mark(row["mark"]) for row in rows}


def _row(action: AlertAction) -> Row:
    return {
        "alert_id": action.alert_id,
        "acted_at": action.acted_at,
        "action_id": action.action_id,
        "alert": action.alert,
        "object_type": action.business_object.type,
        "object_id": action.business_object.id,
        "alert_version": action.alert_version,
        "has_fired": action.has_fired,
        "kind": action.kind,
        "value": action.value,
        "acted_by": action.acted_by,
        "comment": action.comment,
    }


def _action(row: Row) -> AlertAction:
    columns = dict(row)
    return AlertAction(
        business_object=BusinessObject(columns.pop("object_type"), columns.pop("object_id")),
        kind=ActionKind(columns.pop("kind")),
        **columns,
    )
