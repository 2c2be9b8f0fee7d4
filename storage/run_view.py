"""Which run of the workflow an object belongs to, and all that belongs to a run.

A run that no event gave a correlation id takes the one that the traces of its events carry, if they carry exactly one.
That is looked up when it is asked: spans arrive in their own time, and one more may show that a trace is of many runs.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from domain.business_object import BusinessObject
from storage.client import Store
from storage.runs import CORRELATION, Member, RunName, member_portions, members_of_runs, run_name, runs_of_members

# Enough to see that the traces of a run carry several correlation ids: a larger run is not of one.
_MOST_ASKED = 1_000


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the whole workflow: its id, its correlation ids (the earliest first) and its objects.

    `is_cut` says that it has more than are given.
    """

    id: str
    correlation_ids: tuple[str, ...]
    objects: tuple[BusinessObject, ...]
    is_cut: bool


def run_ids(store: Store, objects: Collection[BusinessObject]) -> dict[BusinessObject, str]:
    """The id of the run of each of these objects; one that nothing is linked to belongs to none."""
    named = _named(store, [(each.type, each.id) for each in objects])
    return {BusinessObject(*member): str(name) for member, (_, name) in named.items()}


def find_run(store: Store, member: Member, limit: int) -> Run | None:
    """The run that a member belongs to, up to so many of its own members; None where nothing is linked to it."""
    named = _named(store, [member])
    run, name = named.get(member, (0, run_name(member, 0)))
    if member not in named and name.is_object:
        return None
    namesake, _ = runs_of_members(store, [name.member]).get(name.member, (0, name))
    runs = {run, namesake} - {0}
    contents = members_of_runs(store, runs, limit)
    firsts = {id_: first_us for (type_, id_), _, first_us in contents if type_ == CORRELATION}
    if not name.is_object:
        firsts.setdefault(name.member[1], name.first_us)
    traced = _traced_to(store, firsts, name, limit) if firsts else {}
    contents += members_of_runs(store, set(traced.values()) - runs - {0}, limit)
    objects = {member for member, _, _ in contents if member[0] != CORRELATION} | traced.keys()
    if not (contents or objects):
        return None
    return Run(
        str(name),
        tuple(sorted(firsts, key=lambda id_: (firsts[id_], id_))),
        tuple(BusinessObject(*member) for member in sorted(objects)[:limit]),
        len(contents) >= limit,
    )


def _traced_to(store: Store, correlation_ids: Iterable[str], name: RunName, limit: int) -> dict[Member, int]:
    """The objects that take this name from their traces, each with its run or 0."""
    rows = store.rows("objects_traced_to", {"correlation_ids": list(correlation_ids), "limit": limit})
    named = _named(store, [(row["object_type"], row["object_id"]) for row in rows])
    return {member: run for member, (run, its_name) in named.items() if its_name == name}


def _named(store: Store, members: Collection[Member]) -> dict[Member, tuple[int, RunName]]:
    """The run of each member, or 0, and what it is called; nothing for a member that has neither run nor trace."""
    named = runs_of_members(store, members)
    nameless = {
        member: named[member][0] if member in named else 0
        for member in members
        if member[0] != CORRELATION and (member not in named or named[member][1].is_object)
    }
    told = _told_by_traces(store, nameless)
    known = runs_of_members(store, {(CORRELATION, id_) for id_ in told.values()})
    for member, id_ in told.items():
        correlation = (CORRELATION, id_)
        name = known[correlation][1] if correlation in known else run_name(correlation, 0)
        named[member] = (nameless[member], name)
    return named


def _told_by_traces(store: Store, nameless: Mapping[Member, int]) -> dict[Member, str]:
    """The correlation id that the traces of each member's run carry, where it is exactly one."""
    asked: dict[Member, int | Member] = {member: member for member, run in nameless.items() if not run}
    runs = set(nameless.values()) - {0}
    asked |= {member: run for member, run, _ in members_of_runs(store, runs, _MOST_ASKED)}
    told: dict[int | Member, set[str]] = defaultdict(set)
    for portion in member_portions(asked):
        for row in store.rows("traced_correlations", {"objects": portion}):
            told[asked[row["object_type"], row["object_id"]]] |= set(row["correlation_ids"])
    found = {member: told[run or member] for member, run in nameless.items()}
    return {member: next(iter(ids)) for member, ids in found.items() if len(ids) == 1}
