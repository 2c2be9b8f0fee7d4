"""Runs of interventions: one key for one intent, intent before the call, success only by the milestone."""

from datetime import timedelta
from typing import Any

import pytest

from alerts.interventions.planning import Selection
from alerts.interventions.runs import RunWish
from domain.alert import AlertState
from domain.errors import UsageError
from domain.intervention import InterventionState
from storage.alerts import write_transitions
from storage.audit import verify_audit
from storage.client import Store
from tests.builders import NOW, alert
from tests.integration.alerts.interventions.desks import ANA, BEN, MINUTE, Office, Opened, keys
from tests.middleware import Asked, Middleware, Reply


def test_a_call_that_is_taken_succeeds_once_its_milestone_arrives(office: Opened) -> None:
    here = office()
    here.approved("order/O-1")
    [taken] = here.run("order/O-1")
    here.desk.settler.settle(NOW + MINUTE)
    waiting = here.states(taken.run_id)
    here.arrived("order.posted", "order/O-1", NOW + MINUTE)
    here.desk.settler.settle(NOW + 2 * MINUTE)
    here.desk.settler.settle(NOW + 60 * MINUTE)

    [one] = here.calls(taken.run_id)
    [asked] = here.middleware.effects
    assert (taken.state, taken.detail, waiting) == (InterventionState.TAKEN, "answered 202", ["taken"])
    assert (one.state, one.detail) == (
        InterventionState.SUCCEEDED,
        "order.posted occurred at 2026-11-02T12:01:00Z",
    )
    assert (asked.path, asked.body, asked.key) == (
        "/orders/O-1",
        {"amount": "10.00", "currency": "EUR"},
        one.intervention_id,
    )
    assert here.outcomes() == {"taken": 1, "succeeded": 1}


def test_intent_is_written_down_before_the_call_and_its_outcome_after(embedded_store: Store) -> None:
    seen: list[Any] = []
    with Middleware(on_request=lambda asked: seen.append((here.audited(), here.states(run_id)))) as middleware:
        here = Office(embedded_store, middleware)
        here.approved("order/O-1")
        run_id = here.requested("order/O-1")
        here.desk.caller.execute(run_id)

    before = [("intervention.request", "ana"), ("intervention.call", "ana")]
    assert seen == [(before, ["calling"])]
    assert here.audited() == [*before, ("intervention.outcome", "milepost")]
    assert verify_audit(embedded_store).flaws == []


def test_what_nobody_confirms_in_time_is_no_success(office: Opened) -> None:
    here = office()
    here.approved("order/O-1", "order/O-2")
    run_id = here.run("order/O-1", "order/O-2")[0].run_id
    here.arrived("order.posted", "order/O-1", NOW + MINUTE, received_at=NOW + 10 * MINUTE)
    here.arrived("order.posted", "order/O-2", NOW + MINUTE, received_at=NOW + 11 * MINUTE)
    here.desk.settler.settle(NOW + 60 * MINUTE)

    first, second = here.calls(run_id)
    assert (first.state, second.state) == (InterventionState.SUCCEEDED, InterventionState.UNCONFIRMED)
    assert second.detail == "order.posted had not arrived by 2026-11-02T12:10:00Z"


def test_a_milestone_that_had_occurred_before_the_call_is_not_its_success(office: Opened) -> None:
    here = office()
    here.approved("order/O-1")
    [taken] = here.run("order/O-1")
    here.arrived("order.posted", "order/O-1", NOW - 2 * MINUTE, received_at=NOW + MINUTE)
    here.desk.settler.settle(NOW + 2 * MINUTE)

    [one] = here.calls(taken.run_id)
    assert (one.state, one.detail) == (
        InterventionState.NO_OP,
        "order.posted occurred at 2026-11-02T11:58:00Z, before the call, which was not needed",
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, "taken"), (202, "taken"), (400, "failed"), (401, "failed"), (409, "failed"), (302, "failed"),
     (206, "unknown")],
)  # fmt: skip
def test_an_answer_decides_what_became_of_a_call(office: Opened, status: int, state: str) -> None:
    here = office()
    here.approved("order/O-1")
    here.middleware.replies(Reply(status, applies=status == 206))
    [one] = here.run("order/O-1")

    assert (one.state, one.attempts, len(here.middleware.asked)) == (state, 1, 1)
    assert one.detail.startswith(f"answered {status}")


def test_which_answers_count_as_taken_is_configured(office: Opened) -> None:
    here = office(taken=[409])
    here.approved("order/O-1", "order/O-2")
    here.middleware.replies(Reply(409), Reply(202))
    first, second = here.run("order/O-1", "order/O-2")

    assert (first.state, second.state) == (InterventionState.TAKEN, InterventionState.UNKNOWN)
    assert second.detail == "answered 202 Accepted"


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Reply(500), id="an error after the effect"),
        pytest.param(Reply(503, applies=False), id="an error before it"),
        pytest.param(Reply(429, {"Retry-After": "7"}, applies=False), id="too many requests"),
        pytest.param(Reply(reset=True), id="a connection that breaks"),
        pytest.param(Reply(silent=True), id="no answer"),
    ],
)
def test_a_temporary_error_is_tried_again_under_the_same_key(office: Opened, trouble: Reply) -> None:
    here = office()
    here.approved("order/O-1")
    here.middleware.replies(trouble, trouble)
    [one] = here.run("order/O-1")

    assert (one.state, one.attempts) == (InterventionState.TAKEN, 3)
    assert set(keys(here.middleware.asked)) == {one.intervention_id}
    assert len(here.middleware.effects) == 1
    assert len(here.pauses) == 2
    if "Retry-After" in trouble.headers:
        assert min(here.pauses) >= 7


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        pytest.param(Reply(500), "unknown", id="perhaps it was applied"),
        pytest.param(Reply(reset=True), "unknown", id="perhaps it was applied before the connection broke"),
        pytest.param(Reply(429, applies=False), "failed", id="it surely was not"),
    ],
)
def test_at_its_deadline_a_call_is_given_up_and_the_run_stops(office: Opened, trouble: Reply, state: str) -> None:
    here = office(give_up_after="20s")
    here.approved("order/O-1", "order/O-2")
    here.middleware.replies(*[trouble] * 50)
    first, second = here.run("order/O-1", "order/O-2")

    assert (first.state, second.state) == (state, InterventionState.NOT_TRIED)
    assert first.detail.startswith(f"gave up after {first.attempts} tries: ")
    assert here.clock.now() - NOW <= timedelta(seconds=20)
    assert {one.path for one in here.middleware.asked} == {"/orders/O-1"}


def test_a_refusal_after_a_try_that_may_have_been_applied_is_no_failure(office: Opened) -> None:
    here = office()
    here.approved("order/O-1")
    here.middleware.replies(Reply(reset=True), Reply(409))
    [one] = here.run("order/O-1")

    assert one.state is InterventionState.UNKNOWN


def test_what_is_unknown_is_decided_by_its_milestone(office: Opened) -> None:
    here = office(give_up_after="400ms")
    here.approved("order/O-1")
    here.middleware.replies(Reply(500))
    [one] = here.run("order/O-1")
    here.desk.settler.settle(NOW + 60 * MINUTE)
    still = here.states(one.run_id)
    here.arrived("order.posted", "order/O-1", NOW + MINUTE, received_at=NOW + 90 * MINUTE)
    here.desk.settler.settle(NOW + 91 * MINUTE)

    assert (still, here.states(one.run_id)) == (["unknown"], ["succeeded"])


def test_a_run_that_stopped_goes_on_under_the_same_keys(office: Opened) -> None:
    here = office(give_up_after="400ms")
    here.approved("order/O-1", "order/O-2", "order/O-3")
    here.middleware.replies(Reply(202), Reply(500))
    run_id = here.run("order/O-1", "order/O-2", "order/O-3")[0].run_id
    stopped = here.states(run_id)
    here.desk.runs.resume(run_id[:6], BEN, "the middleware is back")
    here.new_desk().caller.execute(run_id)

    assert stopped == ["taken", "unknown", "not_tried"]
    assert here.states(run_id) == ["taken", "taken", "taken"]
    assert [one.path[-3:] for one in here.middleware.asked] == ["O-1", "O-2", "O-2", "O-3"]
    assert sorted(keys(here.middleware.effects)) == sorted(one.intervention_id for one in here.calls(run_id))
    with pytest.raises(UsageError) as refusal:
        here.desk.runs.resume(run_id, BEN, "again")
    assert str(refusal.value) == f"the run {run_id} has nothing left to call"


def test_what_a_kill_left_behind_is_unknown_until_somebody_resumes_it(office: Opened) -> None:
    here = office()
    here.approved("order/O-1")
    run_id = here.requested("order/O-1")
    [one] = here.calls(run_id)
    here.desk.records.change(one, InterventionState.CALLING, "", NOW, attempts=1, called_at=NOW, tried_at=NOW)
    after = here.new_desk()
    after.settler.settle(NOW + MINUTE)

    [left] = here.calls(run_id)
    assert (left.state, left.detail) == (InterventionState.UNKNOWN, "Milepost ended before the answer came")
    assert here.middleware.asked == []
    with pytest.raises(UsageError):
        after.runs.resume("", ANA, "it is back")
    after.caller.execute(after.runs.resume(run_id, ANA, "it is back"))
    assert (here.states(run_id), keys(here.middleware.asked)) == (["taken"], [one.intervention_id])


def test_each_object_is_looked_at_just_before_its_call(embedded_store: Store) -> None:
    def post_the_second(asked: Asked) -> None:
        here.arrived("order.posted", "order/O-2", NOW)

    with Middleware(on_effect=post_the_second) as middleware:
        here = Office(embedded_store, middleware)
        here.approved("order/O-1", "order/O-2")
        first, second = here.run("order/O-1", "order/O-2")

    assert (first.state, second.state) == (InterventionState.TAKEN, InterventionState.NO_OP)
    assert [asked.path for asked in middleware.asked] == ["/orders/O-1"]


def test_a_run_of_alerts_is_made_in_the_order_of_dependency(office: Opened) -> None:
    here = office()
    here.approved("invoice/I-1", "customer/C-1", "order/O-1")
    alerts = [
        alert("InvoiceStuck", "invoice/I-1", annotations={"intervention": "resend_invoice"}),
        alert("OrderStuck", "order/O-1", annotations={"intervention": "repost_order"}),
        alert("CustomerStuck", "customer/C-1", annotations={"intervention": "sync_customer"}),
    ]
    write_transitions(here.store, alerts)
    selection = Selection(alerts=[one.alert_id for one in alerts])
    run_id = here.desk.runs.request(RunWish(selection, "they are stuck"), ANA)
    here.desk.caller.execute(run_id)

    assert [one.business_object.type for one in here.calls(run_id)] == ["customer", "order", "invoice"]
    assert [one.alert_id for one in here.calls(run_id)] == [alerts[2].alert_id, alerts[1].alert_id, alerts[0].alert_id]
    assert [asked.path for asked in here.middleware.asked] == ["/customers/C-1", "/orders/O-1", "/invoices/I-1"]


def test_all_open_alerts_of_a_rule_are_called_for(office: Opened) -> None:
    here = office()
    here.approved("order/O-1", "order/O-2", "order/O-3")
    named = {"annotations": {"intervention": "repost_order"}}
    over = {"state": AlertState.RESOLVED, "resolved_at": NOW}
    write_transitions(
        here.store,
        [
            alert("OrderStuck", "order/O-1", **named),
            alert("OrderStuck", "order/O-2", **named, **over),
            alert("OrderLost", "order/O-3", **named),
        ],
    )

    assert [one.business_object.id for one in here.desk.planner.plan(Selection(rule="OrderStuck"), NOW)] == ["O-1"]
    with pytest.raises(UsageError) as refusal:
        here.desk.planner.plan(Selection(rule="Other"), NOW)
    assert str(refusal.value) == "no alert of the rule 'Other' is firing or at risk"


def test_an_alert_whose_rule_names_no_intervention_needs_one_named(office: Opened) -> None:
    here = office()
    here.approved("order/O-1001")
    write_transitions(here.store, [alert()])
    with pytest.raises(UsageError) as refusal:
        here.desk.planner.plan(Selection(alerts=[alert().alert_id]), NOW)

    assert str(refusal.value) == "the rule OrderNotPosted names no intervention; give the name of one"
    [planned] = here.desk.planner.plan(Selection("repost_order", alerts=[alert().alert_id]), NOW)
    assert planned.alert_id == alert().alert_id


def test_a_call_waits_for_its_rate(office: Opened) -> None:
    here = office(rate_limit={"calls": 2, "per": "1m"})
    here.approved("order/O-1", "order/O-2", "order/O-3")
    here.run("order/O-1", "order/O-2", "order/O-3")

    assert here.pauses == [60.0]
    assert len(here.middleware.asked) == 3


def test_the_same_call_is_not_made_twice_at_once(office: Opened) -> None:
    here = office()
    here.approved("order/O-1")
    [taken] = here.run("order/O-1")
    [second] = here.run("order/O-1")

    assert (taken.state, second.state) == (InterventionState.TAKEN, InterventionState.CONFLICT)
    assert second.detail == f"the same call of run {taken.run_id} is taken: {taken.intervention_id[:16]}"
    assert len(here.middleware.asked) == 1
