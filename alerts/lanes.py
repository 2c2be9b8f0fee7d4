"""The integrations' ways: what decides about a notification of each, and the queue that carries it out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from alerts.delivery import DeliveryQueue
from alerts.notification import Notification
from alerts.notifiers.notifier import Integration
from alerts.pipeline.stage import Stage


@dataclass(frozen=True, slots=True)
class Lane:
    """One integration's way."""

    integration: Integration
    decide: tuple[Stage, ...]
    queue: DeliveryQueue


class Lanes:
    """Every integration's way, by receiver and name."""

    def __init__(self, integrations: Mapping[str, Sequence[Integration]], make: Callable[[Integration], Lane]) -> None:
        self._make = make
        self._lanes = {receiver: {one.name: make(one) for one in several} for receiver, several in integrations.items()}

    def of(self, receiver: str) -> Mapping[str, Lane]:
        """A receiver's lanes by the names of its integrations; none for one that is not there any more."""
        return self._lanes.get(receiver, {})

    def __iter__(self) -> Iterator[Lane]:
        return (lane for lanes in self._lanes.values() for lane in lanes.values())

    def change(
        self, integrations: Mapping[str, Sequence[Integration]], give_up: Callable[[Notification], None]
    ) -> None:
        """Makes and starts lanes for integrations that are new; those that are the same object as before go on.

        What was on its way to one that is no more goes to the one in its place; where there is none, to `give_up`.
        """
        before, started = self._lanes, []
        self._lanes = {}
        for receiver, several in integrations.items():
            lanes = self._lanes[receiver] = {}
            for one in several:
                known = before.get(receiver, {}).get(one.name)
                if known is None or known.integration is not one:
                    known = self._make(one)
                    started.append(known)
                lanes[one.name] = known
        for lane in started:
            lane.queue.start()
        for receiver, old in before.items():
            for name, lane in old.items():
                heir = self.of(receiver).get(name)
                if heir is not lane:
                    lane.queue.retire(heir.queue.submit if heir else give_up, lane.integration.notifier.close)
