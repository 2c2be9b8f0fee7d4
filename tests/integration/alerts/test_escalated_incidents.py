"""Incidents whose route has an escalation policy: one cause is one page for those whom steps tell, too."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerts.escalation_view import alert_row
from alerts.incident_handling import acknowledge_incident
from domain.alert_action import ActionKind
from storage.client import Store
from storage.escalations import read_escalations
from storage.incidents import list_incidents
from tests.fakes import Answer, WebhookReceiver
from tests.integration.alerts.escalated_outage import ANA, EscalatedOutage
from tests.integration.alerts.escalating import POLICY, four_receivers
from tests.integration.alerts.outage import REFUSED

Make = Callable[..., EscalatedOutage]
ALL_THREE = ("ops", "ana", "boss")


@pytest.fixture
def receivers() -> Iterator[dict[str, WebhookReceiver]]:
    with four_receivers() as receivers:
        yield receivers


@pytest.fixture(params=[False, True], ids=["one process", "a restart before every tick"])
def make(
    request: pytest.FixtureRequest, embedded_store: Store, tmp_path: Path, receivers: dict[str, WebhookReceiver]
) -> Iterator[Make]:
    made: list[EscalatedOutage] = []

    def start(**parts: str) -> EscalatedOutage:
        made.append(EscalatedOutage(embedded_store, tmp_path, receivers, **parts))
        made[-1].restarts = request.param
        return made[-1]

    yield start
    for one in made:
        one.outage.pipeline.stop()


def test_each_step_tells_of_the_incident_as_one_and_all_hear_material_change_and_the_end(
    make: Make, embedded_store: Store
) -> None:
    place = make()
    place.outage.fail(1, 2, 3, 4)
    place.outage.fire(1, 2)
    place.outage.fire(1, name="InvoiceNotIssued")
    place.tick()
    [first] = place.messages()["ops"]
    place.tick(15)
    found = place.messages()
    [step] = found["ana"]
    assert found.keys() == {"ana"}
    assert (step.json["reason"], step.firing()) == ("escalated", {"O-1", "O-2"})
    assert step.json["escalation"] == {"policy": "o2c", "step": 1, "round": 1}
    assert step.json["groupLabels"] == first.json["groupLabels"]
    assert step.json["incident"] == first.json["incident"]
    place.outage.fire(3)
    place.tick(30)
    # What joined is told with the step; those who know of the incident hear of it when it is materially more.
    assert place.told() == {"boss": [("escalated", [1, 2, 3], [])]}
    place.tick(5)
    place.tick(5)
    assert place.told() == {}
    place.outage.fire(4, severity="critical")
    place.tick(5)
    place.tick(5)
    assert place.told() == {name: [("material_change", [1, 2, 3, 4], [])] for name in ALL_THREE}
    place.outage.end(1, 2, 3)
    place.outage.end(1, name="InvoiceNotIssued")
    place.tick(5)
    place.tick(5)
    assert place.told() == {}
    place.outage.end(4)
    place.tick(5)
    place.tick(5)
    found = place.messages()
    assert {name: [one.json["reason"] for one in several] for name, several in found.items()} == {
        name: ["all_resolved"] for name in ALL_THREE
    }
    assert {one.json["incident"]["state"] for several in found.values() for one in several} == {"over"}
    place.tick(60)
    assert place.told() == {}
    assert read_escalations(embedded_store) == []


def test_the_next_incident_of_the_same_hop_begins_with_the_routes_receiver(make: Make) -> None:
    place = make()
    place.outage.fail(1, 2)
    place.outage.fire(1)
    place.tick()
    place.tick(15)
    assert place.told() == {"ops": [("first_notification", [1], [])], "ana": [("escalated", [1], [])]}
    place.outage.end(1)
    place.tick(5)
    place.tick(5)
    assert place.told() == {name: [("all_resolved", [], [1])] for name in ("ops", "ana")}
    now = place.outage.clock.now()
    place.outage.fire(2, fired_at=now, deadline_at=now)
    place.tick(5)
    assert place.told() == {"ops": [("first_notification", [2], [])]}
    place.tick(14)
    assert place.told() == {}
    place.tick(1)
    assert place.told() == {"ana": [("escalated", [2], [])]}


def test_an_acknowledged_incident_escalates_anew_only_when_it_is_told_to_be_materially_more(make: Make) -> None:
    place = make()
    place.outage.fail(*range(1, 5))
    place.outage.fire(1, 2)
    place.tick()
    place.do(ActionKind.ACKNOWLEDGE, 1, 2)
    assert place.told() == {"ops": [("first_notification", [1, 2], [])]}
    # Who acknowledged the incident knows the cause: that one more waits behind it tells nobody, nor calls anybody.
    place.outage.fire(3)
    for _ in range(6):
        place.tick(15)
    assert place.told() == {}
    place.outage.fire(4)
    place.tick(5)
    place.tick(5)
    assert place.told() == {"ops": [("material_change", [1, 2, 3, 4], [])]}
    for _ in range(3):
        place.tick(5)
    assert place.told() == {"ana": [("escalated", [1, 2, 3, 4], [])]}
    place.do(ActionKind.ACKNOWLEDGE, 3, 4)
    for _ in range(4):
        place.tick(15)
    assert place.told() == {}


def test_an_incident_of_which_nothing_that_was_told_still_fires_waits_for_somebody(make: Make) -> None:
    place = make()
    place.outage.fail(1, 2, 3)
    place.outage.fire(1, 2)
    place.tick()
    place.do(ActionKind.ACKNOWLEDGE, 1, 2)
    place.outage.fire(3)
    place.tick(5)
    place.outage.end(1, 2)
    place.tick(5)
    assert place.told() == {"ops": [("first_notification", [1, 2], [])]}
    for _ in range(4):
        place.tick(5)
    assert place.told() == {"ana": [("escalated", [3], [])]}


def test_a_snoozed_incident_stands_still_and_is_told_again_before_it_escalates_anew(make: Make) -> None:
    place = make()
    place.outage.fail(1, 2, 3)
    place.outage.fire(1, 2)
    place.tick()
    place.do(ActionKind.ACKNOWLEDGE, 1)
    place.do(ActionKind.SNOOZE, 2, value="2h")
    place.outage.fire(3)
    assert place.told() == {"ops": [("first_notification", [1, 2], [])]}
    for _ in range(7):
        place.tick(15)
    assert place.told() == {}
    place.tick(15)
    place.tick(5)
    assert place.told() == {"ops": [("snooze_ended", [1, 2, 3], [])]}
    place.tick(9)
    assert place.told() == {}
    place.tick(1)
    assert place.told() == {"ana": [("escalated", [1, 2, 3], [])]}
    place.outage.end(1, 2, 3)
    place.tick(5)
    place.tick(5)
    assert place.told() == {name: [("all_resolved", [], [1, 2, 3])] for name in ("ops", "ana")}


def test_a_cause_that_becomes_known_after_a_step_moves_nobody_who_was_told(make: Make) -> None:
    place = make()
    place.outage.fire(1, 2)
    place.tick()
    place.tick(15)
    assert place.told() == {"ops": [("first_notification", [1, 2], [])], "ana": [("escalated", [1, 2], [])]}
    place.outage.fail(1, 2, 3)
    place.tick(5)
    place.tick(5)
    assert place.told() == {}
    place.tick(20)
    assert place.told() == {"boss": [("escalated", [1, 2], [])]}
    place.outage.end(1, 2)
    place.tick(5)
    place.tick(5)
    assert place.told() == {name: [("all_resolved", [], [1, 2])] for name in ALL_THREE}


@pytest.mark.parametrize("known_first", [False, True], ids=["no cause at first", "another cause at first"])
def test_who_alone_was_told_by_a_step_is_not_told_of_an_end_because_the_cause_became_known(
    make: Make, receivers: dict[str, WebhookReceiver], known_first: bool
) -> None:
    place = make()
    receivers["ops"].answers(*[Answer(status=400)] * 50)
    if known_first:
        place.outage.fail(1)
    place.outage.fire(1)
    place.tick()
    place.tick(15)
    place.messages()
    place.outage.fail(1, thrown=REFUSED, minute=-30)
    place.tick(5)
    place.tick(5)
    place.tick(15)
    assert "ana" not in place.told()
    place.outage.end(1)
    place.tick(5)
    place.tick(5)
    assert place.told()["ana"] == [("all_resolved", [], [1])]


def test_an_incident_escalates_by_the_policy_of_the_alerts_routes(make: Make) -> None:
    place = make(
        route="incidents: {}, escalation: none", routes="[{matchers: ['severity=\"critical\"'], escalation: o2c}]"
    )
    place.outage.fail(1, 2, 3)
    place.outage.fire(1)
    place.outage.fire(2, 3, severity="critical")
    place.tick()
    assert place.told() == {"ops": [("first_notification", [1], []), ("first_notification", [2, 3], [])]}
    place.tick(15)
    assert place.told() == {"ana": [("escalated", [2, 3], [])]}
    place.outage.end(1, 2, 3)
    place.tick(5)
    place.tick(5)
    assert place.told() == {
        "ops": [("all_resolved", [], [1]), ("all_resolved", [], [2, 3])],
        "ana": [("all_resolved", [], [2, 3])],
    }


def test_what_bypasses_escalates_by_itself_and_an_acknowledged_incident_does_not_hold_it(make: Make) -> None:
    place = make(route="incidents: {bypass: ['severity=\"critical\"']}")
    place.outage.fail(1, 2)
    place.outage.fire(1)
    place.outage.fire(2, severity="critical")
    place.tick()
    assert place.told() == {"ops": [("first_notification", [1], []), ("first_notification", [2], [])]}
    place.do(ActionKind.ACKNOWLEDGE, 1)
    place.tick(15)
    assert place.told() == {"ana": [("escalated", [2], [])]}
    # It comes to meet the line: told by its labels, too, and the incident, which told of it, hears its end.
    place.outage.fire(1, severity="critical")
    place.tick(5)
    place.tick(5)
    told = place.told()
    assert told["ana"] == [("new_alerts", [1, 2], [])]
    assert told["ops"] == [("material_change", [1], []), ("new_alerts", [1, 2], [])]
    place.outage.end(1, 2)
    place.tick(5)
    place.tick(5)
    assert place.told() == {
        "ops": [("all_resolved", [], [1]), ("all_resolved", [], [1, 2])],
        "ana": [("all_resolved", [], [1, 2])],
    }


def test_a_reload_between_steps_repeats_nothing_and_the_next_step_comes_in_time(make: Make) -> None:
    place = make()
    place.outage.fail(1, 2)
    place.outage.fire(1, 2)
    place.tick()
    place.tick(15)
    place.messages()
    place.outage.reload(place.routing(route="incidents: {bypass: ['severity=\"info\"']}"))
    place.tick(15)
    assert place.told() == {}
    place.tick(15)
    assert place.told() == {"boss": [("escalated", [1, 2], [])]}
    place.outage.reload(place.routing())
    place.outage.end(1, 2)
    place.tick(5)
    place.tick(5)
    assert place.told() == {name: [("all_resolved", [], [1, 2])] for name in ALL_THREE}


def test_an_incident_is_acknowledged_again_once_its_acknowledgement_no_longer_holds_escalation(
    make: Make, embedded_store: Store
) -> None:
    place = make(policy=POLICY + "      acknowledgement_timeout: 2h\n")
    place.outage.fail(1)
    place.outage.fire(1)
    place.tick()
    [incident] = list_incidents(embedded_store)
    acknowledge_incident(
        embedded_store, place.routing_in_force(), incident.incident_id, "", ANA, place.outage.clock.now()
    )
    place.tick(121)
    place.tick(15)
    assert place.told() == {"ops": [("first_notification", [1], [])], "ana": [("escalated", [1], [])]}
    acknowledge_incident(
        embedded_store, place.routing_in_force(), incident.incident_id, "", ANA, place.outage.clock.now()
    )
    for _ in range(3):
        place.tick(35)
    assert place.told() == {}


def test_an_incident_is_escalated_by_hand_through_any_of_its_alerts(make: Make) -> None:
    place = make()
    place.outage.fail(1, 2)
    place.outage.fire(1, 2)
    place.tick()
    place.do(ActionKind.ACKNOWLEDGE, 1, 2)
    place.do(ActionKind.ESCALATE, 2)
    place.tick(1)
    assert place.told() == {"ops": [("first_notification", [1, 2], [])], "ana": [("escalated", [1, 2], [])]}
    place.tick(60)
    assert place.told() == {}


def test_how_far_an_alerts_escalation_is_is_shown_of_the_incident_that_tells_it(
    make: Make, embedded_store: Store
) -> None:
    place = make()
    routing = place.routing_in_force()
    place.outage.fire(1)
    place.tick()
    place.outage.fail(1, 2)
    place.outage.fire(2)
    place.tick(5)
    place.tick(15)
    found = {
        number: alert_row(embedded_store, routing, place.outage.alert(number), place.outage.clock.now())["groups"]
        for number in (1, 2)
    }
    [incident] = list_incidents(embedded_store)
    assert [(one["group_key"], one["steps_reached"], one["told"]) for one in found[1]] == [
        ('{}:{alertname="OrderNotPosted"}', 1, ["ana"])
    ]
    assert [(one["group_key"], one["steps_reached"], one["told"]) for one in found[2]] == [
        (f'{{}}:{{incident="{incident.incident_id}"}}', 1, ["ana"])
    ]
