"""What changed between two states of the contracts, and which changes break what senders or readers rely on.

Breaking is what refuses an event that was accepted before, and what takes something away that was promised. All of
it has to come as a new event type; a change of any kind raises the version.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from collector.contract_definitions import ContractFiles
from collector.field_types import name_of, takes_all
from domain.contract import EventContract, ObjectContract, OnViolation, StateMachine
from domain.errors import Problem

_EVENT_REST = ("owner", "links", "personal_data", "silent_after", "field_sources", "on_foreign_source")
_NO_MACHINE = StateMachine("", {})


@dataclass(frozen=True, slots=True)
class Change:
    """One change and its place: in the file as it is now, or as it was where the thing is gone."""

    is_breaking: bool
    place: Problem

    def __str__(self) -> str:
        place = self.place
        kind = "breaking" if self.is_breaking else "compatible"
        return str(Problem(place.path, place.line, place.column, f"{kind}: {place.message}"))


def changes(old: ContractFiles, new: ContractFiles) -> list[Change]:
    """Every change from one state to the other, in the order of the files; the breaking ones first."""
    found = [*_event_changes(old, new), *_object_changes(old, new), *_source_changes(old, new)]
    return sorted(found, key=lambda change: (not change.is_breaking, change.place))


class _Comparison:
    """Two contracts of one name, and how to tell what differs."""

    def __init__(self, old: ContractFiles, new: ContractFiles, kind: str, title: str, name: str) -> None:
        self._old, self._new, self._kind, self._title, self._name = old, new, kind, title, name

    def now(self, is_breaking: bool, message: str, *below: int | str) -> Change:
        """A change whose place is in the contract as it is now."""
        return self._change(self._new, is_breaking, message, below)

    def before(self, message: str, *below: int | str) -> Change:
        """A breaking change whose place is in the contract as it was."""
        return self._change(self._old, True, message, below)

    def _change(self, files: ContractFiles, is_breaking: bool, message: str, below: tuple[int | str, ...]) -> Change:
        place = files.place(self._kind, self._name, *below)
        text = f'{self._title} "{self._name}" {message}'
        return Change(is_breaking, Problem(place.path, place.line, place.column, text))


def _event_changes(old: ContractFiles, new: ContractFiles) -> Iterator[Change]:
    before, now = old.contracts.events, new.contracts.events
    for name in before.keys() | now.keys():
        comparison = _Comparison(old, new, "events", "event contract", name)
        if name not in now:
            yield comparison.before("is removed", "event")
        elif name not in before:
            yield comparison.now(False, "is new", "event")
        elif before[name] != now[name]:
            yield from _version_change(comparison, before[name].version, now[name].version)
            yield from _event_change(comparison, before[name], now[name])


def _event_change(comparison: _Comparison, old: EventContract, new: EventContract) -> Iterator[Change]:
    if old.object_type != new.object_type:
        yield comparison.now(True, f"is about {new.object_type}, no longer {old.object_type}", "object")
    yield from _field_changes(comparison, old, new)
    yield from _list_changes(comparison, "sources", "authoritative source", old.sources, new.sources)
    yield from _list_changes(comparison, "aliases", "alias", old.aliases, new.aliases)
    if old.on_violation is not new.on_violation:
        is_breaking = new.on_violation is OnViolation.REJECT
        yield comparison.now(
            is_breaking, f"has on_violation {new.on_violation}, was {old.on_violation}", "on_violation"
        )
    for part in _EVENT_REST:
        if getattr(old, part) != getattr(new, part):
            yield comparison.now(False, f"has another {part}", part)


def _field_changes(comparison: _Comparison, old: EventContract, new: EventContract) -> Iterator[Change]:
    before, now = {**old.required, **old.optional}, {**new.required, **new.optional}
    for name in before.keys() | now.keys():
        place = ("required" if name in new.required else "optional", name)
        if name not in now:
            yield comparison.before(
                f"has no field {name} any more", "required" if name in old.required else "optional", name
            )
            continue
        if name in new.required and name not in old.required:
            yield comparison.now(True, f"requires {name}", *place)
        elif name not in before:
            yield comparison.now(False, f"has a new optional field {name}", *place)
        elif name in old.required and name in new.optional:
            yield comparison.now(False, f"no longer requires {name}", *place)
        if name in before and before[name] != now[name]:
            is_narrower = not takes_all(now[name], before[name])
            what = "narrows" if is_narrower else "widens"
            yield comparison.now(
                is_narrower, f"{what} {name} from {name_of(before[name])} to {name_of(now[name])}", *place
            )


def _object_changes(old: ContractFiles, new: ContractFiles) -> Iterator[Change]:
    before, now = old.contracts.objects, new.contracts.objects
    for name in before.keys() | now.keys():
        comparison = _Comparison(old, new, "objects", "object contract", name)
        if name not in now:
            yield comparison.before("is removed", "object")
        elif name not in before:
            yield comparison.now(False, "is new", "object")
        elif before[name] != now[name]:
            yield from _version_change(comparison, before[name].version, now[name].version)
            yield from _object_change(comparison, before[name], now[name])


def _object_change(comparison: _Comparison, old: ObjectContract, new: ObjectContract) -> Iterator[Change]:
    before, now = old.machine or _NO_MACHINE, new.machine or _NO_MACHINE
    if before.start and before.start != now.start:
        yield comparison.now(True, f"starts as {now.start or 'nothing'}, no longer as {before.start}", "start")
    was, is_now = _transitions(before), _transitions(now)
    for state, event_type in was.keys() | is_now.keys():
        at = ("transitions", state, event_type)
        known, after = was.get((state, event_type)), is_now.get((state, event_type))
        what = f"{state} on {event_type}"
        if known and not after:
            yield comparison.before(f"has no transition from {what} to {known} any more", *at)
        elif known != after:
            message = f"goes from {what} to {after}" + (f", no longer to {known}" if known else "")
            yield comparison.now(known is not None, message, *at)
    for part in fields(ObjectContract):
        if part.name in ("owner", "joins") and getattr(old, part.name) != getattr(new, part.name):
            yield comparison.now(False, f"has another {part.name}", part.name)


def _transitions(machine: StateMachine) -> Mapping[tuple[str, str], str]:
    return {(state, type_): after for state, legal in machine.transitions.items() for type_, after in legal.items()}


def _source_changes(old: ContractFiles, new: ContractFiles) -> Iterator[Change]:
    before, now = old.contracts.sources, new.contracts.sources
    for name in before.keys() | now.keys():
        comparison = _Comparison(old, new, "sources", "source", name)
        if name not in now:
            yield comparison.before("is removed", "source")
        elif name not in before:
            yield comparison.now(False, "is new", "source")
        else:
            yield from _list_changes(comparison, "aliases", "alias", before[name].aliases, now[name].aliases)
            if before[name].silent_after != now[name].silent_after:
                yield comparison.now(False, "has another silent_after", "silent_after")
            yield from _rate_change(comparison, before[name].rate_per_second, now[name].rate_per_second)


def _rate_change(comparison: _Comparison, old: float | None, new: float | None) -> Iterator[Change]:
    if old != new:
        # Whoever kept to the old limit may now be refused.
        is_lower = new is not None and (old is None or new < old)
        yield comparison.now(is_lower, f"has a {'lower' if is_lower else 'higher'} rate_limit", "rate_limit")


def _list_changes(
    comparison: _Comparison, key: str, what: str, old: tuple[str, ...], new: tuple[str, ...]
) -> Iterator[Change]:
    for at, name in enumerate(old):
        if name not in new:
            yield comparison.before(f"has no {what} {name} any more", key, at)
    for at, name in enumerate(new):
        if name not in old:
            yield comparison.now(False, f"has a new {what} {name}", key, at)


def _version_change(comparison: _Comparison, old: int, new: int) -> Iterator[Change]:
    if new > old:
        yield comparison.now(False, f"goes from version {old} to {new}", "version")
    else:
        what = (
            f"goes back from version {old} to {new}" if new < old else f"is changed, but its version is {new} as before"
        )
        yield comparison.now(True, what, "version")
