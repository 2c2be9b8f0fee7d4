"""Runs of the workflow in the store: who belongs to which, what they are called, and what new events say of them.

A run is a number that nobody sees. Its members are business objects and correlation ids; its name is the earliest of
its correlation ids, or its first object. When two runs turn out to be one, the members of the smaller move.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from storage.client import PATIENCE_SECONDS, Store
from storage.events import rivals_since

# What can belong to a run: a business object by its type and id, or a correlation id under an empty type.
Member = tuple[str, str]
CORRELATION = ""
# A server takes 128 KiB a parameter (http_max_field_value_size); a run has up to 20 digits.
_RUNS_A_PORTION = 5_000
# A text may double its length when it is escaped.
_LARGEST_PARAMETER = 60_000
_BETWEEN_TEXTS = len("('',''),")
_NO_LIMIT = 2**63
_TABLES = ("contents", "names", "members")


class RunName(NamedTuple):
    """What a run is called; the smaller of two names stays when runs become one.

    A correlation id goes before an object, the one that occurred first before others. `first_us` is 0 for an object.
    """

    is_object: bool
    first_us: int
    member: Member

    def __str__(self) -> str:
        return "/".join(self.member) if self.is_object else self.member[1]


@dataclass(frozen=True, slots=True)
class LinkRule:
    """Which of the objects that an event names together join: those of some types, or by an exception the others.

    An exception is a link (event type, object type, qualifier) for which the opposite of its type holds. An event that
    names more than `most` objects of one type joins none of them.
    """

    types: tuple[str, ...]
    exceptions: tuple[tuple[str, str, str], ...]
    most: int


class LinkedMembers(NamedTuple):
    """Members that belong together by their events, by type and id, each with the run it is known to belong to, or 0.

    `first_us` is when the first of the events occurred; with `is_earlier` the correlation id among the members is only
    known to have occurred later.
    """

    types: Sequence[str]
    ids: Sequence[str]
    runs: Sequence[int]
    first_us: int
    is_earlier: bool


class KnownRun(NamedTuple):
    """A stored run: how many members it has at most, and its name."""

    size: int
    name: RunName


class NewRun(NamedTuple):
    """A run of members, by type and id, that belonged to none."""

    run: int
    name: RunName
    types: Sequence[str]
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class RunChanges:
    """What one slice of events changes: runs that begin, other members with their run and first instant, other names.

    `moved` are written before `linked`: what a tick that was cut off has to find again is written last.
    """

    begun: list[NewRun] = field(default_factory=list)
    moved: dict[Member, tuple[int, int]] = field(default_factory=dict)
    linked: dict[Member, tuple[int, int]] = field(default_factory=dict)
    names: dict[int, RunName] = field(default_factory=dict)


def slice_end(
    store: Store, after: datetime, through: datetime, events: int, seconds: int = PATIENCE_SECONDS
) -> datetime:
    """Up to where about so many events of those received in (after, through] are; `through` where there are fewer."""
    rows = store.rows("slice_end", {"after": after, "through": through, "events": events}, seconds=seconds)
    return rows[0]["received_at"] if rows else through


def unsettled_links(store: Store, after: datetime, through: datetime, rule: LinkRule) -> list[LinkedMembers]:
    """What the events received in (after, through] say of runs that is not known yet."""
    params = {
        "after": after,
        "through": through,
        "rivals_since": rivals_since(store, after),
        "most": rule.most,
        "joining_types": list(rule.types),
        "exceptions": list(rule.exceptions),
    }
    _, rows = store.tuples("unsettled_links", params)
    return [LinkedMembers(*row) for row in rows]


def known_runs(store: Store, runs: Iterable[int]) -> dict[int, KnownRun]:
    """The size and name of each of these runs."""
    return {
        run: KnownRun(size, run_name((type_, id_), first_us))
        for portion in _portions(runs)
        for run, size, type_, id_, first_us in store.tuples("known_runs", {"runs": portion})[1]
    }


def members_of_runs(store: Store, runs: Iterable[int], limit: int = _NO_LIMIT) -> list[tuple[Member, int, int]]:
    """Each member of these runs, up to so many of each, with its run and first instant; correlation ids come first."""
    return [
        ((type_, id_), run, first_us)
        for portion in _portions(runs)
        for type_, id_, run, first_us in store.tuples("members_of_runs", {"runs": portion, "limit": limit})[1]
    ]


def runs_of_members(store: Store, members: Iterable[Member]) -> dict[Member, tuple[int, RunName]]:
    """The run of each of these members that has one, and what it is called."""
    return {
        (type_, id_): (run, run_name((name_type, name_id), first_us))
        for portion in member_portions(members)
        for type_, id_, run, name_type, name_id, first_us in store.tuples("runs_of_members", {"members": portion})[1]
    }


def run_name(member: Member, first_us: int) -> RunName:
    """What a run of this member alone is called."""
    is_object = member[0] != CORRELATION
    return RunName(is_object, 0 if is_object else first_us, member)


def write_runs(store: Store, changes: RunChanges, version: int) -> None:
    """Stores what a slice of events changed; writing it again changes nothing.

    A run's contents and name come before its members, which alone say that a link is known: whatever was cut off
    before them is found and written again.
    """
    members = {**changes.moved, **changes.linked}
    types = [type_ for type_, _ in members]
    ids = [id_ for _, id_ in members]
    # Columns, not rows: most of a slice is runs that begin, whose columns are there already.
    runs = [run for run, _ in members.values()]
    firsts = [first_us for _, first_us in members.values()]
    for begun in changes.begun:
        types += begun.types
        ids += begun.ids
        runs += [begun.run] * len(begun.types)
        firsts += [begun.name.first_us if type_ == CORRELATION else 0 for type_ in begun.types]
    if runs:
        store.insert_columns("run_contents", {"run": runs, "object_type": types, "object_id": ids})
    names = {**changes.names, **{begun.run: begun.name for begun in changes.begun}}
    if names:
        store.insert_columns("run_names", _name_columns(names, version))
    if runs:
        versions = [version] * len(runs)
        store.insert_columns(
            "run_members",
            {"object_type": types, "object_id": ids, "run": runs, "first_us": firsts, "version": versions},
        )


def _name_columns(names: Mapping[int, RunName], version: int) -> Mapping[str, Sequence[object]]:
    return {
        "run": list(names),
        "object_type": [name.member[0] for name in names.values()],
        "object_id": [name.member[1] for name in names.values()],
        "first_us": [name.first_us for name in names.values()],
        "version": [version] * len(names),
    }


def forget_runs(store: Store, engine: str) -> None:
    """Empties what is known of runs; the engine's watermark goes last, so that a cut is noticed and done again."""
    for table in _TABLES:
        store.run(f"forget_run_{table}")
    store.run("forget_watermark", {"engine": engine})


def _portions(runs: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(runs)
    return (ordered[start : start + _RUNS_A_PORTION] for start in range(0, len(ordered), _RUNS_A_PORTION))


def member_portions(members: Iterable[Member]) -> Iterator[list[Member]]:
    """The members in lists that a server takes as one parameter."""
    portion: list[Member] = []
    size = 0
    for member in sorted(set(members)):
        weight = sum(len(text.encode()) for text in member) + _BETWEEN_TEXTS
        if portion and size + weight > _LARGEST_PARAMETER:
            yield portion
            portion, size = [], 0
        portion.append(member)
        size += weight
    if portion:
        yield portion
