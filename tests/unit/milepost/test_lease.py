"""At most one engine acts, whatever stops where and whatever the store leaves unanswered; and one does soon."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import LeaseLost, StoreError
from milepost.roles.lease import MARGIN_SECONDS, Lease, Standing
from storage.engine_claims import Claim, ClaimState
from tests.unit.milepost.lease_world import LENGTH, World

SEEDS = st.integers(0, 2**64)


class Claims:
    """Claims that are stored at once and seen by all."""

    def __init__(self, *claims: Claim) -> None:
        self.rows = {(one.epoch, one.holder): one for one in claims}
        self.shows_own = True

    def read(self) -> list[Claim]:
        return list(self.rows.values()) if self.shows_own else []

    def write(self, claim: Claim) -> None:
        self.rows[claim.epoch, claim.holder] = claim


class Steady:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def lease_of(claims: Claims, steady: Steady, name: str = "a") -> Lease:
    return Lease(claims, name, LENGTH, steady)


@settings(max_examples=60)
@given(seed=SEEDS, engines=st.integers(2, 4))
def test_at_no_moment_may_two_engines_act(seed: int, engines: int) -> None:
    world = World(seed, engines)
    for _ in range(12):
        world.run(40)
        victim = world.chance.choice(world.engines)
        match world.chance.randrange(6):
            case 0 if victim.is_alive and len(world.engines) < 8:
                victim.kill()
                world.engines.append(type(victim)(world, f"engine-{len(world.engines)}"))
            case 1 if victim.is_alive and len(world.engines) < 8:
                victim.gives_up = True
                world.engines.append(type(victim)(world, f"engine-{len(world.engines)}"))
    epochs = [epoch for _, _, epoch in world.acted]
    assert epochs == sorted(epochs)
    assert len({(name, epoch) for _, name, epoch in world.acted}) == len(set(epochs))


@settings(max_examples=10)
@given(seed=SEEDS)
def test_when_the_engine_that_acts_is_killed_another_acts_within_two_leases_and_a_half(seed: int) -> None:
    world = World(seed, 3, is_calm=True)
    world.run(400)
    assert world.acted
    acting = world.acted[-1][1]
    next(one for one in world.engines if one.name == acting).kill()
    killed_at = world.now
    world.acted.clear()
    world.run(2_000)

    first, other, _ = world.acted[0]
    # In this world a look takes as long as the others let it: some seconds more.
    assert other != acting
    assert first - killed_at < 2.5 * LENGTH + 10


@settings(max_examples=10)
@given(seed=SEEDS)
def test_without_a_fault_the_first_engine_goes_on_for_good(seed: int) -> None:
    world = World(seed, 3, is_calm=True)
    world.run(300)
    world.acted.clear()
    world.run(1_500)

    assert len({name for _, name, _ in world.acted}) == 1
    assert max(later - sooner for (sooner, *_), (later, *_) in pairwise(world.acted)) < LENGTH


def test_the_first_engine_of_a_store_acts_at_once() -> None:
    lease = lease_of(Claims(), Steady())

    lease.step()

    assert (lease.standing, lease.epoch, lease.is_valid) == (Standing.ACTIVE, 1, True)
    lease.require()


def test_its_right_ends_by_its_own_clock_and_comes_back_when_it_looked_again() -> None:
    steady = Steady()
    lease = lease_of(Claims(), steady)
    lease.step()

    steady.seconds += LENGTH - MARGIN_SECONDS
    with pytest.raises(LeaseLost) as lost:
        lease.require()
    lease.step()

    assert str(lost.value) == "this engine is a standby: it may not act on the store while another one may"
    assert (lease.epoch, lease.is_valid) == (1, True)


def test_an_engine_that_was_asleep_while_another_claimed_never_acts_in_its_turn_again() -> None:
    claims, steady = Claims(), Steady()
    lease = lease_of(claims, steady)
    lease.step()
    claims.write(Claim(2, "b", state=ClaimState.ACTIVE))

    lease.step()

    assert (lease.standing, lease.epoch, lease.is_valid, lease.age) == (Standing.STANDBY, 0, False, None)


def test_a_standby_takes_over_at_once_when_the_lease_was_given_up() -> None:
    claims, steady = Claims(), Steady()
    one, other = lease_of(claims, steady, "a"), lease_of(claims, steady, "b")
    one.step()
    other.step()
    assert other.standing is Standing.STANDBY

    one.give_up()
    other.step()

    assert (one.is_valid, other.is_valid, other.epoch) == (False, True, 2)


def test_a_standby_waits_for_a_lease_that_nobody_gave_up() -> None:
    claims, steady = Claims(), Steady()
    one, other = lease_of(claims, steady, "a"), lease_of(claims, steady, "b")
    one.step()
    other.step()

    steady.seconds += LENGTH
    other.step()
    claimed = other.standing
    steady.seconds += LENGTH - 1
    other.step()
    waits = other.is_valid
    steady.seconds += 1
    other.step()

    assert (claimed, waits, other.is_valid) == (Standing.CLAIMING, False, True)


def test_a_claim_that_was_withdrawn_before_it_counted_lets_nobody_act_at_once() -> None:
    claims, steady = Claims(Claim(1, "gone", state=ClaimState.ACTIVE)), Steady()
    one, other = lease_of(claims, steady, "a"), lease_of(claims, steady, "b")
    one.step()
    other.step()
    steady.seconds += LENGTH
    one.step()
    one.give_up()

    other.step()

    assert claims.rows[2, "a"].state is ClaimState.WITHDRAWN
    assert (other.epoch, other.is_valid) == (3, False)


def test_what_was_resumed_is_known_to_the_next() -> None:
    claims, steady = Claims(), Steady()
    one, other = lease_of(claims, steady, "a"), lease_of(claims, steady, "b")
    one.step()
    one.note_resumed(one.epoch)
    one.give_up()
    other.step()

    assert (one.resumed_epoch, other.resumed_epoch) == (0, 1)


def test_what_was_resumed_in_a_turn_that_is_over_is_noted_of_no_other() -> None:
    claims, steady = Claims(), Steady()
    one, other = lease_of(claims, steady, "a"), lease_of(claims, steady, "b")
    one.step()
    turn = one.epoch
    one.give_up()
    other.step()
    other.give_up()
    one.step()

    one.note_resumed(turn)

    assert one.epoch == turn + 2
    assert not any(claim.is_resumed for claim in claims.read())


def test_a_store_that_does_not_show_what_it_took_lets_nobody_act() -> None:
    claims = Claims()
    claims.shows_own = False
    lease = lease_of(claims, Steady())

    with pytest.raises(StoreError) as error:
        lease.step()

    assert str(error.value) == "the store does not show a claim that it took; a replica that lags must not be asked"
    assert not lease.is_valid
