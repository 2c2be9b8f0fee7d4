"""Incidents beside all else that decides who is told: acknowledgements, silences, inhibition, reloads, failures."""

from datetime import timedelta
from pathlib import Path

from alerts.handling import Deed, handle
from alerts.silences import SilenceWish, put_silence
from domain.alert_action import ActionKind
from domain.audit import Actor
from storage.client import Store
from tests.builders import NOW
from tests.fakes import Answer, WebhookReceiver, webhook_receiver
from tests.integration.alerts.outage import INTERVAL, REFUSED, REPEAT, Outage, Start, incident_routing, told


def test_an_acknowledged_incident_has_no_reminders_and_tells_of_material_change(
    outages: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    outage = outages()
    outage.fail(*range(1, 5))
    outage.fire(1, 2)
    outage.tick()
    for number in (1, 2):
        handle(embedded_store, outage.alert(number), Deed(ActionKind.ACKNOWLEDGE), Actor("ana"), NOW)
    outage.fire(3)
    told(receiver)
    outage.tick(REPEAT)
    assert receiver.is_quiet()
    outage.fire(4)
    outage.tick(INTERVAL)
    assert told(receiver) == [("material_change", [1, 2, 3, 4], [])]
    outage.tick(REPEAT)
    assert told(receiver) == [("repeat_interval_elapsed", [1, 2, 3, 4], [])]


def silence(store: Store, matcher: str, outage: Outage, length: timedelta) -> None:
    now = outage.clock.now()
    put_silence(store, SilenceWish([matcher], now + length, "ana", "known"), now)


def test_what_is_silenced_neither_grows_an_incident_nor_ends_it(
    outages: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    outage = outages()
    outage.fail(*range(1, 9))
    outage.fire(1, 2)
    outage.tick()
    told(receiver)
    silence(embedded_store, 'object_id=~"O-[2-9]"', outage, 3 * INTERVAL)
    outage.fire(*range(3, 9))
    outage.end(1)
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.tick(3 * INTERVAL)
    assert told(receiver) == [("material_change", list(range(2, 9)), [1])]


def test_what_is_inhibited_is_left_out_of_an_incident(outages: Start, receiver: WebhookReceiver) -> None:
    rule = "inhibit_rules: [{source_matchers: [alertname=ErpDown], target_matchers: [alertname=OrderNotPosted]}]\n"
    outage = outages("incidents: {}", rule)
    outage.fail(1, 2)
    outage.fire(1, 2)
    outage.fire(9, name="ErpDown")
    outage.tick()
    assert told(receiver) == [("first_notification", [9], [])]
    outage.end(9, name="ErpDown")
    outage.tick(INTERVAL)
    assert told(receiver) == [("all_resolved", [], [9]), ("first_notification", [1, 2], [])]


def test_a_reload_repeats_nothing_and_an_incident_goes_on(outages: Start, receiver: WebhookReceiver) -> None:
    outage = outages()
    outage.fail(1, 2, 3)
    outage.fire(1, 2, 3)
    outage.tick()
    told(receiver)
    outage.reload(incident_routing(receiver.url, "incidents: {bypass: ['severity=\"critical\"']}"))
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.end(1, 2, 3)
    outage.tick(INTERVAL)
    assert told(receiver) == [("all_resolved", [], [1, 2, 3])]


def test_where_incidents_are_switched_on_what_was_told_is_not_told_again(
    outages: Start, receiver: WebhookReceiver
) -> None:
    outage = outages("incidents: false")
    outage.fail(1, 2)
    outage.fire(1)
    outage.tick()
    told(receiver)
    outage.reload(incident_routing(receiver.url))
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.fire(2)
    outage.tick(INTERVAL)
    assert told(receiver) == [("first_notification", [2], [])]


def test_a_receiver_that_failed_hears_of_the_incident_and_the_other_nothing_twice(
    embedded_store: Store, tmp_path: Path, receiver: WebhookReceiver
) -> None:
    with webhook_receiver() as other:
        text = incident_routing(receiver.url).replace("timeout: 2s}]", f"timeout: 2s}}, {{url: '{other.url}'}}]")
        outage = Outage(embedded_store, tmp_path, text)
        other.answers(Answer(status=400))
        outage.fail(1, 2)
        outage.fire(1)
        outage.tick()
        told(other)
        outage.fail(1, thrown=REFUSED, minute=-30)
        outage.tick(INTERVAL)
        outage.pipeline.stop()

        assert told(receiver) == [("first_notification", [1], [])]
        assert told(other) == [("first_notification", [1], [])]


def test_a_delivery_that_a_restart_finished_keeps_what_was_told(outages: Start, receiver: WebhookReceiver) -> None:
    outage = outages()
    outage.fail(1, 2, 3, 4)
    outage.fire(1, 2)
    receiver.answers(*[Answer(silent=True)])
    outage.tick(leaving=1)
    outage.restart()
    outage.tick(INTERVAL)
    assert {one[1:] == ([1, 2], []) for one in told(receiver)} == {True}
    outage.fire(3)
    outage.tick(INTERVAL)
    assert receiver.is_quiet()
    outage.fire(4)
    outage.tick(INTERVAL)
    assert told(receiver) == [("material_change", [1, 2, 3, 4], [])]
