"""The right to act on a store, which at most one engine has at a time: a lease by claims that all of them can read.

ClickHouse cannot compare and swap. What it can do is enough: a row that an insert was answered for is in every later
read. An engine that wants to act inserts a claim to the next epoch; of two claims the one of the higher rank counts.

- Whoever acts looks, again and again, whether there is a claim above its own. A look that finds none lets it act for
  `length` from when the look began, by its own steady clock. One that finds one ends its turn for good.
- Whoever claims waits for `length` after its claim was stored, looks once more, and acts if nothing is above.

So when the second begins to act, the first has looked for the last time before the claim was stored, and its time is
over. Nothing in this depends on how long an insert takes, on what any clock says, or on clocks that agree: only on
clocks that run alike for the length of one lease, for which half a second of each is left.

Signs of life only say whom it is worth to wait for: an engine that sees none for `length` claims. One that was told
that the turn before is over, and sees nobody else's claim, need not wait: whose claim comes later sees its own. No two
engines ever act in the same epoch, so its number tells what one wrote from what others wrote.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from typing import Protocol

from domain.errors import LeaseLost, StoreError
from storage.engine_claims import Claim, ClaimState

# Of each lease, for clocks that do not run quite alike and for the step from the check to what it allows.
MARGIN_SECONDS = 0.5
# Some looks may fail before the right to act is over.
LOOKS_A_LEASE = 5


class KeptClaims(Protocol):
    """The claims on a store."""

    def read(self) -> Sequence[Claim]: ...
    def write(self, claim: Claim) -> None: ...


class Standing(Enum):
    """What an engine is: one that waits for its turn, has claimed it, or has it."""

    STANDBY = "standby"
    CLAIMING = "claiming"
    ACTIVE = "active"


class Lease:
    """One engine's part in it. `step` is called by one thread; whoever acts asks `require` first, from any."""

    def __init__(self, claims: KeptClaims, holder: str, length: float, steady: Callable[[], float]) -> None:
        """`holder` names this engine and no other, ever; `steady` tells seconds by a clock that nobody sets."""
        self._claims = claims
        self._holder = holder
        self._length = length
        self._steady = steady
        self._lock = threading.Lock()
        self._own: Claim | None = None
        self._stored_at: float | None = None
        self._seen: Claim | None = None
        self._seen_at = 0.0
        self._looked_at: float | None = None
        self._valid_until = float("-inf")
        # The latest epoch whose engine took up what the one before left on its way.
        self.resumed_epoch = 0

    @property
    def standing(self) -> Standing:
        """What this engine is. Active is not yet allowed: `is_valid` says so."""
        own = self._own
        if own is None:
            return Standing.STANDBY
        return Standing.ACTIVE if own.state is ClaimState.ACTIVE else Standing.CLAIMING

    @property
    def epoch(self) -> int:
        """The number of this engine's turn; 0 where it has none."""
        own = self._own
        return own.epoch if own else 0

    @property
    def is_valid(self) -> bool:
        """Whether this engine may act at this moment."""
        return self._steady() < self._valid_until

    @property
    def age(self) -> float | None:
        """Seconds since this engine last made sure that it is the only one; None where it is not."""
        looked_at = self._looked_at
        return None if looked_at is None else self._steady() - looked_at

    @property
    def active(self) -> str:
        """Whose claim was the highest at the last look; empty where there was none."""
        seen = self._own or self._seen
        return seen.holder if seen else ""

    def require(self) -> None:
        """LeaseLost where this engine may not act at this moment."""
        if not self.is_valid:
            raise LeaseLost("this engine is a standby: it may not act on the store while another one may")

    def step(self) -> None:
        """One look, and what follows from it; to be called several times a lease. StoreError where it cannot look."""
        with self._lock:
            if self._own is None:
                self._watch()
            if self._own is not None:
                self._hold(self._own)

    def note_resumed(self, epoch: int) -> None:
        """Notes that this engine took up, in its turn of this number, what the one before left on its way.

        Nothing where that turn is over. StoreError where it cannot.
        """
        with self._lock:
            own = self._own
            if own is not None and own.epoch == epoch and own.state is ClaimState.ACTIVE:
                self._store(replace(own, is_resumed=True))

    def give_up(self) -> None:
        """Lets the next engine act at once; to be called when this one does nothing more."""
        with self._lock:
            own = self._own
            self._end()
            if own is not None:
                was_active = own.state is ClaimState.ACTIVE
                state = ClaimState.RELEASED if was_active else ClaimState.WITHDRAWN
                self._claims.write(replace(own, beat=own.beat + 1, state=state))

    def _watch(self) -> None:
        """Claims the next epoch where the engine of this one is over or gives no sign of life."""
        top = max(self._claims.read(), key=lambda one: one.rank, default=None)
        now = self._steady()
        if top != self._seen:
            self._seen, self._seen_at = top, now
        if top is None or top.state.is_over or now - self._seen_at >= self._length:
            self._own = Claim(top.epoch + 1 if top else 1, self._holder)
            self._stored_at = None

    def _hold(self, own: Claim) -> None:
        """Gives a sign of life, and looks whether this engine may act."""
        own = self._store(own)
        began = self._steady()
        claims = self._claims.read()
        others = [one for one in claims if (one.epoch, one.holder) != (own.epoch, own.holder)]
        if any(one.rank > own.rank for one in others):
            self._end()
            return
        if len(others) == len(claims):
            raise StoreError("the store does not show a claim that it took; a replica that lags must not be asked")
        self.resumed_epoch = max((one.epoch for one in claims if one.is_resumed), default=0)
        if own.state is ClaimState.WAITING:
            if any(one.epoch == own.epoch for one in others):
                # Of two that claimed the same epoch the lesser sees this claim above its own, and this one the next
                # epoch, so that its number is nobody else's.
                self._own, self._stored_at = Claim(own.epoch + 1, self._holder), None
                return
            assert self._stored_at is not None
            if began - self._stored_at < self._length and not _follows_at_once(others):
                return
            own = self._own = replace(own, state=ClaimState.ACTIVE)
        self._looked_at = began
        self._valid_until = began + self._length - MARGIN_SECONDS

    def _store(self, claim: Claim) -> Claim:
        # Kept first: where no answer comes, the row may be there all the same.
        self._own = claim = replace(claim, beat=claim.beat + 1)
        self._claims.write(claim)
        if self._stored_at is None:
            self._stored_at = self._steady()
        return claim

    def _end(self) -> None:
        self._valid_until = float("-inf")
        self._own = self._stored_at = self._looked_at = self._seen = None


def _follows_at_once(others: Sequence[Claim]) -> bool:
    """Whether the turn before is known to be over, and nobody else wants this one."""
    before = max(others, key=lambda one: one.rank, default=None)
    return before is None or before.state is ClaimState.RELEASED
