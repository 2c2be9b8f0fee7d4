"""The audit log on the real engine: written by several at once, tampered with, read in pages."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from domain.audit import Act, ActKind, Actor, Head
from storage import audit
from storage.audit import AuditPeriod, audit_head, audit_page, verify_audit, write_audit
from storage.client import Store, encode_rows
from tests.builders import NOW


def act(number: int = 1) -> Act:
    return Act(ActKind.ALERT_COMMENT, Actor("ann", "ops"), f"alert {number}", "because\n„so“", {"n": [number, None]})


def of_kind(kind: ActKind) -> Act:
    return Act(kind, Actor("ann", "ops"), f"subject of {kind}", "because", {"kind": kind.value})


def flaws(store: Store, kept: Head | None = None) -> list[tuple[int, str]]:
    return [(flaw.number, flaw.problem) for flaw in verify_audit(store, kept).flaws]


def test_what_is_written_is_read_and_unbroken(store: Store) -> None:
    written = [write_audit(store, act(number), NOW + timedelta(microseconds=number)) for number in range(1, 4)]

    found = verify_audit(store)

    assert audit_page(store) == written
    assert [entry.number for entry in written] == [1, 2, 3]
    assert (found.entries, found.flaws, found.head) == (3, [], audit_head(store))


def test_a_log_without_entries_is_unbroken_unless_a_head_was_kept(embedded_store: Store) -> None:
    assert flaws(embedded_store) == []
    assert flaws(embedded_store, Head()) == []
    assert flaws(embedded_store, Head(1, "a" * 64)) == [(1, "the entry was removed")]


@pytest.mark.parametrize(
    "has_lock", [pytest.param(True, id="one process"), pytest.param(False, id="as many processes")]
)
def test_of_writers_at_once_each_gets_a_number_of_its_own(
    store: Store, monkeypatch: pytest.MonkeyPatch, has_lock: bool
) -> None:
    if not has_lock:
        monkeypatch.setattr(audit, "_writing", contextlib.nullcontext())

    with ThreadPoolExecutor(6) as pool:
        written = list(pool.map(lambda number: write_audit(store, act(number), NOW), range(30)))

    assert sorted(entry.number for entry in written) == list(range(1, 31))
    assert (flaws(store), verify_audit(store).entries) == ([], 30)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        pytest.param(
            "ALTER TABLE audit_log UPDATE reason = 'other' WHERE number = 2",
            [(2, "the entry was changed: its content does not give its hash")],
            id="changed",
        ),
        pytest.param(
            "ALTER TABLE audit_log DELETE WHERE number = 2",
            [
                (2, "the entry was removed"),
                (3, "the entry does not follow the one before: it holds another hash of it"),
            ],
            id="removed",
        ),
        pytest.param(
            "INSERT INTO audit_log SELECT * FROM audit_log WHERE number = 2",
            [(2, "there is more than one entry of this number: one was inserted")],
            id="doubled",
        ),
        pytest.param(
            "INSERT INTO audit_log SELECT * REPLACE (toUInt64(0) AS number) FROM audit_log WHERE subject = 'alert 1'",
            [
                (0, "the entry was changed: its content does not give its hash"),
                (0, "there is no such number: the entry was inserted"),
            ],
            id="before the first",
        ),
        pytest.param(
            "INSERT INTO audit_log SELECT * REPLACE (toUInt64(-1) AS number) FROM audit_log WHERE subject = 'alert 2'",
            [
                (2**64 - 1, "the entry was changed: its content does not give its hash"),
                (4, f"the entries up to {2**64 - 2} were removed"),
                (2**64 - 1, "the entry does not follow the one before: it holds another hash of it"),
            ],
            id="at the last number there can be",
        ),
    ],
)
def test_what_is_done_to_the_table_is_found(
    embedded_store: Store, statement: str, found: list[tuple[int, str]]
) -> None:
    for number in range(3):
        write_audit(embedded_store, act(number), NOW)

    embedded_store.execute(f"{statement} SETTINGS mutations_sync = 2" if statement.startswith("ALTER") else statement)

    assert flaws(embedded_store) == found


@pytest.mark.parametrize("kind", list(ActKind))
def test_an_entry_of_any_kind_that_is_changed_removed_or_inserted_is_named(
    embedded_store: Store, kind: ActKind
) -> None:
    for other in ActKind:
        write_audit(embedded_store, of_kind(other), NOW)
    number = list(ActKind).index(kind) + 1
    last = len(ActKind)
    assert flaws(embedded_store) == []
    [before] = [entry for entry in audit_page(embedded_store) if entry.number == number]
    assert (before.kind, before.details) == (kind.value, f'{{"kind":"{kind}"}}')

    where = f"WHERE number = {number} SETTINGS mutations_sync = 2"
    embedded_store.execute(f"ALTER TABLE audit_log UPDATE details = '{{}}' {where}")
    assert flaws(embedded_store) == [(number, "the entry was changed: its content does not give its hash")]

    embedded_store.execute(f"ALTER TABLE audit_log DELETE {where}")
    gap = [(number, "the entry was removed")]
    if number < last:
        gap.append((number + 1, "the entry does not follow the one before: it holds another hash of it"))
    else:
        # The end of a chain that is cut off shows against a head that was kept alone.
        assert flaws(embedded_store) == []
    assert flaws(embedded_store, Head(last, verify_audit(embedded_store).head.hash))[0] == gap[0]

    embedded_store.insert("audit_log", encode_rows([asdict(before)]))
    assert flaws(embedded_store) == []
    embedded_store.insert("audit_log", encode_rows([asdict(replace(before, number=last + 1))]))
    assert flaws(embedded_store)[0] == (last + 1, "the entry was changed: its content does not give its hash")


def test_a_cut_off_end_shows_by_the_head_that_was_kept_and_by_the_gap_that_the_next_entry_leaves(
    store: Store,
) -> None:
    *_, last = [write_audit(store, act(number), NOW) for number in range(4)]
    kept = Head(last.number, last.hash)
    store.execute("ALTER TABLE audit_log DELETE WHERE number > 2 SETTINGS mutations_sync = 2")

    assert flaws(store) == []
    assert flaws(store, kept) == [(3, "the entries up to 4 were removed")]
    assert write_audit(store, act(5), NOW).number == 5
    assert flaws(store) == [(3, "the entries up to 4 were removed")]


def test_pages_hold_a_stretch_of_time_and_never_part_entries_of_one_number(embedded_store: Store) -> None:
    for number in range(1, 6):
        write_audit(embedded_store, act(number), NOW + timedelta(hours=number))
    embedded_store.execute("INSERT INTO audit_log SELECT * FROM audit_log WHERE number = 2")

    def numbers(first: int, since: int = 0, until: int = 9) -> list[int]:
        period = AuditPeriod(NOW + timedelta(hours=since), NOW + timedelta(hours=until))
        return [entry.number for entry in audit_page(embedded_store, first, period, limit=2)]

    assert [numbers(first) for first in (0, 3, 5, 6)] == [[1, 2, 2], [3, 4], [5], []]
    assert numbers(0, since=3, until=4) == [3]
    assert numbers(0, since=5) == [5]


def test_a_log_larger_than_a_page_is_verified_whole(embedded_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Callable[..., object] = audit_page
    monkeypatch.setattr(audit, "audit_page", lambda store, first=0: whole(store, first, limit=2))
    for number in range(5):
        write_audit(embedded_store, act(number), NOW)

    assert verify_audit(embedded_store).entries == 5
