"""Who is told of a group that nobody acknowledges: when, once, through restarts, and until its end."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.silences import SilenceWish, expire_silence, put_silence
from domain.alert import AlertState
from domain.alert_action import ActionKind
from domain.audit import Actor
from storage.alerts import write_transitions
from storage.client import Store
from storage.escalations import read_escalations
from storage.notifications import read_log
from tests.builders import NOW
from tests.fakes import Answer, WebhookReceiver
from tests.integration.alerts.escalating import FIRST, HOUR, MINUTE, POLICY, SECOND, Place, four_receivers, over


@pytest.fixture
def receivers() -> Iterator[dict[str, WebhookReceiver]]:
    with four_receivers() as receivers:
        yield receivers


@pytest.fixture
def place_with(
    embedded_store: Store, tmp_path: Path, receivers: dict[str, WebhookReceiver]
) -> Iterator[Callable[[str], Place]]:
    made: list[Place] = []

    def make(policy: str) -> Place:
        made.append(Place(embedded_store, tmp_path, receivers, policy))
        write_transitions(embedded_store, [FIRST, SECOND])
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def place(place_with: Callable[[str], Place]) -> Place:
    return place_with(POLICY)


@pytest.fixture(params=[False, True], ids=["one process", "a restart before every tick"])
def restarting(request: pytest.FixtureRequest, place: Place) -> Place:
    place.restarts = request.param
    return place


def test_steps_are_told_when_their_time_comes_once_each_and_all_hear_the_end(restarting: Place) -> None:
    place = restarting
    place.tick(FIRST)
    assert place.reasons() == {"ops": ["first_notification"]}
    place.tick(FIRST, after=15 * MINUTE - timedelta(seconds=1))
    assert place.reasons() == {}
    place.tick(FIRST, after=timedelta(seconds=1))
    [message] = place.told()["ana"]
    assert message.json["reason"] == "escalated"
    assert message.json["escalation"] == {"policy": "o2c", "step": 1, "round": 1}
    assert message.firing() == {"O-1"}
    for _ in range(5):
        place.tick(FIRST, after=5 * MINUTE)
    assert place.reasons() == {}
    place.tick(FIRST, after=5 * MINUTE)
    assert place.reasons() == {"boss": ["escalated"]}
    place.tick(FIRST, SECOND, after=5 * MINUTE)
    # A new process flushes a group whose alerts fire for long at once, one that goes on waits for the interval.
    place.tick(FIRST, SECOND, after=5 * MINUTE)
    assert place.reasons() == {"ops": ["new_alerts"], "ana": ["new_alerts"], "boss": ["new_alerts"]}
    place.tick(over(FIRST), over(SECOND), after=5 * MINUTE)
    place.tick(over(FIRST), over(SECOND), after=5 * MINUTE)
    assert place.reasons() == {name: ["all_resolved"] for name in ("ops", "ana", "boss")}
    place.tick(after=HOUR)
    place.tick(after=HOUR)
    assert place.reasons() == {}


def test_what_ended_is_forgotten_and_what_fires_anew_begins_with_the_routes_receiver(
    restarting: Place, embedded_store: Store
) -> None:
    place = restarting
    place.tick(FIRST)
    place.tick(FIRST, after=15 * MINUTE)
    assert place.reasons() == {"ops": ["first_notification"], "ana": ["escalated"]}
    place.tick(over(FIRST), after=5 * MINUTE)
    place.tick(over(FIRST), after=5 * MINUTE)
    assert place.reasons() == {"ops": ["all_resolved"], "ana": ["all_resolved"]}
    again = replace(FIRST, version=3)
    place.tick(again, after=5 * MINUTE)
    assert place.reasons() == {"ops": ["first_notification"]}
    assert [one.steps for one in read_escalations(embedded_store)] == [0]
    place.tick(again, after=15 * MINUTE)
    assert place.reasons() == {"ana": ["escalated"]}
    assert {entry.receiver for entry in read_log(embedded_store)} == {"ops", "ana"}


def test_whose_turn_it_is_when_the_step_comes_is_told(restarting: Place) -> None:
    place = restarting
    # Ten minutes before the handover in Berlin on the Monday after.
    place.tick(FIRST, after=timedelta(days=6, hours=19, minutes=50))
    place.tick(FIRST, after=15 * MINUTE)
    assert place.reasons() == {"ops": ["first_notification"], "ben": ["escalated"]}


def test_an_acknowledged_group_escalates_no_further_and_anew_once_it_no_longer_is(restarting: Place) -> None:
    place = restarting
    place.tick(FIRST, SECOND)
    place.do(ActionKind.ACKNOWLEDGE, FIRST)
    # Of two alerts one is left: somebody is still waited for.
    place.tick(FIRST, SECOND, after=15 * MINUTE)
    assert place.reasons() == {"ops": ["first_notification"], "ana": ["escalated"]}
    place.do(ActionKind.ACKNOWLEDGE, SECOND)
    for _ in range(4):
        place.tick(FIRST, SECOND, after=HOUR)
    assert place.reasons() == {}
    place.do(ActionKind.UNACKNOWLEDGE, SECOND)
    place.tick(FIRST, SECOND)
    place.tick(FIRST, SECOND, after=14 * MINUTE)
    assert place.reasons() == {}
    place.tick(FIRST, SECOND, after=1 * MINUTE)
    assert place.reasons() == {"ana": ["escalated"]}
    place.tick(FIRST, SECOND, after=30 * MINUTE)
    assert place.reasons() == {"boss": ["escalated"]}


def test_an_acknowledgement_that_no_end_follows_in_time_no_longer_holds_escalation(
    place_with: Callable[[str], Place],
) -> None:
    place = place_with(POLICY + "      acknowledgement_timeout: 2h\n")
    place.tick(FIRST)
    place.do(ActionKind.ACKNOWLEDGE, FIRST)
    place.tick(FIRST, after=2 * HOUR - MINUTE)
    assert place.reasons() == {"ops": ["first_notification"]}
    place.tick(FIRST, after=MINUTE)
    place.tick(FIRST, after=15 * MINUTE)
    assert place.reasons() == {"ana": ["escalated"]}
    place.do(ActionKind.ACKNOWLEDGE, FIRST)
    place.tick(FIRST, after=HOUR)
    assert place.reasons() == {}


def test_a_policy_is_repeated_as_often_as_it_says_and_then_is_quiet(
    place_with: Callable[[str], Place],
) -> None:
    place = place_with(POLICY + "      repeat: 1\n      repeat_after: 1h\n")
    place.restarts = True
    place.tick(FIRST)
    place.tick(FIRST, after=15 * MINUTE)
    place.tick(FIRST, after=30 * MINUTE)
    assert place.reasons() == {"ops": ["first_notification"], "ana": ["escalated"], "boss": ["escalated"]}
    place.tick(FIRST, after=HOUR - MINUTE)
    assert place.reasons() == {}
    place.tick(FIRST, after=MINUTE)
    [again] = place.told()["ana"]
    assert again.json["escalation"] == {"policy": "o2c", "step": 1, "round": 2}
    place.tick(FIRST, after=30 * MINUTE)
    assert place.reasons() == {"boss": ["escalated"]}
    for _ in range(3):
        place.tick(FIRST, after=5 * HOUR)
    assert place.reasons() == {}


def test_messages_about_one_step_have_one_id_and_about_the_next_round_another(
    place_with: Callable[[str], Place], receivers: dict[str, WebhookReceiver]
) -> None:
    place = place_with(POLICY + "      repeat: 1\n")
    place.tick(FIRST)
    receivers["ana"].answers(Answer(status=503), Answer(reset=True))
    place.tick(FIRST, after=15 * MINUTE)
    tries = place.told()["ana"]
    assert len(tries) == 3
    assert len({one.json["notificationId"] for one in tries}) == 1
    place.tick(FIRST, after=30 * MINUTE)
    place.tick(FIRST, after=15 * MINUTE)
    [again] = place.told()["ana"]
    assert again.json["notificationId"] != tries[0].json["notificationId"]


def test_a_step_that_is_the_routes_own_receiver_tells_it_again(place_with: Callable[[str], Place]) -> None:
    place = place_with("escalation: {policies: [{name: o2c, steps: [{after: 15m, receivers: [ops]}]}]}\n")
    place.tick(FIRST)
    place.tick(FIRST, after=15 * MINUTE)
    place.tick(FIRST, after=15 * MINUTE)
    assert place.reasons() == {"ops": ["first_notification", "escalated"]}


def test_steps_that_are_late_are_told_one_after_the_other(place: Place) -> None:
    place.tick(FIRST)
    place.stop()
    place.tick(FIRST, after=24 * HOUR)
    assert place.reasons() == {"ops": ["first_notification"], "ana": ["escalated"]}
    place.tick(FIRST, after=29 * MINUTE)
    assert place.reasons() == {}
    place.tick(FIRST, after=MINUTE)
    assert place.reasons() == {"boss": ["escalated"]}


def test_a_step_for_which_nobody_is_on_call_gives_way_to_the_next_at_once(
    place_with: Callable[[str], Place],
) -> None:
    place = place_with(POLICY.replace("2026-11-02", "2027-11-01"))
    place.tick(FIRST)
    place.tick(FIRST, after=15 * MINUTE)
    assert place.reasons() == {"ops": ["first_notification"], "boss": ["escalated"]}


def test_what_is_silenced_does_not_start_the_clock_and_the_end_of_the_silence_does(
    place: Place, embedded_store: Store
) -> None:
    wish = SilenceWish(["alertname=OrderNotPosted"], NOW + 24 * HOUR, "rita", "known", NOW)
    silence = put_silence(embedded_store, wish, NOW)
    for _ in range(4):
        place.tick(FIRST, after=HOUR)
    assert place.reasons() == {}
    expire_silence(embedded_store, silence.silence_id, place.now, Actor("rita"))
    place.tick(FIRST, after=5 * MINUTE)
    assert place.reasons() == {"ops": ["first_notification"]}
    place.tick(FIRST, after=14 * MINUTE)
    assert place.reasons() == {}
    place.tick(FIRST, after=MINUTE)
    assert place.reasons() == {"ana": ["escalated"]}


def test_an_alert_that_is_at_risk_or_suspended_escalates_nothing(place: Place) -> None:
    for state in (AlertState.AT_RISK, AlertState.SUSPENDED):
        place.tick(replace(FIRST, state=state), after=HOUR)
        place.tick(replace(FIRST, state=state), after=HOUR)
    assert place.reasons() == {}


@pytest.mark.parametrize("acknowledged", [False, True], ids=["waiting", "acknowledged"])
def test_a_group_is_escalated_by_hand_to_the_next_step_at_once(restarting: Place, acknowledged: bool) -> None:
    place = restarting
    place.tick(FIRST)
    if acknowledged:
        place.do(ActionKind.ACKNOWLEDGE, FIRST)
    place.do(ActionKind.ESCALATE, FIRST)
    place.tick(FIRST, after=MINUTE)
    assert place.reasons() == {"ops": ["first_notification"], "ana": ["escalated"]}
    place.tick(FIRST, after=29 * MINUTE)
    assert place.reasons() == {}
    place.do(ActionKind.ESCALATE, FIRST)
    place.tick(FIRST)
    assert place.reasons() == {"boss": ["escalated"]}
    # After the last step a further wish begins with the first.
    place.tick(FIRST, after=10 * HOUR)
    assert place.reasons() == {}
    place.do(ActionKind.ESCALATE, FIRST)
    place.tick(FIRST, after=MINUTE)
    assert place.reasons() == {"ana": ["escalated"]}


def test_after_a_snooze_what_still_fires_is_told_again_and_escalates_anew(restarting: Place) -> None:
    place = restarting
    place.tick(FIRST)
    place.tick(FIRST, after=15 * MINUTE)
    assert place.reasons() == {"ops": ["first_notification"], "ana": ["escalated"]}
    place.do(ActionKind.SNOOZE, FIRST, value="2h")
    for _ in range(3):
        place.tick(FIRST, after=39 * MINUTE)
    assert place.reasons() == {}
    place.tick(FIRST, after=5 * MINUTE)
    assert place.reasons() == {"ops": ["snooze_ended"]}
    place.tick(FIRST, after=14 * MINUTE)
    assert place.reasons() == {}
    place.tick(FIRST, after=MINUTE)
    assert place.reasons() == {"ana": ["escalated"]}


def test_a_snooze_is_taken_back_and_of_what_ended_meanwhile_only_the_end_is_told(place: Place) -> None:
    place.tick(FIRST)
    place.do(ActionKind.SNOOZE, FIRST, value="2h")
    place.do(ActionKind.UNACKNOWLEDGE, FIRST)
    place.tick(FIRST, after=MINUTE)
    place.tick(FIRST, after=15 * MINUTE)
    assert place.reasons() == {"ops": ["first_notification"], "ana": ["escalated"]}
    place.do(ActionKind.SNOOZE, FIRST, value="2h")
    place.tick(over(FIRST), after=HOUR)
    place.tick(over(FIRST), after=2 * HOUR)
    assert place.reasons() == {"ops": ["all_resolved"], "ana": ["all_resolved"]}


def test_a_route_without_a_policy_tells_its_own_receiver_alone(place_with: Callable[[str], Place]) -> None:
    place = place_with(POLICY)
    place.route_policy = "none"
    place.tick(FIRST)
    place.tick(FIRST, after=HOUR)
    place.do(ActionKind.ESCALATE, FIRST)
    place.tick(FIRST, after=HOUR)
    assert place.reasons() == {"ops": ["first_notification"]}
