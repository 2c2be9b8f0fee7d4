"""The same timed alerts into Debian's Alertmanager and into ours: the same messages must come out.

All scenarios run at once, each with alerts and a receiver of its own. group_wait is 1 s and group_interval 2 s, so a
group whose first alert came at second 0 is flushed near the seconds 1, 3, 5, …; every step is well between two flushes.
Where some of a group are over at the reload all are: Alertmanager does not forget them, and would tell of them again.
What was inhibited is over by then with all of its group: for a moment after a reload it may not know what inhibits.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from storage.client import Store
from tests.integration.alerts.two_programs import ALERTMANAGER, Both, Message, Step, both, hooks

END = 17.4
RELOAD_AT = 13.8
ROUTES = """\
route:
  receiver: rest
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 1h
  routes:
    - {matchers: [alertname=Batch], receiver: batch, repeat_interval: 5s}
    - {matchers: [alertname=Repeat], receiver: repeat, repeat_interval: 4200ms}
    - {matchers: [alertname=Pending], receiver: pending, repeat_interval: 3s}
    - {matchers: [alertname=Pair], receiver: pair, continue: true}
    - {matchers: [alertname=Pair], receiver: broken}
    - {matchers: [alertname=Late], receiver: late, group_by: [alertname, team]}
    - {matchers: [alertname=Shut], receiver: shut, mute_time_intervals: [shut]}
    - {matchers: [alertname=Outside], receiver: outside, active_time_intervals: [never, shut_out]}
    - {matchers: [alertname=Open], receiver: open, mute_time_intervals: [never], active_time_intervals: [always, never]}
OWN
receivers:
  - name: rest
  - {name: broken, webhook_configs: [{url: '<BROKEN>'}]}
  - {name: flaky, webhook_configs: [{url: '<MAIN>/flaky'}, {url: '<FLAKY>'}]}
RECEIVERS
inhibit_rules:
  - {source_matchers: [alertname=HopDown], target_matchers: [alertname=Late], equal: [team, region]}
  - {source_matchers: [alertname="Twin"], target_matchers: ['alertname=~"Twin|Twin2"'], equal: [team]}
time_intervals:
  - {name: always, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}], location: Europe/Berlin}]}
  - {name: never, time_intervals: [{years: ['1990:1999'], months: ['january:march', '12'], days_of_month: ['-3:-1']}]}
"""
# Intervals that the reload changes.
SHUT = "  - {name: shut, time_intervals: [{weekdays: ['sunday:saturday']}]}\n"
SHUT_OUT = "  - {name: shut_out, time_intervals: [{years: ['1990'], location: UTC}]}\n"
OPENED = "  - {name: shut, time_intervals: [{years: ['1990']}]}\n"
OPENED_OUT = "  - {name: shut_out, time_intervals: [{years: ['1990:2990'], location: UTC}]}\n"
OWN_RECEIVER = (
    *("refresh", "note", "brief", "refire", "window", "removal", "rest_over", "edited", "all_silenced"),
    *("hop_down", "twin", "twin2", "reloaded", "flaky"),
)


def routing_file(intervals: str) -> str:
    """The file that both programs read; a scenario's receiver is named as its alerts are."""
    named = (*OWN_RECEIVER, "batch", "repeat", "pending", "pair", "late", "shut", "outside", "open")
    own = [f"    - {{matchers: [alertname={alert_of(name)}], receiver: {name}}}" for name in OWN_RECEIVER]
    receivers = [
        f"  - {{name: {name}, webhook_configs: [{{url: '<MAIN>/{name}'}}]}}" for name in named if name != "flaky"
    ]
    return ROUTES.replace("OWN", "\n".join(own)).replace("RECEIVERS", "\n".join(receivers)) + intervals


def alert_of(receiver: str) -> str:
    return receiver.title().replace("_", "")


def fires(name: str, object_id: str, note: str = "", **labels: str) -> Callable[[Both], None]:
    return lambda both: both.fire(name, object_id, note, **labels)


def ends(name: str, object_id: str) -> Callable[[Both], None]:
    return lambda both: both.end(name, object_id)


def silences(name: str, *matchers: str, begins: float = 0, until: float = 60) -> Callable[[Both], None]:
    return lambda both: both.silence(name, *matchers, begins=begins, ends=until)


def firing(*objects: str) -> Message:
    return "firing", frozenset(objects), frozenset()


def over(*objects: str) -> Message:
    return "resolved", frozenset(), frozenset(objects)


def partly(fires: str, over: str) -> Message:
    return "firing", frozenset(fires.split()), frozenset(over.split())


STEPS = [
    # Alerts wait for each other; a late joiner brings all; one of three is over, then all; one fires again.
    Step(0.0, fires("Batch", "A")),
    Step(0.4, fires("Batch", "B")),
    Step(1.8, fires("Batch", "D")),
    Step(3.8, ends("Batch", "A")),
    Step(7.8, ends("Batch", "B")),
    Step(7.8, ends("Batch", "D")),
    Step(10.0, fires("Batch", "A")),
    Step(11.6, ends("Batch", "A")),
    # Told again after the repeat interval, at the fourth flush however long the first message took, then over.
    Step(0.0, fires("Repeat", "A")),
    Step(7.8, ends("Repeat", "A")),
    # Told of again as it is.
    Step(0.0, fires("Refresh", "A")),
    Step(1.8, lambda both: both.refresh("Refresh", "A")),
    Step(5.8, lambda both: both.refresh("Refresh", "A")),
    # A change of annotations is no news, and is in the next message.
    Step(0.0, fires("Note", "A")),
    Step(1.8, fires("Note", "A", " v2")),
    Step(4.0, fires("Note", "B")),
    # Over before anybody was told, so nobody is.
    Step(0.0, fires("Brief", "A")),
    Step(0.5, ends("Brief", "A")),
    # Over and back between two flushes.
    Step(0.0, fires("Refire", "A")),
    Step(1.8, ends("Refire", "A")),
    Step(2.2, fires("Refire", "A")),
    # Silenced before it is told; told when the silence ends.
    Step(0.0, silences("window", "alertname=Window", until=3.8)),
    Step(0.2, fires("Window", "A")),
    # Silenced after it was told; a joiner is told alone; told with it when the silence is removed.
    Step(0.0, fires("Removal", "A")),
    Step(1.8, silences("removal", "alertname=Removal", 'object_id=~"A|X"')),
    Step(2.2, fires("Removal", "B")),
    Step(4.0, lambda both: both.expire("removal")),
    # What is not silenced is over: the group is told so, and of the silenced alert afterwards.
    Step(0.0, fires("RestOver", "A")),
    Step(0.2, fires("RestOver", "B")),
    Step(1.8, silences("rest_over", "alertname=RestOver,object_id!=B", until=2.4)),
    Step(2.0, ends("RestOver", "B")),
    Step(7.8, ends("RestOver", "A")),
    # Pending, so it is told; active when it would be repeated.
    Step(0.0, silences("pending", "alertname=Pending", begins=1.8)),
    Step(0.0, fires("Pending", "A")),
    # Its matchers are changed while it counts: another takes its place and the old one ends.
    Step(0.0, silences("edited", "alertname=Edited", "object_id=A")),
    Step(0.2, fires("Edited", "A")),
    Step(0.2, fires("Edited", "B")),
    Step(4.0, silences("edited", "alertname=Edited", "object_id=B")),
    # All that was told is silenced: that is no end.
    Step(0.0, fires("AllSilenced", "A")),
    Step(1.8, silences("all_silenced", "alertname=AllSilenced", until=6.0)),
    # The source mutes the target of the same team, also where neither has a region, until it is over; and again.
    Step(0.0, fires("HopDown", "S", team="a", region="")),
    Step(0.2, fires("Late", "A", team="a")),
    Step(0.2, fires("Late", "B", team="b")),
    Step(2.6, ends("HopDown", "S")),
    Step(4.6, fires("HopDown", "S", team="a")),
    Step(4.8, fires("Late", "C", team="a")),
    Step(7.8, ends("Late", "C")),
    Step(9.8, ends("HopDown", "S")),
    Step(10.4, ends("Late", "A")),
    # Who meets both sides is muted by nobody who does; who meets one is.
    Step(0.0, fires("Twin", "A", team="t")),
    Step(0.0, fires("Twin", "B", team="t")),
    Step(0.2, fires("Twin2", "C", team="t")),
    Step(9.6, ends("Twin2", "C")),
    # One of two receivers is broken, and one integration of two is at first.
    Step(0.0, fires("Pair", "A")),
    Step(1.8, fires("Pair", "B")),
    Step(0.0, fires("Flaky", "A")),
    # Times of routes, until the file says other ones.
    Step(0.0, fires("Shut", "A")),
    Step(0.0, fires("Outside", "A")),
    Step(0.0, fires("Open", "A")),
    # A wrong file, then a right one: nobody is told again what they know.
    Step(0.0, fires("Reloaded", "A")),
    Step(13.2, lambda both: both.reload("route: {receiver: nobody}\n")),
    Step(RELOAD_AT, lambda both: both.reload(routing_file(OPENED + OPENED_OUT))),
]
EXPECTED: Mapping[str, Sequence[Message]] = {
    "batch": [firing("A", "B"), firing("A", "B", "D"), partly("B D", "A"), over("B", "D"), firing("A"), over("A")],
    "repeat": [firing("A"), firing("A"), over("A")],
    "refresh": [firing("A")],
    "note": [firing("A"), firing("A v2", "B")],
    "refire": [firing("A")],
    "window": [firing("A")],
    "removal": [firing("A"), firing("B"), firing("A", "B")],
    "rest_over": [firing("A", "B"), over("B"), firing("A"), over("A")],
    "pending": [firing("A")],
    "edited": [firing("B"), firing("A")],
    "all_silenced": [firing("A")],
    "hop_down": [firing("S"), over("S"), firing("S"), over("S")],
    "late": [firing("B"), firing("A"), over("A")],
    "twin": [firing("A", "B")],
    "pair": [firing("A"), firing("A", "B")],
    "flaky": [firing("A")],
    "FLAKY": [firing("A")] * 3,
    "shut": [firing("A")],
    "outside": [firing("A")],
    "open": [firing("A")],
    "reloaded": [firing("A")],
}


@pytest.mark.skipif(ALERTMANAGER is None, reason="prometheus-alertmanager is not installed")
def test_alertmanager_sends_the_same_messages(embedded_store: Store, tmp_path: Path) -> None:
    refusing = {"FLAKY": 2, "BROKEN": 1000}
    with hooks(refusing) as ours, hooks(refusing) as theirs:
        with both(tmp_path, routing_file(SHUT + SHUT_OUT), embedded_store, ours, theirs) as programs:
            programs.play(STEPS, END)
        said = {"theirs": theirs.messages(), "ours": ours.messages()}
    # How often a broken webhook was tried is each program's own.
    for messages in said.values():
        assert messages.pop("BROKEN")
    assert differing(said["theirs"]) == {}
    assert differing(said["ours"]) == {}


def differing(messages: Mapping[str, Sequence[Message]]) -> dict[str, Sequence[Message] | None]:
    """Of each scenario that did not go as expected what came."""
    return {
        name: messages.get(name)
        for name in EXPECTED.keys() | messages.keys()
        if messages.get(name) != EXPECTED.get(name)
    }
