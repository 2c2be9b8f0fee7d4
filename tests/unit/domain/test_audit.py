"""The audit log as a chain: whatever is done to one entry is found, and named by its number."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.audit import GENESIS, Act, ActKind, Actor, AuditEntry, ChainCheck, Head
from tests.builders import NOW

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
ACTS = st.builds(
    Act,
    kind=st.sampled_from(ActKind),
    by=st.builds(Actor, TEXTS, TEXTS),
    subject=TEXTS,
    reason=TEXTS,
    details=st.dictionaries(TEXTS, TEXTS | st.integers() | st.lists(TEXTS, max_size=2), max_size=3),
)
CHAINS = st.lists(ACTS, min_size=1, max_size=8).map(lambda acts: chain_of(acts))
ACT = Act(ActKind.TOKEN_REVOKE, Actor("ann", "ops"), "crm", "left the company", {"token_id": "a1"})


def chain_of(acts: Sequence[Act]) -> list[AuditEntry]:
    chain: list[AuditEntry] = []
    head = Head()
    for place, act in enumerate(acts):
        chain.append(AuditEntry.after(head, act, NOW + timedelta(microseconds=place)))
        head = Head(chain[-1].number, chain[-1].hash)
    return chain


def head_of(chain: Sequence[AuditEntry]) -> Head:
    return Head(chain[-1].number, chain[-1].hash)


def check(rows: Sequence[AuditEntry], kept: Head | None = None) -> ChainCheck:
    """As the store gives the rows: by their numbers."""
    found = ChainCheck(kept)
    for row in sorted(rows, key=lambda row: row.number):
        found.take(row)
    found.end()
    return found


def flawed(rows: Sequence[AuditEntry], kept: Head | None = None) -> set[int]:
    return {flaw.number for flaw in check(rows, kept).flaws}


def other(value: Any) -> Any:
    match value:
        case int():
            return value + 1
        case str():
            return value + "x"
    return value + timedelta(microseconds=1)


@given(CHAINS)
def test_a_chain_that_nobody_touched_is_unbroken(chain: list[AuditEntry]) -> None:
    found = check(chain, head_of(chain))

    assert (found.flaws, found.entries, found.head) == ([], len(chain), head_of(chain))


@given(CHAINS, st.data())
def test_a_changed_field_is_found(chain: list[AuditEntry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    name = data.draw(st.sampled_from([field.name for field in fields(AuditEntry)]))
    changed = replace(chain[place], **{name: other(getattr(chain[place], name))})

    assert changed.number in flawed([*chain[:place], changed, *chain[place + 1 :]])


@given(CHAINS, st.data())
def test_a_changed_entry_with_its_hash_made_anew_is_found_by_the_one_after_or_the_head(
    chain: list[AuditEntry], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    changed = replace(chain[place], reason=chain[place].reason + "x")
    changed = replace(changed, hash=changed.content_hash())
    rows = [*chain[:place], changed, *chain[place + 1 :]]

    is_last = place == len(chain) - 1
    assert flawed(rows) == (set() if is_last else {chain[place].number + 1})
    assert flawed(rows, head_of(chain)) == {chain[place].number + (not is_last)}


@given(CHAINS, st.data())
def test_a_removed_entry_is_found_the_last_one_by_a_head_that_was_kept(
    chain: list[AuditEntry], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    rows = [*chain[:place], *chain[place + 1 :]]

    assert chain[place].number in flawed(rows, head_of(chain))
    assert (chain[place].number in flawed(rows)) == (place < len(chain) - 1)


@given(CHAINS, st.data())
def test_a_tail_that_was_cut_off_is_found_by_a_head_that_was_kept(chain: list[AuditEntry], data: st.DataObject) -> None:
    left = data.draw(st.integers(0, len(chain) - 1))

    assert flawed(chain[:left], head_of(chain)) == {left + 1}
    assert flawed(chain[:left]) == set()


@given(CHAINS, st.data())
def test_a_duplicated_entry_is_found(chain: list[AuditEntry], data: st.DataObject) -> None:
    twice = data.draw(st.sampled_from(chain))

    assert twice.number in flawed([*chain, twice])


@given(CHAINS, ACTS, st.data())
def test_an_inserted_entry_is_found_though_it_follows_and_has_its_hash(
    chain: list[AuditEntry], act: Act, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(chain) - 1))
    before = Head(chain[place].number - 1, chain[place].previous_hash)
    inserted = AuditEntry.after(before, act, NOW)
    assume(inserted != chain[place])

    assert flawed([*chain, inserted]) == {inserted.number}


@given(CHAINS, st.integers(0, 20), st.data())
def test_an_inserted_entry_with_a_hash_that_follows_nothing_is_found(
    chain: list[AuditEntry], number: int, data: st.DataObject
) -> None:
    forged = AuditEntry.after(Head(0, "f" * 64), ACT, NOW, number)

    assert number in flawed([*chain, forged])


@given(CHAINS, st.data())
def test_swapped_entries_are_found(chain: list[AuditEntry], data: st.DataObject) -> None:
    assume(len(chain) > 1)
    first, second = sorted(data.draw(st.lists(st.sampled_from(range(len(chain))), min_size=2, max_size=2, unique=True)))
    rows = list(chain)
    rows[first] = replace(chain[second], number=chain[first].number)
    rows[second] = replace(chain[first], number=chain[second].number)

    assert {chain[first].number, chain[second].number} <= flawed(rows)


@given(CHAINS, ACTS)
def test_a_chain_that_was_written_anew_is_found_by_a_head_that_was_kept(chain: list[AuditEntry], act: Act) -> None:
    anew = chain_of([act] * len(chain))
    assume(anew[-1] != chain[-1])

    assert flawed(anew) == set()
    assert flawed([*anew, AuditEntry.after(head_of(anew), act, NOW)], head_of(chain)) == {len(chain)}


def test_what_is_wrong_is_told_in_words() -> None:
    chain = chain_of([ACT] * 6)
    rows = [replace(chain[0], who="bob"), *chain[2:3], chain[2], chain[5]]

    assert [(flaw.number, flaw.problem) for flaw in check(rows, Head(8, GENESIS)).flaws] == [
        (1, "the entry was changed: its content does not give its hash"),
        (2, "the entry was removed"),
        (3, "the entry does not follow the one before: it holds another hash of it"),
        (3, "there is more than one entry of this number: one was inserted"),
        (3, "the entry does not follow the one before: it holds another hash of it"),
        (4, "the entries up to 5 were removed"),
        (6, "the entry does not follow the one before: it holds another hash of it"),
        (7, "the entries up to 8 were removed"),
    ]


def test_an_entry_hashes_to_what_is_written_down() -> None:
    # With the standard library alone: printf '%s' '<the JSON>' | sha256sum. Stored logs depend on it.
    [entry] = chain_of([ACT])

    assert entry.details == '{"token_id":"a1"}'
    assert entry.previous_hash == GENESIS
    assert entry.hash == "b60e58c96f538f9e5c1edf498356c2c7b1d98d1997562b6f004d92a0f8df11cf"


@pytest.mark.parametrize("text", ["", "1", "1:abc", "01:" + "0" * 64, "-1:" + "0" * 64, "1:" + "G" * 64])
def test_a_head_that_is_none_is_refused_with_what_is_taken(text: str) -> None:
    with pytest.raises(ValueError, match="is no head; give NUMBER:HASH as `milepost audit verify` prints it"):
        Head.parse(text)


def test_a_head_is_read_as_it_is_written() -> None:
    head = head_of(chain_of([ACT] * 2))

    assert Head.parse(str(head)) == head


@pytest.mark.parametrize(
    ("actor", "text"),
    [(Actor("ann"), "ann"), (Actor("ann", "ops"), "ops (ann)"), (Actor("", "ops"), "ops"), (Actor(), "")],
)
def test_who_acts_is_told_by_what_is_proven_first(actor: Actor, text: str) -> None:
    assert str(actor) == text
