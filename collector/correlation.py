"""Correlation: brings the runs of the workflow up to an instant, looking only at the events that are new.

Objects that an event names together belong to one run, and so does the correlation id it carries; runs that turn out
to be one become one. Which objects join is agreed in the contracts. ClickHouse compares the new events with what is
known; only what is not known yet, or contradicts, comes here. Nothing is kept between ticks, and what a tick decides
depends on the set of events alone: members are joined whatever their order, and the name is the smallest there is.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

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
    NewRun,
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
# A long history is worked through over several ticks, so that the rules do not wait for it; but 80,000 events a second
# are more than two cores take in, so a tick of five seconds keeps up with them.
_SLICES_A_TICK = 4


class Correlator:
    """Keeps the runs of one store; one tick at a time, nothing kept between them."""

    def __init__(
        self,
        store: Store,
        contracts: Contracts,
        *,
        most_of_one_type: int = MOST_OF_ONE_TYPE,
        events_at_once: int = _EVENTS_AT_ONCE,
    ) -> None:
        self._store = store
        self._rule = link_rule(contracts, most_of_one_type)
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


def link_rule(contracts: Contracts, most_of_one_type: int) -> LinkRule:
    """What `Contracts.joins` answers, as ClickHouse can be asked it."""
    types = {name for name, contract in contracts.objects.items() if contract.joins}
    exceptions = {
        (event.type, link.object_type, link.qualifier)
        for event in contracts.events.values()
        for link in event.links
        if contracts.joins(event.type, link.object_type, link.qualifier) != (link.object_type in types)
    }
    return LinkRule(tuple(sorted(types)), tuple(sorted(exceptions)), most_of_one_type)


@dataclass(slots=True)
class _Group:
    """What turns out to be one run: runs that are stored, and the members that events name, each with its run or 0."""

    runs: set[int] = field(default_factory=set)
    members: dict[Member, int] = field(default_factory=dict)
    firsts: dict[Member, int] = field(default_factory=dict)

    @classmethod
    def of(cls, links: Iterable[LinkedMembers]) -> Self:
        """What these links make one run of."""
        group = cls()
        for link in links:
            group.add(link)
        return group

    def add(self, link: LinkedMembers) -> None:
        """Takes in what events say; `firsts` are of the correlation ids that are new, or earlier than known."""
        for type_, id_, run in zip(link.types, link.ids, link.runs, strict=True):
            member = (type_, id_)
            self.members[member] = run
            if run:
                self.runs.add(run)
            if type_ == CORRELATION and (link.is_earlier or not run):
                self.firsts[member] = link.first_us

    @property
    def new_names(self) -> Iterator[RunName]:
        """What the run could be called by what was not known yet."""
        for member, run in self.members.items():
            if member in self.firsts or not run:
                yield run_name(member, self.firsts.get(member, 0))


def _changes(store: Store, links: Sequence[LinkedMembers]) -> RunChanges:
    changes = RunChanges()
    groups = []
    for together in _put_together(links):
        if len(together) == 1 and not any(together[0].runs):
            # Most of what is new; the general way costs several times as much.
            changes.begun.append(_begun(together[0]))
        else:
            groups.append(_Group.of(together))
    _extend_runs(changes, store, groups)
    return changes


def _begun(link: LinkedMembers) -> NewRun:
    """The run of members that nothing is known of and that no other link names."""
    first = min(zip(link.types, link.ids, strict=True))
    return NewRun(_new_run(first), run_name(first, link.first_us), link.types, link.ids)


def _extend_runs(changes: RunChanges, store: Store, groups: Sequence[_Group]) -> None:
    """Brings what groups say into the runs that they know, or into new ones, and makes one of several."""
    known = known_runs(store, {run for group in groups for run in group.runs})
    firsts = {member: first_us for group in groups for member, first_us in group.firsts.items()}
    into: dict[int, int] = {}
    for group in groups:
        run = _survivor(group, known)
        into |= dict.fromkeys(group.runs - {run}, run)
        for member, stored in group.members.items():
            if stored != run or member in firsts:
                changes.linked[member] = (run, firsts.get(member, 0))
        name = min([*group.new_names, *(known[stored].name for stored in group.runs)])
        if run not in known or known[run].name != name:
            changes.names[run] = name
    for member, run, first_us in members_of_runs(store, into):
        rows = changes.linked if member in changes.linked else changes.moved
        rows[member] = (into[run], firsts.get(member, first_us))


def _put_together(links: Sequence[LinkedMembers]) -> Iterable[list[LinkedMembers]]:
    """The links by what they have in common, a run or a member of none: each list is of one run."""
    above = list(range(len(links)))

    def top(number: int) -> int:
        while above[number] != number:
            above[number] = number = above[above[number]]
        return number

    named_by: dict[int | Member, int] = {}
    for number, link in enumerate(links):
        for type_, id_, run in zip(link.types, link.ids, link.runs, strict=True):
            other = named_by.setdefault(run or (type_, id_), number)
            if other != number:
                above[top(other)] = top(number)
    together: dict[int, list[LinkedMembers]] = defaultdict(list)
    for number, link in enumerate(links):
        together[top(number)].append(link)
    return together.values()


def _survivor(group: _Group, known: Mapping[int, KnownRun]) -> int:
    """The run that the others become part of: the largest, so that few members move; else a new one."""
    if group.runs:
        return max(group.runs, key=lambda run: (known[run].size, run))
    return _new_run(min(group.members))


def _new_run(first: Member) -> int:
    # A run's number comes from a member that no run has, so no other run can have come from it.
    return xxhash.xxh3_64_intdigest("\0".join(first).encode()) or 1
