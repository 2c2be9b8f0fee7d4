"""What stands of what people did with alerts, against a reference that goes through the history by hand."""

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.alert import AlertState
from domain.alert_action import NOT_HANDLED, ActionKind, AlertAction, Mark
from storage.alert_actions import actions_on, find_action, handling_of, marks_of_rules, write_action
from storage.alerts import write_transitions
from storage.client import Store
from tests.builders import NOW, alert
from tests.engine import Engine

SECOND = timedelta(seconds=1)
KEPT = {
    ActionKind.ACKNOWLEDGE: "acknowledged",
    ActionKind.ASSIGN: "assigned",
    ActionKind.MARK: "marked",
    ActionKind.SNOOZE: "snoozed",
    ActionKind.ESCALATE: "escalated",
}
# Of these the last one stands.
HOLDING = ("acknowledged", "snoozed")
# What an end of the alert takes away.
ENDING = (*HOLDING, "escalated")


def action(kind: ActionKind, number: int = 1, **changes: object) -> AlertAction:
    fired = alert()
    made = AlertAction(
        action_id=f"act-{number}",
        alert_id=fired.alert_id,
        alert=fired.name,
        business_object=fired.business_object,
        alert_version=fired.version,
        has_fired=True,
        kind=kind,
        value={ActionKind.ASSIGN: "ben", ActionKind.MARK: Mark.USEFUL, ActionKind.SNOOZE: "2h"}.get(kind, ""),
        acted_by="ana",
        acted_at=NOW + number * SECOND,
        comment="“why”\n",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Step:
    """An action on the alert as it stands, or where there is a state the alert comes to it."""

    kind: ActionKind = ActionKind.COMMENT
    state: AlertState | None = None
    repeats: bool = False


STEPS = st.lists(
    st.builds(Step, kind=st.sampled_from(ActionKind), repeats=st.booleans())
    | st.builds(Step, state=st.sampled_from(AlertState)),
    max_size=10,
)


@given(STEPS)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_what_stands_is_what_a_walk_through_the_history_says(
    embedded_store: Store, engine: Engine, steps: list[Step]
) -> None:
    engine.clear(embedded_store.database)
    stands = alert(state=AlertState.AT_RISK, fired_at=None)
    write_transitions(embedded_store, [stands])
    expected: dict[str, AlertAction] = {}
    for number, step in enumerate(steps, start=2):
        if step.state is not None:
            fired_at = NOW if step.state is AlertState.FIRING else stands.fired_at
            stands = replace(
                stands, state=step.state, version=number, fired_at=fired_at, changed_at=NOW + number * SECOND
            )
            write_transitions(embedded_store, [stands])
            for name in ENDING:
                held = expected.get(name)
                if held and (not step.state.is_open or (step.state is AlertState.FIRING and not held.has_fired)):
                    del expected[name]
            continue
        done = action(step.kind, number, alert_version=stands.version, has_fired=stands.fired_at is not None)
        write_action(embedded_store, done)
        if step.repeats:
            write_action(embedded_store, replace(done, acted_at=done.acted_at + timedelta(minutes=1)))
        if step.kind is ActionKind.UNACKNOWLEDGE or KEPT.get(step.kind) in HOLDING:
            for name in HOLDING:
                expected.pop(name, None)
        if step.kind in KEPT:
            expected[KEPT[step.kind]] = done

    found = handling_of(embedded_store, [stands.alert_id]).get(stands.alert_id, NOT_HANDLED)

    assert {name: getattr(found, name) for name in KEPT.values() if getattr(found, name)} == expected


def test_what_was_done_is_read_in_order_and_a_repeat_counts_once(store: Store) -> None:
    one, two = action(ActionKind.COMMENT, 1), action(ActionKind.ACKNOWLEDGE, 2)
    other = action(ActionKind.COMMENT, 3, alert_id="other")
    for done in (two, one, other, replace(one, acted_at=one.acted_at + 9 * SECOND)):
        write_action(store, done)

    assert actions_on(store, [one.alert_id]) == {one.alert_id: [one, two]}
    assert actions_on(store, []) == {}
    assert find_action(store, "act-1") == one
    assert find_action(store, "act-9") is None


def test_a_rules_marks_are_the_last_of_each_alert(store: Store) -> None:
    write_action(store, action(ActionKind.MARK, 1))
    write_action(store, action(ActionKind.MARK, 2, value=Mark.NOISE))
    write_action(store, action(ActionKind.MARK, 3, alert_id="second"))
    write_action(store, action(ActionKind.MARK, 4, alert_id="third", alert="Other"))
    write_action(store, action(ActionKind.ASSIGN, 5, alert_id="fourth"))

    assert marks_of_rules(store, ["OrderNotPosted"]) == {alert().alert_id: Mark.NOISE, "second": Mark.USEFUL}
    assert marks_of_rules(store, []) == {}
