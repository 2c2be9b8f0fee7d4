"""What is muted is not told and not lost; and a routing file that changes under running deliveries."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.config import load_routing
from alerts.muting import build_routing, current_mutes, muted_alerts
from alerts.notifiers.registry import build_integrations
from alerts.silences import SilenceWish, expire_silence, put_silence
from domain.alert import Alert, AlertState
from domain.audit import Actor
from domain.silence import Silence
from storage.alerts import write_transitions
from storage.client import Store
from tests.builders import NOW, alert
from tests.fakes import Answer, WebhookReceiver, webhook_receiver
from tests.integration.alerts.pipeline import CONSOLE, RunningPipeline, routing

RITA = Actor("rita")
WAIT, INTERVAL, REPEAT = timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=4)
FIRST, SECOND = alert(object="order/O-1"), alert(object="order/O-2")
HOP = alert(name="HopDown", object="hop/erp")
INHIBIT = "inhibit_rules: [{source_matchers: [alertname=HopDown], target_matchers: [alertname=OrderNotPosted]}]\n"
Start = Callable[..., RunningPipeline]


def over(fired: Alert) -> Alert:
    return replace(fired, state=AlertState.RESOLVED, version=fired.version + 1, resolved_at=NOW, changed_at=NOW)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
def start(embedded_store: Store, tmp_path: Path, receiver: WebhookReceiver) -> Iterator[Start]:
    running: list[RunningPipeline] = []

    def start(route: str = "", more: str = "") -> RunningPipeline:
        text = routing({"ops": receiver.url}, route) + more
        running.append(RunningPipeline(embedded_store, tmp_path, text))
        return running[-1]

    yield start
    for pipeline in running:
        pipeline.stop()


def silenced(store: Store, pipeline: RunningPipeline, matcher: str = "object_id=O-1") -> Silence:
    now = pipeline.clock.now()
    return put_silence(store, SilenceWish([matcher], now + timedelta(days=2), "rita", "known"), now)


def told(pipeline: RunningPipeline, receiver: WebhookReceiver) -> list[tuple[set[str], set[str]]]:
    """What came since this was last asked: who fires and who is over."""
    pipeline.settle()
    found = []
    while not receiver.is_quiet():
        message = receiver.next()
        found.append((message.firing(), message.resolved()))
    return found


def test_an_end_that_was_silenced_is_told_when_the_silence_is_removed(
    start: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    assert told(pipeline, receiver) == [({"O-1"}, set())]
    silence = silenced(embedded_store, pipeline)
    ended = over(FIRST)
    pipeline.tick(ended, after=INTERVAL)
    # By then it is out of the dispatcher's sight.
    pipeline.tick(after=INTERVAL)
    assert told(pipeline, receiver) == []
    expire_silence(embedded_store, silence.silence_id, pipeline.clock.now(), RITA)
    pipeline.tick(after=INTERVAL)
    assert told(pipeline, receiver) == [(set(), {"O-1"})]
    pipeline.tick(after=INTERVAL)
    assert told(pipeline, receiver) == []


def test_what_was_silenced_before_it_was_told_ends_unheard(
    start: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    pipeline = start()
    silence = silenced(embedded_store, pipeline)
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.tick(over(FIRST), after=INTERVAL)
    expire_silence(embedded_store, silence.silence_id, pipeline.clock.now(), RITA)
    pipeline.tick(over(FIRST), after=INTERVAL)
    assert told(pipeline, receiver) == []


def test_an_alert_that_fires_again_while_silenced_is_believed_firing_all_along(
    start: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    assert told(pipeline, receiver) == [({"O-1"}, set())]
    silence = silenced(embedded_store, pipeline)
    pipeline.tick(over(FIRST), after=INTERVAL)
    again = replace(FIRST, version=3)
    pipeline.tick(again, after=INTERVAL)
    expire_silence(embedded_store, silence.silence_id, pipeline.clock.now(), RITA)
    pipeline.tick(again, after=INTERVAL)
    assert told(pipeline, receiver) == []
    pipeline.tick(over(again), after=INTERVAL)
    assert told(pipeline, receiver) == [(set(), {"O-1"})]


def test_a_silence_longer_than_the_repeat_interval_holds_the_repeat_back(
    start: Start, receiver: WebhookReceiver, embedded_store: Store
) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    assert told(pipeline, receiver) == [({"O-1"}, set())]
    silence = silenced(embedded_store, pipeline)
    pipeline.tick(FIRST, after=REPEAT + INTERVAL)
    assert told(pipeline, receiver) == []
    expire_silence(embedded_store, silence.silence_id, pipeline.clock.now(), RITA)
    pipeline.tick(FIRST, after=INTERVAL)
    assert told(pipeline, receiver) == [({"O-1"}, set())]


def test_an_inhibited_alert_is_told_at_the_flush_after_its_source_is_over(
    start: Start, receiver: WebhookReceiver
) -> None:
    pipeline = start(more=INHIBIT)
    pipeline.tick(HOP, FIRST, SECOND)
    pipeline.tick(HOP, FIRST, SECOND, after=WAIT)
    assert told(pipeline, receiver) == [({"erp"}, set())]
    pipeline.tick(over(HOP), FIRST, SECOND, after=INTERVAL)
    assert sorted(told(pipeline, receiver), key=str) == [(set(), {"erp"}), ({"O-1", "O-2"}, set())]


def test_a_route_is_quiet_until_its_mute_interval_ends(start: Start, receiver: WebhookReceiver) -> None:
    # NOW is noon of a Monday.
    pipeline = start(
        "  routes: [{matchers: [alertname=OrderNotPosted], mute_time_intervals: [lunch], group_interval: 10m}]\n",
        "time_intervals:\n  - name: lunch\n    time_intervals: [{times: [{start_time: 11:00, end_time: 12:30}]}]\n",
    )
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    pipeline.tick(FIRST, after=timedelta(minutes=29, seconds=29))
    assert told(pipeline, receiver) == []
    pipeline.tick(FIRST, after=timedelta(minutes=10))
    assert told(pipeline, receiver) == [({"O-1"}, set())]


def test_whoever_looks_sees_what_mutes_an_alert(embedded_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text(
        "route:\n  receiver: rest\n  routes:\n"
        "    - {matchers: [alertname=OrderNotPosted], receiver: day, active_time_intervals: [night], continue: true}\n"
        "    - {matchers: [alertname=OrderNotPosted], receiver: night, mute_time_intervals: [never, noon]}\n"
        "receivers: [{name: rest}, {name: day}, {name: night}]\n"
        "time_intervals:\n"
        "  - {name: night, time_intervals: [{times: [{start_time: '22:00', end_time: '24:00'}]}]}\n"
        "  - {name: noon, time_intervals: [{times: [{start_time: '12:00', end_time: '12:01'}]}]}\n"
        "  - {name: never, time_intervals: [{years: ['1990']}]}\n" + INHIBIT,
        encoding="utf-8",
    )
    rules = build_routing(load_routing(path))
    silence = put_silence(embedded_store, SilenceWish(["object_id=O-1"], NOW + WAIT, "rita", "known"), NOW)
    ended = over(SECOND)
    write_transitions(embedded_store, [HOP, FIRST, ended])
    found = [one.row() for one in current_mutes(embedded_store, rules, NOW).of_alert(FIRST)]
    assert found == [
        {"kind": "inhibition", "id": HOP.alert_id, "name": "HopDown", "receiver": ""},
        {"kind": "active_interval", "id": "night", "name": "night", "receiver": "day"},
        {"kind": "mute_interval", "id": "noon", "name": "noon", "receiver": "night"},
        {"kind": "silence", "id": silence.silence_id, "name": "known", "receiver": ""},
    ]
    assert list(muted_alerts(embedded_store, rules, NOW)) == [FIRST.alert_id]
    assert current_mutes(embedded_store, rules, NOW).of_alert(ended) == []
    assert current_mutes(embedded_store, rules, NOW).of_alert(HOP) == []


def changed(pipeline: RunningPipeline, folder: Path, text: str) -> None:
    """The pipeline with another routing file, whose integrations are all new."""
    path = folder / "changed.yaml"
    path.write_text(text, encoding="utf-8")
    config = load_routing(path)
    pipeline.dispatcher.change(build_routing(config), build_integrations(config, CONSOLE, {}))


def test_what_was_on_its_way_goes_to_the_integration_in_its_place(
    start: Start, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    receiver.answers(Answer(503, headers={"Retry-After": "20"}))
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    first = receiver.next()
    with webhook_receiver() as other:
        changed(pipeline, tmp_path, routing({"ops": other.url}))
        pipeline.tick(FIRST, after=timedelta(seconds=1))
        pipeline.settle()
        again = other.next()
        assert again.body == first.body
        pipeline.tick(FIRST, after=INTERVAL)
        pipeline.settle()
        assert (other.is_quiet(), receiver.is_quiet()) == (True, True)
        pipeline.tick(over(FIRST), after=INTERVAL)
        pipeline.settle()
        assert other.next().resolved() == {"O-1"}
        pipeline.stop()


def test_what_was_on_its_way_to_a_receiver_that_is_no_more_is_given_up(
    start: Start, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    receiver.answers(Answer(503, headers={"Retry-After": "20"}))
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    receiver.next()
    with webhook_receiver() as other:
        changed(pipeline, tmp_path, routing({"finance": other.url}))
        pipeline.tick(FIRST, after=timedelta(seconds=1))
        pipeline.settle()
        assert other.next().firing() == {"O-1"}
        labels = {"receiver": "ops", "integration": "webhook[0]", "reason": "receiver_removed"}
        assert pipeline.count("milepost_notifications_failed_total", **labels) == 1
        pipeline.stop()


def test_an_end_that_was_muted_survives_a_change_of_the_routing(
    start: Start, receiver: WebhookReceiver, embedded_store: Store, tmp_path: Path
) -> None:
    pipeline = start()
    pipeline.tick(FIRST)
    pipeline.tick(FIRST, after=WAIT)
    assert told(pipeline, receiver) == [({"O-1"}, set())]
    silence = silenced(embedded_store, pipeline)
    pipeline.tick(over(FIRST), after=INTERVAL)
    changed(pipeline, tmp_path, routing({"ops": receiver.url}))
    pipeline.tick(over(FIRST), after=INTERVAL)
    pipeline.tick(after=INTERVAL)
    assert told(pipeline, receiver) == []
    expire_silence(embedded_store, silence.silence_id, pipeline.clock.now(), RITA)
    pipeline.tick(after=INTERVAL)
    assert told(pipeline, receiver) == [(set(), {"O-1"})]
