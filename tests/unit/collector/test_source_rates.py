"""What is held back of a request, and that a batch gets through however its sources and sizes are mixed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import BATCH, Received
from collector.source_rates import Held, SourceRates
from tests.unit.collector.examples import event, read

RATES = {"crm": 2.0, "erp": 0.5}


@dataclass
class Watch:
    """A clock that shows seconds."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


class Door:
    """Rates, their clock and their counters."""

    def __init__(self, rates: Mapping[str, float] = RATES) -> None:
        self.registry = CollectorRegistry()
        self.watch = Watch()
        self._rates = SourceRates(rates, CollectorMetrics(self.registry), self.watch)

    def send(self, *sources: str) -> tuple[Received, Held | None]:
        events = [event(id=f"e-{number}", source=source) for number, source in enumerate(sources)]
        received = read(json.dumps(events), BATCH)
        return received, self._rates.hold_back(received, "events")

    def counted(self, metric: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"milepost_{metric}", labels)


def test_only_what_is_over_its_sources_rate_is_held_back() -> None:
    door = Door()
    door.send(*["erp"] * 4)

    received, held = door.send("crm", "erp", "billing", "erp")

    assert held is not None
    assert [one.event.source for one in received.candidates] == ["crm", "billing"]
    reason = "over the rate of the source erp; come back later"
    assert [(one.index, one.event_id, one.code, one.reason) for one in held.rejections] == [
        (1, "e-1", "throttled", reason),
        (3, "e-3", "throttled", reason),
    ]
    # Four were sent, two and a half were left, and the next may come once there is one.
    assert held.retry_after == 5
    assert door.counted("source_throttled_events_total", source="erp") == 2
    assert door.counted("requests_refused_total", channel="events", code="throttled") == 2


def test_a_source_that_keeps_to_its_rate_is_not_held_back() -> None:
    door = Door()
    for _ in range(20):
        door.watch.seconds += 2
        assert door.send("erp", "crm")[1] is None


def test_without_rates_nothing_is_held_back() -> None:
    assert Door({}).send(*["crm"] * 10_000)[1] is None


@given(st.lists(st.sampled_from(["crm", "erp", "billing"]), min_size=1, max_size=40), st.floats(0, 20))
def test_a_batch_gets_through_when_it_comes_again_as_it_was_told(sources: list[str], late: float) -> None:
    door = Door()
    door.send(*sources)

    _, held = door.send(*sources)

    if held:
        door.watch.seconds += held.retry_after + late
        received, again = door.send(*sources)
        assert again is None
        assert len(received.candidates) == len(sources)
