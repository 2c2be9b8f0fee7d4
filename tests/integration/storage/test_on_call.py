"""What the pages for on-call read: which alerts, who has them, who was told, and pages of what was done."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.handling import Deed, handle
from domain.alert import Alert, AlertState
from domain.alert_action import ActionKind
from domain.audit import Act, ActKind, Actor
from domain.silence import Silence, SilenceState
from storage.alerts import write_transitions
from storage.audit import write_audit
from storage.client import Store
from storage.notifications import NotificationRecord, NotificationStatus, write_notifications
from storage.on_call import AlertWish, Ownership, find_alert_file, newest_entries, silences_at, standing_alerts
from storage.silences import write_silences
from tests.builders import NOW, alert

HOUR = timedelta(hours=1)
ANA = Actor("ana")


def of_entity(object_: str, entity: str, **changes: Any) -> Alert:
    one = alert(object=object_, **changes)
    return replace(one, labels={**one.labels, "legal_entity": entity})


LATEST = of_entity("order/O-1", "DE01", deadline_at=NOW - HOUR)
GRAVE = of_entity("order/O-2", "DE01", severity="critical")
OTHER = of_entity("order/O-3", "GB01", name="InvoiceOverdue", deadline_at=NOW - 2 * HOUR)
RISK = of_entity("order/O-4", "GB01", state=AlertState.AT_RISK, fired_at=None, severity="critical")
UNSURE = of_entity("order/O-5", "GB01", state=AlertState.SUSPENDED)
OVER = of_entity("order/O-6", "DE01", state=AlertState.RESOLVED, resolved_at=NOW)


@pytest.fixture
def alerts(embedded_store: Store) -> Store:
    write_transitions(embedded_store, [RISK, LATEST, OVER, UNSURE, OTHER, GRAVE])
    return embedded_store


def objects(store: Store, wish: AlertWish = AlertWish(), limit: int = 10, offset: int = 0) -> list[str]:
    return [one.business_object.id for one in standing_alerts(store, wish, limit, offset).page.alerts]


def test_what_stands_comes_the_worst_first_and_in_pages(alerts: Store) -> None:
    assert objects(alerts) == ["O-2", "O-3", "O-1", "O-5", "O-4"]
    assert objects(alerts, limit=2) == ["O-2", "O-3"]
    assert objects(alerts, limit=2, offset=4) == ["O-4"]
    assert standing_alerts(alerts, AlertWish(), 2).page.total == 5


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        pytest.param(AlertWish(states=("firing",)), ["O-2", "O-3", "O-1"], id="of one state"),
        pytest.param(AlertWish(states=("at_risk", "suspended")), ["O-5", "O-4"], id="of several states"),
        pytest.param(AlertWish(entities=("GB01",)), ["O-3", "O-5", "O-4"], id="of an entity"),
        pytest.param(AlertWish(rules=("InvoiceOverdue",)), ["O-3"], id="of a rule"),
        pytest.param(AlertWish(rules=("Nothing",)), [], id="of no rule there is"),
    ],
)
def test_what_is_asked_for_is_found(alerts: Store, wish: AlertWish, found: list[str]) -> None:
    assert objects(alerts, wish) == found


def test_who_has_an_alert_is_told_with_it_and_can_be_asked_for(alerts: Store) -> None:
    assert objects(alerts, AlertWish(ownership=Ownership.TAKEN)) == []
    handle(alerts, GRAVE, Deed(ActionKind.ACKNOWLEDGE), ANA, NOW)
    handle(alerts, OTHER, Deed(ActionKind.ASSIGN, "ben"), ANA, NOW)
    handle(alerts, LATEST, Deed(ActionKind.ACKNOWLEDGE), ANA, NOW)
    handle(alerts, LATEST, Deed(ActionKind.UNACKNOWLEDGE), ANA, NOW)
    handle(alerts, UNSURE, Deed(ActionKind.COMMENT, comment="hm"), ANA, NOW)

    taken = standing_alerts(alerts, AlertWish(ownership=Ownership.TAKEN), 10)
    assert [one.business_object.id for one in taken.page.alerts] == ["O-2", "O-3"]
    assert objects(alerts, AlertWish(ownership=Ownership.NOBODY)) == ["O-1", "O-5", "O-4"]
    has, given = taken.handling[GRAVE.alert_id].acknowledged, taken.handling[OTHER.alert_id].assigned
    assert (has and has.acted_by, given and given.value) == ("ana", "ben")


def message(
    id_: str, alert_id: str, status: NotificationStatus, error: str = "", *, over: bool = False
) -> NotificationRecord:
    return NotificationRecord(
        notification_id=id_,
        receiver="finance",
        integration="webhook[0]",
        group_key="{}",
        group_labels={},
        reason="first_notification",
        status=status,
        attempts=3 if error else 1,
        error=error,
        firing=() if over else (f"{alert_id}:critical",),
        resolved=(alert_id,) if over else (),
        body="{}",
        created_at=NOW + (HOUR if over else timedelta(0)),
        updated_at=NOW + HOUR,
    )


def test_all_about_one_alert_is_found_by_the_beginning_of_its_id(alerts: Store) -> None:
    write_transitions(alerts, [replace(GRAVE, state=AlertState.RESOLVED, resolved_at=NOW + HOUR, version=2)])
    write_notifications(
        alerts,
        [
            message("1", GRAVE.alert_id, NotificationStatus.FAILED, "answered 500"),
            message("2", GRAVE.alert_id, NotificationStatus.DELIVERED, over=True),
            message("3", LATEST.alert_id, NotificationStatus.DELIVERED),
        ],
    )
    handle(alerts, GRAVE, Deed(ActionKind.COMMENT, comment="unlocked"), ANA, NOW)

    file = find_alert_file(alerts, GRAVE.alert_id[:12])

    assert file is not None
    assert (file.record.state, file.labels["legal_entity"]) == (AlertState.RESOLVED, "DE01")
    assert [change.alert.state for change in file.changes] == [AlertState.RESOLVED, AlertState.FIRING]
    assert [(one.status, one.error, one.attempts, one.is_resolved) for one in file.messages] == [
        (NotificationStatus.DELIVERED, "", 1, True),
        (NotificationStatus.FAILED, "answered 500", 3, False),
    ]
    assert [action.comment for action in file.record.actions] == ["unlocked"]
    assert find_alert_file(alerts, "nobody") is None
    assert find_alert_file(alerts, "") is None


def test_the_audit_log_is_read_from_its_end_and_by_kind(embedded_store: Store) -> None:
    for number, kind in enumerate((ActKind.RULE_ADOPT, ActKind.SILENCE_ADD, ActKind.SILENCE_EXPIRE)):
        write_audit(embedded_store, Act(kind, ANA, f"subject {number}"), NOW)

    assert [entry.number for entry in newest_entries(embedded_store, "", 2).entries] == [3, 2]
    assert [entry.number for entry in newest_entries(embedded_store, "", 2, 2).entries] == [1]
    of_silences = newest_entries(embedded_store, "silence.", 10)
    assert ([entry.number for entry in of_silences.entries], of_silences.total) == ([3, 2], 2)
    assert newest_entries(embedded_store, "token.", 10).entries == ()


def test_silences_are_read_in_pages_by_their_state(embedded_store: Store) -> None:
    ends = (NOW - HOUR, NOW + HOUR, NOW + 2 * HOUR)
    write_silences(
        embedded_store,
        [Silence(str(end), ("a=b",), NOW - 2 * HOUR, end, "ana", "known", NOW, 1) for end in ends],
    )

    active = silences_at(embedded_store, [SilenceState.ACTIVE], NOW, 1)
    assert ([one.ends_at for one in active.silences], active.total) == ([NOW + 2 * HOUR], 2)
    over = silences_at(embedded_store, [SilenceState.EXPIRED], NOW, 9)
    assert ([one.ends_at for one in over.silences], over.total) == ([NOW - HOUR], 1)
    assert silences_at(embedded_store, [SilenceState.PENDING], NOW, 9).silences == ()
