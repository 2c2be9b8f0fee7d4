"""Signing off: by a person and with a reason, suspended by what changes the cases later, and told once."""

from dataclasses import replace
from datetime import datetime

import msgspec
import pytest

from close import sign_offs
from close.sign_offs import SignOffWish, sign_off, suspend_changed
from domain.alert import Alert, AlertState
from domain.audit import ActKind, Actor
from domain.close import CLOSE_REOPENED, SignOff
from domain.errors import UsageError
from rules.engine import Engine
from storage.alerts import list_alerts
from storage.audit import entries_of_kind, verify_audit
from storage.client import Store
from storage.close_sign_offs import sign_off_history
from storage.events import EventRow
from tests.builders import event_row
from tests.integration.close.closing import BOOK, DAY, HOUR, MIDMONTH, NOVEMBER, closes, keep

ADA = Actor("ada")
WISH = SignOffWish("DE01", NOVEMBER, "all orders are checked")


def order(number: int, type_: str, at: datetime = MIDMONTH, received_at: datetime | None = None) -> EventRow:
    return event_row(
        f"{number}-{type_}",
        type_,
        [f"order/O-{number}"],
        occurred_at=at,
        received_at=received_at,
        amount="250.00",
        currency="EUR",
        legal_entity="DE01",
    )


@pytest.fixture
def ready(embedded_store: Store) -> Store:
    """One order of DE01, approved and posted."""
    keep(embedded_store, [order(1, "order.approved"), order(1, "order.posted", MIDMONTH + HOUR)], MIDMONTH + DAY)
    return embedded_store


def late(number: int, type_: str = "order.approved", days: int = 2) -> EventRow:
    """An event of the middle of the month that came an hour before so many days later."""
    return order(number, type_, MIDMONTH, MIDMONTH + days * DAY - HOUR)


def reopenings(store: Store) -> list[Alert]:
    return [alert for alert in list_alerts(store) if alert.name == CLOSE_REOPENED]


def test_a_sign_off_is_kept_with_who_why_and_what_was_ready(ready: Store) -> None:
    signed = sign_off(ready, BOOK, WISH, ADA, MIDMONTH + DAY)

    [entry] = sign_off_history(ready, "DE01", NOVEMBER)
    assert signed.is_signed_off
    assert (entry.who, entry.reason, entry.with_blockers, entry.score) == ("ada", WISH.reason, False, 1.0)
    assert entry.cells["orders_posted"]["state"] == "ready"
    assert entry.known_through == MIDMONTH + DAY
    [audited] = entries_of_kind(ready, ActKind.CLOSE_SIGN_OFF)
    assert (audited.who, audited.subject, audited.reason) == ("ada", "DE01 2026-11", WISH.reason)


def test_what_comes_again_or_changes_nothing_leaves_a_sign_off_in_force(ready: Store) -> None:
    sign_off(ready, BOOK, WISH, ADA, MIDMONTH + DAY)
    again = order(1, "order.posted", MIDMONTH + HOUR, MIDMONTH + 2 * DAY)
    other = event_row(
        "f",
        "order.approved",
        ["order/O-9"],
        occurred_at=MIDMONTH,
        received_at=MIDMONTH + 2 * DAY,
        legal_entity="FR01",
    )
    next_month = order(8, "order.approved", MIDMONTH + 15 * DAY)
    later = event_row("x", "order.transmitted", ["order/O-1"], occurred_at=MIDMONTH + 2 * DAY)
    keep(ready, [again, other, next_month, later], MIDMONTH + 20 * DAY)

    assert suspend_changed(ready, BOOK, MIDMONTH + 20 * DAY) == []
    assert closes(ready)["DE01"].is_signed_off
    assert reopenings(ready) == []


def test_a_late_event_suspends_a_sign_off_and_says_what_reopened_it(ready: Store) -> None:
    sign_off(ready, BOOK, WISH, ADA, MIDMONTH + DAY)
    keep(ready, [late(2)], MIDMONTH + 2 * DAY)

    [entry] = suspend_changed(ready, BOOK, MIDMONTH + 2 * DAY)

    assert entry.reason == ("Approved orders posted: 1 of 2 cleared, 1 of 1 when it was signed off (order/O-2 is open)")
    assert entry.changes[0]["objects"] == [
        {
            "object_type": "order",
            "object_id": "O-2",
            "is": "open",
            "stuck_at": "order.approved",
            "amount": "250.00",
            "currency": "EUR",
            "owner": "order_management",
        }
    ]
    assert closes(ready)["DE01"].is_suspended
    assert [one.kind.value for one in sign_off_history(ready)] == ["reopened", "signed_off"]
    [alert] = reopenings(ready)
    assert (alert.state, alert.labels["legal_entity"], alert.labels["period"]) == (AlertState.FIRING, "DE01", NOVEMBER)


def test_what_was_open_and_is_cleared_is_noted_and_leaves_the_sign_off(ready: Store) -> None:
    keep(ready, [late(2), late(3)], MIDMONTH + 2 * DAY)
    signed = sign_off(ready, BOOK, replace(WISH, with_blockers=True), ADA, MIDMONTH + 2 * DAY)
    keep(ready, [late(2, "order.posted", 3)], MIDMONTH + 3 * DAY)

    assert suspend_changed(ready, BOOK, MIDMONTH + 3 * DAY) == []
    assert suspend_changed(ready, BOOK, MIDMONTH + 3 * DAY) == []

    after = closes(ready, MIDMONTH + 3 * DAY)["DE01"]
    assert after.is_signed_off
    assert after.sign_off == signed.sign_off
    assert after.cleared_since is not None
    assert after.cleared_since.reason == (
        "Approved orders posted: 2 of 3 cleared, 1 of 3 when it was signed off (order/O-2 is cleared)"
    )
    assert [entry.kind for entry in sign_off_history(ready, "DE01", NOVEMBER)] == ["cleared", "signed_off"]
    assert reopenings(ready) == []

    # What comes beside a clearing suspends, and is told against what was noted.
    keep(ready, [late(3, "order.posted", 4), late(4, days=4)], MIDMONTH + 4 * DAY)
    [entry] = suspend_changed(ready, BOOK, MIDMONTH + 4 * DAY)
    assert entry.reason.startswith("Approved orders posted: 3 of 4 cleared, 2 of 3 when a clearing was noted last")


def test_a_clearing_at_another_amount_suspends(ready: Store) -> None:
    keep(ready, [msgspec.structs.replace(late(2), amount=None, currency="")], MIDMONTH + 2 * DAY)
    sign_off(ready, BOOK, replace(WISH, with_blockers=True), ADA, MIDMONTH + 2 * DAY)
    keep(ready, [late(2, "order.posted", 3)], MIDMONTH + 3 * DAY)

    [entry] = suspend_changed(ready, BOOK, MIDMONTH + 3 * DAY)

    assert entry.reason.endswith("(order/O-2 is cleared)")


def test_what_is_in_flight_is_signed_off_only_on_purpose(embedded_store: Store) -> None:
    keep(embedded_store, [order(1, "order.approved")], MIDMONTH + HOUR)

    with pytest.raises(UsageError) as refusal:
        sign_off(embedded_store, BOOK, WISH, ADA, MIDMONTH + HOUR)
    signed = sign_off(embedded_store, BOOK, replace(WISH, with_blockers=True), ADA, MIDMONTH + HOUR)

    assert str(refusal.value) == (
        "DE01 2026-11 is not ready: orders_posted is in flight; clear them, or sign off with open blockers, which is "
        "recorded as such"
    )
    assert signed.sign_off is not None
    assert signed.sign_off.with_blockers


def test_a_reopening_is_told_once_however_often_it_is_looked(ready: Store) -> None:
    sign_off(ready, BOOK, WISH, ADA, MIDMONTH + DAY)
    for number in (2, 3):
        keep(ready, [late(number, days=number)], MIDMONTH + number * DAY)
        suspend_changed(ready, BOOK, MIDMONTH + number * DAY)

    assert len(sign_off_history(ready)) == 2
    assert len(entries_of_kind(ready, ActKind.CLOSE_REOPEN)) == 1
    assert len(reopenings(ready)) == 1


def test_a_reopening_that_was_cut_off_is_completed_once(ready: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst case: all is written but the entry itself."""
    sign_off(ready, BOOK, WISH, ADA, MIDMONTH + DAY)
    keep(ready, [late(2)], MIDMONTH + 2 * DAY)
    with monkeypatch.context() as patched:
        patched.setattr(sign_offs, "write_sign_off", lose)
        with pytest.raises(KeyboardInterrupt):
            suspend_changed(ready, BOOK, MIDMONTH + 2 * DAY)

    assert len(suspend_changed(ready, BOOK, MIDMONTH + 3 * DAY)) == 1
    assert suspend_changed(ready, BOOK, MIDMONTH + 4 * DAY) == []
    assert len(entries_of_kind(ready, ActKind.CLOSE_REOPEN)) == 1
    assert len(reopenings(ready)) == 1
    assert verify_audit(ready).flaws == []


def lose(store: Store, entry: SignOff) -> None:
    raise KeyboardInterrupt


def test_signing_off_again_ends_the_alert_and_the_next_change_is_another(ready: Store) -> None:
    sign_off(ready, BOOK, WISH, ADA, MIDMONTH + DAY)
    keep(ready, [late(2), late(2, "order.posted")], MIDMONTH + 2 * DAY)
    suspend_changed(ready, BOOK, MIDMONTH + 2 * DAY)

    sign_off(ready, BOOK, WISH, ADA, MIDMONTH + 3 * DAY)
    states = [alert.state for alert in reopenings(ready)]
    keep(ready, [late(3, days=4)], MIDMONTH + 4 * DAY)
    suspend_changed(ready, BOOK, MIDMONTH + 4 * DAY)

    assert states == [AlertState.RESOLVED]
    assert sorted(alert.state for alert in reopenings(ready)) == [AlertState.FIRING, AlertState.RESOLVED]
    assert len(sign_off_history(ready)) == 4


def test_an_alert_on_a_close_outlives_an_edit_of_the_rules(ready: Store) -> None:
    sign_off(ready, BOOK, WISH, ADA, MIDMONTH + DAY)
    keep(ready, [late(2)], MIDMONTH + 2 * DAY)
    suspend_changed(ready, BOOK, MIDMONTH + 2 * DAY)

    Engine(ready, []).tick(MIDMONTH + 3 * DAY)

    [alert] = reopenings(ready)
    assert alert.state is AlertState.FIRING


def test_open_blockers_are_signed_off_only_on_purpose_and_recorded(ready: Store) -> None:
    keep(ready, [late(2)], MIDMONTH + 2 * DAY)
    at = MIDMONTH + 2 * DAY

    with pytest.raises(UsageError) as refused:
        sign_off(ready, BOOK, WISH, ADA, at)
    signed = sign_off(ready, BOOK, SignOffWish("DE01", NOVEMBER, "accrued", with_blockers=True), ADA, at)

    assert str(refused.value) == (
        "DE01 2026-11 is not ready: orders_posted is blocked or unknown; clear them, or sign off with open blockers, "
        "which is recorded as such"
    )
    assert signed.sign_off is not None
    assert signed.sign_off.with_blockers
    assert signed.sign_off.cells["orders_posted"]["open"] == [{"currency": "EUR", "amount": "250.00", "unknown": 0}]


@pytest.mark.parametrize(
    ("wish", "by", "problem"),
    [
        pytest.param(
            SignOffWish("", NOVEMBER, "why"),
            ADA,
            "whose close is signed off is missing; of an unknown legal entity nobody can sign it off",
            id="of nobody",
        ),
        pytest.param(
            SignOffWish("DE01", NOVEMBER, " "),
            ADA,
            "the reason is missing; whoever reads the history later wants to know on what it rests",
            id="without a reason",
        ),
        pytest.param(WISH, Actor(" "), "your name is missing; the audit log says who acted", id="by nobody"),
        pytest.param(
            SignOffWish("DE01", "2026-13", "why"),
            ADA,
            "DE01 has no period '2026-13'; the one whose cutoff comes next is 2026-11",
            id="of a period that there is not",
        ),
        pytest.param(
            SignOffWish("GB01", NOVEMBER, "why"),
            ADA,
            "GB01 2026-11 has no case in any gate; there is nothing to sign off",
            id="where nothing happened",
        ),
        pytest.param(
            SignOffWish("DE01", NOVEMBER, "why", seen="another"),
            ADA,
            "DE01 2026-11 has changed since you looked at it; look at it again",
            id="of what has changed meanwhile",
        ),
    ],
)
def test_what_cannot_be_signed_off_is_told(ready: Store, wish: SignOffWish, by: Actor, problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        sign_off(ready, BOOK, wish, by, MIDMONTH + DAY)

    assert str(refused.value) == problem
    assert sign_off_history(ready) == []


def test_what_is_signed_off_is_not_signed_off_twice(ready: Store) -> None:
    sign_off(ready, BOOK, WISH, ADA, MIDMONTH + DAY)

    with pytest.raises(UsageError) as refused:
        sign_off(ready, BOOK, WISH, Actor("grace"), MIDMONTH + 2 * DAY)

    assert str(refused.value) == (
        "DE01 2026-11 is signed off already, by ada at 2026-11-21T12:00:00Z, and nothing has changed since"
    )
