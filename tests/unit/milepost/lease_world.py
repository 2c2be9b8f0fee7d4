"""Many engines that want one lease: each stops wherever the world lets another go on.

Between any two things that an engine does with the store the world may let another one run, let time pass, lose an
answer, or store later what was given up. Clocks begin anywhere and run a little fast or slow. At every moment, at most
one engine may act.
"""

import threading
from collections.abc import Callable, Sequence
from random import Random

from domain.errors import StoreUnreachable
from milepost.roles.lease import Lease
from storage.engine_claims import Claim

LENGTH = 15.0
# More than quartz does by far, and less than what the lease keeps for it.
FASTEST = 1.01
STEPS_A_LEASE = 5


class Ended(BaseException):
    """The engine was killed."""


class World:
    """The store, the time, and whose turn it is to run."""

    def __init__(self, seed: int, engines: int, *, is_calm: bool = False) -> None:
        """A calm world loses nothing and holds nobody up."""
        self.chance = Random(seed)
        self.is_calm = is_calm
        self.now = 0.0
        self.rows: dict[tuple[int, str], Claim] = {}
        self.late: list[Claim] = []
        self.acted: list[tuple[float, str, int]] = []
        self._back = threading.Semaphore(0)
        self.engines = [SimulatedEngine(self, f"engine-{number}") for number in range(engines)]

    def apply(self, claim: Claim) -> None:
        """What an insert does: of two rows of a claim the one with the later beat stays."""
        key = (claim.epoch, claim.holder)
        known = self.rows.get(key)
        if known is None or claim.beat >= known.beat:
            self.rows[key] = claim

    def run(self, moves: int) -> None:
        """Lets so many things happen, and looks after each; in a calm world everybody in turn."""
        for move in range(moves):
            alive = [one for one in self.engines if one.is_alive]
            if not alive:
                return
            if self.is_calm:
                self.let(alive[move % len(alive)])
                continue
            # Whoever sleeps does so in the middle of what it does, and the others go on.
            awake = [one for one in alive if one.asleep_until <= self.now]
            if not awake:
                self.now = min(one.asleep_until for one in alive)
                continue
            self.let(self.chance.choice(awake))

    def let(self, engine: "SimulatedEngine") -> None:
        """Lets an engine run until it next stops, after some time."""
        self.now += self.chance.uniform(0, LENGTH / 20)
        if self.late and self.chance.random() < 0.3:
            self.apply(self.late.pop(self.chance.randrange(len(self.late))))
        engine.turn.release()
        self._back.acquire()
        if self.chance.random() < 0.1:
            engine.asleep_until = self.now + self.chance.uniform(0, 1.5 * LENGTH)
        valid = [one.name for one in self.engines if one.lease.is_valid and one.is_alive]
        assert len(valid) <= 1, f"{valid} may all act at {self.now}"

    def stop(self, engine: "SimulatedEngine") -> None:
        """Called by an engine's thread wherever another one may run; Ended where it was killed meanwhile."""
        self._back.release()
        engine.turn.acquire()
        if engine.is_killed:
            raise Ended

    def over(self) -> None:
        """Called by an engine's thread at its end."""
        self._back.release()


class SimulatedEngine:
    """One engine in a thread of its own, which runs only when the world lets it."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        chance = world.chance
        offset, rate = chance.uniform(-1e6, 1e6), 1.0 if world.is_calm else chance.uniform(1 / FASTEST, FASTEST)
        self.lease = Lease(self, name, LENGTH, lambda: offset + rate * world.now)
        self.is_alive = True
        self.is_killed = False
        self.gives_up = False
        self.asleep_until = 0.0
        self.turn = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def write(self, claim: Claim) -> None:
        """As the store's; no answer does not say that nothing is stored, or will be."""
        self.world.stop(self)
        fate = 1.0 if self.world.is_calm else self.world.chance.random()
        if fate < 0.05:
            raise StoreUnreachable("nothing was stored")
        if fate < 0.1:
            self.world.late.append(claim)
            raise StoreUnreachable("it is stored some time")
        self.world.apply(claim)
        self.world.stop(self)
        if fate < 0.15:
            raise StoreUnreachable("it was stored")

    def read(self) -> Sequence[Claim]:
        """As the store's: what was stored at some moment between question and answer."""
        self.world.stop(self)
        found = list(self.world.rows.values())
        self.world.stop(self)
        return found

    def kill(self) -> None:
        """Ends it where it is."""
        self.is_killed = True
        self.world.let(self)

    def _live(self) -> None:
        self.turn.acquire()
        try:
            while not self.gives_up:
                self._try(self.lease.step)
                self._act()
                self.world.stop(self)
            self._try(self.lease.give_up)
        except Ended:
            pass
        self.is_alive = False
        self.world.over()

    def _act(self) -> None:
        if self.lease.is_valid:
            self.world.acted.append((self.world.now, self.name, self.lease.epoch))

    @staticmethod
    def _try(work: Callable[[], None]) -> None:
        try:
            work()
        except StoreUnreachable:
            return
