"""Takes a request for spans or logs once: one that is sent again, since its sender heard no answer, is a duplicate.

Such a request has no identity but its content. The last of them are remembered by hash: what is stored, or in the
spool, is not stored again; where an insert failed without a word whether it stored anything, the store is asked. What
slips past, since it comes to another collector or after a restart, is told apart when it is read.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from collector.metrics import CollectorMetrics
from collector.receivers.otlp import TraceRequest
from collector.receivers.otlp_logs import LogRequest
from collector.spool_channels import RequestKind
from domain.errors import InputError, StoreError
from storage.client import Store

# At 500 requests a second those of the last seven minutes, which is longer than SDKs and the OpenTelemetry Collector
# try again; 30 MiB.
MOST_REMEMBERED = 200_000
_DIGEST_BYTES = 16
Request = TypeVar("Request", bound=TraceRequest | LogRequest)


class TakenOnce(Generic[Request]):
    """A commit that passes on what it has not taken; safe to call from several threads."""

    def __init__(
        self,
        kind: RequestKind[Request],
        store: Store,
        metrics: CollectorMetrics,
        commit: Callable[[Sequence[Request]], Sequence[bool | Exception]],
        most: int = MOST_REMEMBERED,
    ) -> None:
        self._kind = kind
        self._store = store
        self._metrics = metrics
        self._commit = commit
        self._most = most
        self._settled = threading.Condition()
        self._under_way: set[bytes] = set()
        # The oldest first, and whether all that the request holds is certainly stored.
        self._remembered: OrderedDict[bytes, bool] = OrderedDict()

    def __call__(self, group: Sequence[Request]) -> list[bool | Exception]:
        """What became of each request; True too for one that was taken before."""
        digests = [hashlib.blake2b(request.body, digest_size=_DIGEST_BYTES).digest() for request in group]
        mine, doubtful = self._claim(digests)
        outcomes: dict[int, bool | Exception] = {}
        try:
            outcomes = self._take(group, mine, doubtful)
        finally:
            self._settle({digests[place]: outcomes.get(place) for place in mine})
        # Only now: another thread may wait for one of these, and this one for one of its.
        for place in range(len(group)):
            if place not in outcomes:
                outcomes[place] = self._repeat(group[place], digests[place])
        return [outcomes[place] for place in range(len(group))]

    def _claim(self, digests: Sequence[bytes]) -> tuple[list[int], list[int]]:
        """The places of the requests to be taken here, and those of them that may be stored already."""
        mine: list[int] = []
        doubtful: list[int] = []
        with self._settled:
            for place, digest in enumerate(digests):
                is_taken = self._remembered.get(digest)
                if is_taken or digest in self._under_way:
                    continue
                self._under_way.add(digest)
                mine.append(place)
                if is_taken is False:
                    doubtful.append(place)
        return mine, doubtful

    def _take(
        self, group: Sequence[Request], mine: Sequence[int], doubtful: Sequence[int]
    ) -> dict[int, bool | Exception]:
        outcomes: dict[int, bool | Exception] = {}
        passed: dict[int, Request] = {place: group[place] for place in mine}
        for place in doubtful:
            try:
                [passed[place]] = self._kind.fresh(self._store, [group[place]])
            except StoreError as error:
                outcomes[place] = error
                del passed[place]
                continue
            known = self._kind.size(group[place]) - self._kind.size(passed[place])
            self._kind.count_duplicates(self._metrics, known)
            if not self._kind.size(passed[place]):
                outcomes[place] = True
                del passed[place]
        if passed:
            outcomes |= zip(passed, self._commit(list(passed.values())), strict=True)
        return outcomes

    def _settle(self, outcomes: "dict[bytes, bool | Exception | None]") -> None:
        """Remembers what was taken, and of what nobody knows it."""
        with self._settled:
            for digest, outcome in outcomes.items():
                self._under_way.discard(digest)
                # What the store cannot hold is refused again, and kept as often as it comes.
                if not isinstance(outcome, InputError):
                    self._remembered[digest] = outcome is True
            while len(self._remembered) > self._most:
                self._remembered.popitem(last=False)
            self._settled.notify_all()

    def _repeat(self, request: Request, digest: bytes) -> bool | Exception:
        """What became of a request that was taken before, or is being taken; tried again where that came to nothing."""
        with self._settled:
            self._settled.wait_for(lambda: digest not in self._under_way)
            is_taken = self._remembered.get(digest)
        if not is_taken:
            return self([request])[0]
        self._kind.count_duplicates(self._metrics, self._kind.size(request))
        return True
