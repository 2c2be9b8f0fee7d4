"""Correlation: brings the runs of the workflow up to an instant, looking only at the events that are new.

Objects that an event names together belong to one run, and so does the correlation id it carries; runs that turn out
to be one become one. Which objects join is agreed in the contracts. ClickHouse compares the new events with what is
known; only what is not known yet, or contradicts, comes here. Nothing is kept between ticks, and what a tick decides
depends on the set of events alone: members are joined whatever their order, and the name is the smallest there is.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import xxhash

from domain.contract import Contracts
from domain.instants import EPOCH, to_micros
from storage.client import Store
from storage.engine_state import Watermark, read_watermark, write_watermark
from storage.runs import (
    CORRELATION,
    KnownRun,
    LinkedMembers,
    LinkRule,
    Member,
    RunChanges,
    RunName,
    forget_runs,
    known_runs,
    members_of_runs,
    run_name,
    slice_end,
    unsettled_links,
    write_runs,
)

ENGINE = "correlation"
# An event that names more objects of one type is a batch, such as a payment that settles a thousand invoices: they
# have the batch in common, not the work. The largest orders and collective invoices stay below.
MOST_OF_ONE_TYPE = 50
# Bounds what is in memory at once.
_EVENTS_AT_ONCE = 100_000
# A long history is worked through over several ticks, so that the rules do not wait for it.
_SLICES_A_TICK = 5

# Either a run that is stored, or a member of none.
_Node = int | Member


class Correlator:
    """Keeps the runs of one store; one tick at a time, nothing kept between them."""

    def __init__(self, store: Store, contracts: Contracts, events_at_once: int = _EVENTS_AT_ONCE) -> None:
        self._store = store
        self._rule = link_rule(contracts)
        self._rules_version = hashlib.sha256(repr(self._rule).encode()).hexdigest()
        self._events_at_once = events_at_once

    def tick(self, through: datetime, slices: int = _SLICES_A_TICK) -> datetime:
        """Correlates what was received by `through`, in so many slices; gives how far it came.

        Without a watermark, and after a change of what joins, it begins with the first event.
        """
        before = read_watermark(self._store, ENGINE)
        if before is not None and before.rules_version != self._rules_version:
            forget_runs(self._store, ENGINE)
            before = None
        after = before.evaluated_through if before else EPOCH
        for _ in range(slices):
            if after >= through:
                break
            end = slice_end(self._store, after, through, self._events_at_once)
            self._correlate(after, end)
            write_watermark(self._store, ENGINE, Watermark(end, self._rules_version), end)
            after = end
        return after

    def catch_up(self, through: datetime) -> None:
        """Correlates all that was received by `through`, however long that takes."""
        while self.tick(through) < through:
            pass

    def _correlate(self, after: datetime, through: datetime) -> None:
        links = unsettled_links(self._store, after, through, self._rule)
        if links:
            write_runs(self._store, _changes(self._store, links), to_micros(through))


def link_rule(contracts: Contracts) -> LinkRule:
    """What `Contracts.joins` answers, as ClickHouse can be asked it."""
    types = tuple(sorted(name for name, contract in contracts.objects.items() if contract.joins))
    links = {
        (event.type, link.object_type, link.qualifier): link.joins
        for event in contracts.events.values()
        for link in reversed(event.links)
    }
    return LinkRule(
        types,
        joining=tuple(sorted(link for link, joins in links.items() if joins and link[1] not in types)),
        loose=tuple(sorted(link for link, joins in links.items() if not joins and link[1] in types)),
        most=MOST_OF_ONE_TYPE,
    )


@dataclass(slots=True)
class _Group:
    """What turns out to be one run: runs that are stored, and the members that events name of them."""

    runs: set[int]
    members: dict[Member, int]


def _changes(store: Store, links: Sequence[LinkedMembers]) -> RunChanges:
    groups = _groups(links)
    firsts = _firsts(links)
    known = known_runs(store, {run for group in groups for run in group.runs})
    changes = RunChanges()
    into: dict[int, int] = {}
    for group in groups:
        run = _survivor(group, known)
        into |= dict.fromkeys(group.runs - {run}, run)
        for member, stored in group.members.items():
            if stored != run or member in firsts:
                changes.linked[member] = (run, firsts.get(member, 0))
        name = min(_names(group, known, firsts))
        if run not in known or known[run].name != name:
            changes.names[run] = name
    for member, run, first_us in members_of_runs(store, into):
        at = min(first_us, firsts.get(member, first_us))
        (changes.linked if member in changes.linked else changes.moved)[member] = (into[run], at)
    return changes


def _groups(links: Iterable[LinkedMembers]) -> list[_Group]:
    """The links put together: whatever they have in common, a run or a member, is one."""
    parents: dict[_Node, _Node] = {}

    def root(node: _Node) -> _Node:
        top = node
        while (above := parents.setdefault(top, top)) != top:
            top = above
        while node != top:
            parents[node], node = top, parents[node]
        return top

    stored: dict[Member, int] = {}
    for link in links:
        nodes: list[_Node] = []
        for type_, id_, run in link.members:
            member = Member(type_, id_)
            stored[member] = run
            nodes.append(run or member)
        first = root(nodes[0])
        for node in nodes[1:]:
            parents[root(node)] = first
    groups: dict[_Node, _Group] = defaultdict(lambda: _Group(set(), {}))
    for member, run in stored.items():
        group = groups[root(run or member)]
        group.members[member] = run
        if run:
            group.runs.add(run)
    return list(groups.values())


def _firsts(links: Iterable[LinkedMembers]) -> dict[Member, int]:
    """When the correlation ids that are new, or occurred earlier than known, first did."""
    firsts: dict[Member, int] = {}
    for link in links:
        for type_, id_, run in link.members:
            if type_ == CORRELATION and (link.is_earlier or not run):
                member = Member(type_, id_)
                firsts[member] = min(link.first_us, firsts.get(member, link.first_us))
    return firsts


def _survivor(group: _Group, known: Mapping[int, KnownRun]) -> int:
    """The run that the others become part of: the largest, so that few members move; else a new one."""
    if group.runs:
        return max(group.runs, key=lambda run: (known[run].size, run))
    # Its number comes from a member that no run has, so no other run can have come from it.
    return xxhash.xxh3_64_intdigest("\0".join(min(group.members)).encode()) or 1


def _names(group: _Group, known: Mapping[int, KnownRun], firsts: Mapping[Member, int]) -> Iterable[RunName]:
    yield from (known[run].name for run in group.runs)
    for member, run in group.members.items():
        if member in firsts or not run:
            yield run_name(member, firsts.get(member, 0))
