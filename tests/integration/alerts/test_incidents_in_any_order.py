"""In whatever order alerts fire, causes become known and change, alerts end and the program restarts: told once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from storage.client import Store
from tests.builders import NOW
from tests.fakes import WebhookReceiver
from tests.integration.alerts.outage import INTERVAL, REPEAT, Outage, incident_routing, numbers

LOCKED, REFUSED = "period is locked", "connection refused"
HAPPENING = [
    *(("fire", number) for number in range(3)),
    *((LOCKED, number) for number in range(3)),
    (REFUSED, 1),
    ("end", 0),
]
# All of it in any order, and what the program does after each: nothing yet, a tick, or a new start.
STEPS = st.permutations(HAPPENING).flatmap(
    lambda steps: st.tuples(*(st.tuples(st.just(one), st.sampled_from(["tick", "", "restart"])) for one in steps))
)


Steps = Sequence[tuple[tuple[str, int], str]]


class Reader:
    """What somebody makes of the messages, beside what is the case in the world."""

    def __init__(self, receiver: WebhookReceiver) -> None:
        self._receiver = receiver
        self.firing: set[int] = set()
        self.told_in: dict[int, set[str]] = defaultdict(set)
        self.told_over: dict[int, int] = defaultdict(int)
        self.believed: dict[str, set[int]] = defaultdict(set)

    def read(self) -> None:
        """Reads what came; nothing is said to be over that is not."""
        while not self._receiver.is_quiet():
            message = self._receiver.next()
            key = message.json["groupKey"]
            over = set(numbers(message.resolved()))
            assert not over & self.firing
            for number in numbers(message.firing()):
                self.told_in[number].add(key)
                self.believed[key].add(number)
            for number in over:
                self.told_over[number] += number in self.believed[key]
            self.believed[key] -= over
            if message.json["reason"] == "all_resolved":
                assert self.believed[key] == set()


def run(outage: Outage, reader: Reader, steps: Steps, first: int) -> None:
    for (what, which), then in steps:
        number = first + which
        match what:
            case "fire":
                outage.fire(number)
                reader.firing.add(number)
            case "end" if number in reader.firing:
                outage.end(number)
                reader.firing.discard(number)
            case "period is locked" | "connection refused":
                minute = (outage.clock.now() - NOW) / timedelta(minutes=1)
                outage.fail(number, thrown=(f"Case{_word(first)}", what), minute=minute)
        match then:
            case "tick":
                outage.tick(INTERVAL)
                reader.read()
            case "restart":
                outage.restart()


def _word(number: int) -> str:
    """A word of its own for every number: digits are no part of a signature."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_an_alert_is_told_in_one_conversation_and_its_end_once(
    embedded_store: Store, tmp_path: Path, receiver: WebhookReceiver
) -> None:
    examples = iter(range(10_000))

    # A case takes a second, so that making one smaller would take minutes.
    phases = (Phase.explicit, Phase.generate)

    @settings(max_examples=8, deadline=None, phases=phases, suppress_health_check=[HealthCheck.too_slow])
    @given(STEPS)
    def check(steps: Steps) -> None:
        number = next(examples)
        # Another time and other orders, so that one store serves all.
        start_at = NOW + number * timedelta(days=40)
        outage = Outage(embedded_store, tmp_path, incident_routing(receiver.url), start_at)
        reader = Reader(receiver)
        try:
            run(outage, reader, steps, first=10 * number)
            outage.tick(INTERVAL)
            # A reminder names also those that joined since; twice, for a message may just have left.
            for _ in range(2):
                outage.tick(REPEAT)
            reader.read()
            still_firing = set(reader.firing)
            assert {one: len(reader.told_in[one]) for one in still_firing} == dict.fromkeys(still_firing, 1)
            for one in still_firing:
                outage.end(one)
            reader.firing.clear()
            for _ in range(2):
                outage.tick(INTERVAL)
                reader.read()
            told = set(reader.told_in)
            assert {one: len(keys) for one, keys in reader.told_in.items()} == dict.fromkeys(told, 1)
            assert {one: reader.told_over[one] for one in told} == dict.fromkeys(told, 1)
            assert not any(reader.believed.values())
        finally:
            outage.pipeline.stop()

    check()
