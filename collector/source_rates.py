"""Holds back the events of sources that send more than their contracts allow; what others send is taken meanwhile.

As with tokens, a source pays afterwards: what it sends while it owes nothing is taken whole, and it waits for what that
was too much. A batch that is sent again therefore gets through, although part of it was taken the first time.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from collector.allowance import Allowance
from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import Received, Rejection

THROTTLED = "throttled"


class Throttled(Exception):
    """A request has to be sent again, after so many seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("a source is over its rate; come back later")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Held:
    """The events that are refused for now, and in how many seconds all of their request may be sent again."""

    rejections: list[Rejection]
    retry_after: int


class SourceRates:
    """What each source may still send."""

    def __init__(
        self,
        rates: Mapping[str, float],
        metrics: CollectorMetrics,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`rates` are events a second by source; who is not there may send what it likes."""
        self._allowances = {source: Allowance(rate, monotonic) for source, rate in rates.items()}
        self._metrics = metrics

    def hold_back(self, received: Received, channel: str) -> Held | None:
        """Takes out of a request what is over a source's rate, and counts it as refused; None where nothing is."""
        if not self._allowances:
            return None
        counts = Counter(one.event.source for one in received.candidates if one.event.source in self._allowances)
        over = {source for source in counts if self._allowances[source].wait_seconds()}
        for source in counts.keys() - over:
            self._allowances[source].charge(counts[source])
        if not over:
            return None
        for source in over:
            self._metrics.throttled.labels(source).inc(counts[source])
        held = [one for one in received.candidates if one.event.source in over]
        for _ in held:
            self._metrics.refuse(channel, THROTTLED)
        indexes = {one.index for one in held}
        received.candidates = [one for one in received.candidates if one.index not in indexes]
        received.flags = [(index, flag) for index, flag in received.flags if index not in indexes]
        # Later than those that were taken now have paid, too: the whole request comes again.
        wait = max(self._allowances[source].wait_seconds() for source in counts)
        return Held([_rejection(one.index, one.event.event_id, one.event.source) for one in held], math.ceil(wait))


def _rejection(index: int, event_id: str, source: str) -> Rejection:
    return Rejection(index, event_id, source, THROTTLED, f"over the rate of the source {source}; come back later", b"")
