"""Who may have a run made, and when: requests, approvals, refusals, plans and secrets."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import pytest

from domain.audit import Actor
from domain.clock import FixedClock
from domain.errors import UsageError
from domain.intervention import InterventionState, Verdict
from storage.interventions import intervention_versions
from tests.builders import NOW
from tests.integration.alerts.interventions.desks import ANA, BEN, MINUTE, Office, Opened, wished
from tests.middleware import Reply


def test_a_request_that_is_sent_again_makes_no_second_run(office: Opened) -> None:
    here = office()
    here.approved("order/O-1")
    first = here.requested("order/O-1", run_id="abcdefgh")
    again = here.requested("order/O-1", run_id="abcdefgh")

    assert first == again == "abcdefgh"
    assert len(intervention_versions(here.store, here.calls(first)[0].intervention_id)) == 1
    with pytest.raises(UsageError) as refusal:
        here.requested("order/O-1", run_id="abcdefgh", by=BEN)
    assert str(refusal.value) == "run_id 'abcdefgh' was used for another run; give each its own"


@pytest.mark.parametrize(
    "requester", [pytest.param(ANA, id="by name"), pytest.param(Actor("x", "ana"), id="by the token's name")]
)
def test_a_second_person_approves(office: Opened, requester: Actor) -> None:
    here = office(approval="second_person")
    here.approved("order/O-1")
    run_id = here.requested("order/O-1", by=requester)
    here.desk.caller.execute(run_id)
    waiting = here.states(run_id)
    with pytest.raises(UsageError) as refusal:
        here.desk.runs.approve(run_id, Actor(" Ana"), "looks right")
    assert here.middleware.asked == []
    here.desk.runs.approve(run_id, BEN, "looks right")
    here.desk.caller.execute(run_id)

    [one] = here.calls(run_id)
    assert str(refusal.value) == f" Ana requested the run {run_id}; a second person approves it"
    assert (waiting, one.state, one.decided_by) == (["awaiting_approval"], InterventionState.TAKEN, "ben")
    assert ("intervention.approve", "ben") in here.audited()
    with pytest.raises(UsageError) as again:
        here.desk.runs.approve(run_id, BEN, "looks right")
    assert str(again.value) == f"the run {run_id} does not wait for approval; it is taken"


class Interrupted(FixedClock):
    """Has something else done the first time that it is asked, as far as that gets meanwhile."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(NOW)
        self.thread = threading.Thread(target=meanwhile)

    def now(self) -> datetime:
        if self.thread.ident is None:
            self.thread.start()
            # Whoever waits for the other's decision does not end by itself.
            self.thread.join(0.2)
        return super().now()


def test_of_two_decisions_at_once_the_first_holds(office: Opened) -> None:
    here = office(approval="second_person")
    here.approved("order/O-1")
    run_id = here.requested("order/O-1")
    refused: list[str] = []

    def reject() -> None:
        try:
            desk.runs.reject(run_id, BEN, "not now")
        except UsageError as error:
            refused.append(str(error))

    here.clock = clock = Interrupted(reject)
    desk = here.new_desk()
    with suppress(UsageError):
        desk.runs.approve(run_id, BEN, "looks right")
    clock.thread.join()

    versions = intervention_versions(here.store, here.calls(run_id)[0].intervention_id)
    assert [one.version for one in versions] == [1, 2]
    assert refused == [f"the run {run_id} does not wait for approval; it is not_tried"]


def test_an_approved_call_is_looked_at_again(office: Opened) -> None:
    here = office(approval="second_person")
    here.approved("order/O-1")
    run_id = here.requested("order/O-1")
    here.arrived("order.posted", "order/O-1", NOW)
    here.desk.runs.approve(run_id, BEN, "looks right")
    here.desk.caller.execute(run_id)

    assert (here.states(run_id), here.middleware.asked) == (["no_op"], [])


def test_an_approval_comes_too_late(office: Opened) -> None:
    here = office(approval="second_person", approval_expires="1h")
    here.approved("order/O-1", "order/O-2")
    late, settled = here.requested("order/O-1"), here.requested("order/O-2")
    here.desk.settler.settle(NOW + 60 * MINUTE)
    in_time = here.states(settled)
    here.clock.advance(61 * MINUTE)
    with pytest.raises(UsageError) as refusal:
        here.desk.runs.approve(late, BEN, "looks right")
    here.desk.settler.settle(here.clock.now())

    assert in_time == ["awaiting_approval"]
    assert str(refusal.value) == f"the run {late} waited for approval until 2026-11-02T13:00:00Z; request it anew"
    assert here.states(late) == here.states(settled) == ["expired"]


def test_a_rejected_run_is_never_called(office: Opened) -> None:
    here = office(approval="second_person")
    here.approved("order/O-1")
    run_id = here.requested("order/O-1")
    here.desk.runs.reject(run_id, BEN, "the order is wrong")
    here.desk.caller.execute(run_id)

    [one] = here.calls(run_id)
    assert (one.state, one.detail, one.decided_by) == (InterventionState.REJECTED, "the order is wrong", "ben")
    assert here.middleware.asked == []
    assert ("intervention.reject", "ben") in here.audited()


def test_secrets_are_read_for_the_call_and_shown_nowhere(office: Opened) -> None:
    here = office(headers={"Authorization": {"env": "TOKEN", "prefix": "Bearer "}})
    here.approved("order/O-1")
    [without] = here.run("order/O-1")
    here.environ["TOKEN"] = "tr0ub4dor"
    here.middleware.replies(Reply(400))
    [refused] = here.run("order/O-1")
    [planned] = here.desk.planner.plan(wished("order/O-1"), NOW)

    assert (without.state, without.detail) == (
        InterventionState.FAILED,
        "the environment variable TOKEN is not set",
    )
    assert here.middleware.asked[0].headers["authorization"] == "Bearer tr0ub4dor"
    assert planned.request is not None
    assert planned.request.row("k")["headers"]["Authorization"] == "Bearer [hidden]"
    assert "tr0ub4dor" not in f"{refused}{planned}{intervention_versions(here.store, refused.intervention_id)}"


def test_a_run_that_is_told_to_stop_says_how_far_it_got(office: Opened) -> None:
    here = office()
    here.approved("order/O-1")
    here.middleware.replies(Reply(500))
    here.stop_at_pause = 1
    [one] = here.run("order/O-1")

    assert (one.state, one.attempts) == (InterventionState.UNKNOWN, 1)
    assert one.detail.startswith("stopped before it was tried again: answered 500")


WRONG = [
    (lambda here: here.requested("order/O-1", name="repost_orders"), 'there is no intervention "repost_orders"; did '
     'you mean "repost_order"?'),
    (lambda here: here.requested("invoice/I-1"), "repost_order is for order, and invoice/I-1 is none"),
    (lambda here: here.requested("O-1"), "'O-1' is not a business object; give type/id, such as order/O-1001"),
    (lambda here: here.requested(), "no objects are named; give them as type/id, or alerts by their ids, or a rule"),
    (lambda here: here.requested("order/O-1", by=Actor()), "nobody is named; say by whom"),
    (lambda here: here.requested("order/O-1", run_id="A"), "run_id is 'A'; give 8 to 64 small letters and digits"),
    (lambda here: here.desk.runs.approve("zz", BEN, "x"), "no run's id begins with 'zz'; `milepost interventions "
     "history` shows their ids"),
    (lambda here: here.desk.runs.resume("zz", BEN, " "), "the reason is empty; say why"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "message"), WRONG, ids=[message[:40] for _, message in WRONG])
def test_what_cannot_be_done_says_why_and_changes_nothing(
    office: Opened, ask: Callable[[Office], object], message: str
) -> None:
    here = office()
    with pytest.raises(UsageError) as refusal:
        ask(here)

    assert str(refusal.value) == message
    assert (here.audited(), here.middleware.asked) == ([], [])


def test_a_plan_calls_nobody_and_stores_nothing(office: Opened) -> None:
    here = office()
    here.approved("order/O-1")
    planned = here.desk.planner.plan(wished("order/O-1", "order/O-9", "order/O-1"), NOW)

    assert [(one.business_object.id, one.finding.verdict) for one in planned] == [
        ("O-1", Verdict.WILL_APPLY),
        ("O-9", Verdict.CONFLICT),
    ]
    assert (here.audited(), here.middleware.asked) == ([], [])
