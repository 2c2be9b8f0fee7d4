"""The filter of known identities: it may suspect a stranger, it never takes a known one for new."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from collector.identity import KnownIdentities, identity_hash

HASHES = st.lists(st.integers(0, 2**64 - 1), max_size=50)


def hashes(values: list[int]) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    return np.asarray(values, dtype=np.uint64)


@given(st.lists(HASHES, max_size=5))
def test_what_was_added_is_known(groups: list[list[int]]) -> None:
    known = KnownIdentities(0)
    for group in groups:
        known.add(hashes(group))

    for group in groups:
        assert known.may_hold(hashes(group)).all()


def test_nothing_is_known_at_first() -> None:
    assert not KnownIdentities(0).may_hold(hashes(list(range(1000)))).any()


def test_few_strangers_are_suspected_when_the_filter_is_as_full_as_it_was_made_for() -> None:
    random = np.random.default_rng(1)
    members, strangers = (random.integers(0, 2**64, 200_000, dtype=np.uint64) for _ in range(2))
    known = KnownIdentities(len(members) // 2)

    known.add(members)

    assert known.may_hold(members).all()
    assert known.may_hold(strangers).sum() < 200


def test_few_strangers_are_suspected_after_growing_far_beyond_what_was_expected() -> None:
    random = np.random.default_rng(2)
    known = KnownIdentities(0)
    members = random.integers(0, 2**64, 5_000_000, dtype=np.uint64)
    strangers = random.integers(0, 2**64, 200_000, dtype=np.uint64)

    for part in np.array_split(members, 100):
        known.add(part)

    assert known.may_hold(members).all()
    assert known.may_hold(strangers).sum() < 200


def test_no_members_are_asked_for() -> None:
    assert len(KnownIdentities(10).may_hold(hashes([]))) == 0


def test_identities_whose_texts_join_alike_differ() -> None:
    assert identity_hash("crm", "1") != identity_hash("crm1", "")
    assert identity_hash("a", "bc") != identity_hash("ab", "c")
