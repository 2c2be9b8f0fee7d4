"""Which version of a rule judges which case: the one that was in force when the case started.

A version takes the cases that start from its adoption on, until the next one does; the first that is ever known of a
name takes those before it, too. A rule that judges no single object has no cases: its newest version judges alone.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any

from domain.alert import AlertState
from domain.errors import UsageError
from domain.instants import EARLIEST
from domain.milestone import Milestone
from domain.rule import ObjectRule, Rule, Tenure
from domain.source_silence import Silences, UnknownTimes
from rules.rule_text import build_rule, write_rule
from rules.schema import digest
from rules.told import Change, Reading, Told
from storage.rule_versions import StoredVersion

log = logging.getLogger("milepost.rules")
# When a rule's verdict is unknown; of a rule with versions by version, since they may wait for the word of others.
UnknownOf = UnknownTimes | tuple[UnknownTimes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionedRule(ObjectRule):
    """The versions of a rule on one object type, oldest first; their tenures do not overlap.

    `begun_by` holds the case types of each.
    """

    versions: tuple[ObjectRule, ...]
    begun_by: tuple[frozenset[str], ...]

    @property
    def event_types(self) -> frozenset[str]:
        """Those of every version."""
        return frozenset().union(*(version.event_types for version in self.versions))

    @property
    def opening_types(self) -> frozenset[str]:
        """Those of every version."""
        return frozenset().union(*(version.opening_types for version in self.versions))

    @property
    def awaited_types(self) -> frozenset[str]:
        """Those of every version."""
        return frozenset().union(*(version.awaited_types for version in self.versions))

    @property
    def conditions(self) -> tuple[str, ...]:
        """Those of every version."""
        return tuple(dict.fromkeys(text for version in self.versions for text in version.conditions))

    def judging(self, history: Sequence[Milestone]) -> list[int]:
        """Which versions have a case in a history, by their places; mostly one, however many there are."""
        return [
            place
            for place, (version, types) in enumerate(zip(self.versions, self.begun_by, strict=True))
            if any(m.type in types and version.tenure.takes(m.occurred_at) for m in history)
        ]


def adopt(
    stored: Iterable[StoredVersion], rules: Iterable[Rule], from_at: datetime, now: datetime
) -> list[StoredVersion]:
    """What to store so that the rules as they are now are in force: of those that are new or were changed.

    A changed one takes cases from `from_at` on.
    """
    by_alert = _by_alert(stored)
    adopted: list[StoredVersion] = []
    for rule in rules:
        before = by_alert.get(rule.name, ())
        if not before or not _says_the_same(before[-1], rule):
            begins_at = from_at if before else EARLIEST
            adopted.append(_row(rule, before, begins_at, "", now))
    return adopted


def migrate(
    stored: Iterable[StoredVersion], names: Iterable[str], since: datetime, reason: str, now: datetime
) -> list[StoredVersion]:
    """What to store so that the newest versions take the cases that started at `since` or later.

    UsageError for a name of which nothing is stored; a rule whose newest version has all those cases is left out.
    """
    by_alert = _by_alert(stored)
    moved: list[StoredVersion] = []
    for name in dict.fromkeys(names):
        if name not in by_alert:
            known = ", ".join(sorted(by_alert)) or "none: no rule is in force yet"
            raise UsageError(f'no rule "{name}" is in force; there are {known}')
        newest = by_alert[name][-1]
        if _effective(by_alert[name])[-1].from_at > since:
            row = replace(newest, number=newest.number + 1, from_at=since, reason=reason, recorded_at=now)
            moved.append(row)
    return moved


def in_force(rules: Iterable[Rule], stored: Iterable[StoredVersion]) -> list[Rule]:
    """The rules with the versions that go on judging the cases they had.

    The newest version is the rule as given; its words and its group go with every version.
    """
    by_alert = _by_alert(stored)
    return [version for rule in rules for version in _with_versions(rule, _effective(by_alert.get(rule.name, ())))]


def effective(stored: Iterable[StoredVersion]) -> dict[str, list[StoredVersion]]:
    """By alert name the versions that have cases, oldest first: each from its `from_at` until the next one's."""
    return {alert: _effective(rows) for alert, rows in _by_alert(stored).items()}


def versioned(versions: Sequence[ObjectRule]) -> VersionedRule:
    """One rule of versions with tenures on one object type, oldest first; its words are the newest one's."""
    told_apart = "\n".join(f"{version.version} {version.tenure}" for version in versions)
    newest = versions[-1]
    return VersionedRule(
        group=newest.group,
        name=newest.name,
        version=hashlib.sha256(told_apart.encode()).hexdigest()[:16],
        labels=newest.labels,
        annotations=newest.annotations,
        object_type=newest.object_type,
        versions=tuple(versions),
        begun_by=tuple(version.case_types for version in versions),
    )


def versions_of(rule: Rule) -> Sequence[Rule]:
    """The versions of a rule that has some, else the rule."""
    return rule.versions if isinstance(rule, VersionedRule) else (rule,)


def unknown_of(silences: Silences, rule: ObjectRule) -> UnknownOf:
    """When the verdict of a rule is unknown."""
    if isinstance(rule, VersionedRule):
        return tuple(silences.unknown_times(version.awaited_types) for version in rule.versions)
    return silences.unknown_times(rule.awaited_types)


def unknown_at(unknown: UnknownOf, place: int) -> UnknownTimes:
    """When the verdict of the version at a place is unknown."""
    return unknown[place] if isinstance(unknown, tuple) else unknown


def merged(readings: Sequence[Reading]) -> Reading:
    """What several versions, oldest first, tell of one object together: of each clock one thing at a time.

    That is the oldest version's where any has it open, else the newest one's that has it resolved. Versions tell of
    different cases, so this decides only while late events move a start from one to the other, and where two versions
    start different clocks of an object that keeps one.
    """
    if len(readings) == 1:
        return readings[0]
    by_clock: dict[str, list[tuple[datetime, int, Told[Any]]]] = {}
    for place, reading in enumerate(readings):
        for at, told in reading.changes:
            by_clock.setdefault(told.case.clock, []).append((at, place, told))
    changes = [change for timeline in by_clock.values() for change in _as_one(timeline)]
    return Reading(changes, min((one.due_at for one in readings if one.due_at), default=None))


def standing(by_version: Iterable[Sequence[Told[Any]]]) -> list[Told[Any]]:
    """As `merged`, of what stands at one instant."""
    by_clock: dict[str, list[Told[Any]]] = {}
    for told_by_one in by_version:
        for told in told_by_one:
            by_clock.setdefault(told.case.clock, []).append(told)
    return [_chosen(told) for told in by_clock.values()]


def _as_one(timeline: list[tuple[datetime, int, Told[Any]]]) -> Iterator[Change]:
    """The changes of one clock, each version's in order, as one."""
    timeline.sort(key=lambda change: change[0])
    says: dict[int, Told[Any]] = {}
    place: int | None = None
    shown: Told[Any] | None = None
    for at, together in groupby(timeline, key=lambda change: change[0]):
        for _, by, told in together:
            says[by] = told
        telling = {by: says[by] for by in sorted(says) if says[by].state is not AlertState.RETRACTED}
        if telling:
            chosen = _chosen(telling.values())
            place = next(by for by, told in telling.items() if told is chosen)
        if place is None:
            continue
        # Where nobody tells anything any more, what was shown last is retracted.
        new = says[place]
        if shown is None or new.gist != shown.gist or new.case.rule is not shown.case.rule:
            yield at, new
            shown = new


def _chosen(told: Iterable[Told[Any]]) -> Told[Any]:
    """Of what versions tell, oldest first, what counts."""
    told = list(told)
    return next((one for one in told if one.state.is_open), told[-1])


def _with_versions(rule: Rule, rows: Sequence[StoredVersion]) -> Iterator[Rule]:
    older = list(_older(rule, rows)) if isinstance(rule, ObjectRule) else []
    if not older:
        yield rule
        return
    assert isinstance(rule, ObjectRule)
    since = older[-1].tenure.until
    assert since is not None
    versions = [*older, replace(rule, tenure=Tenure(since))]
    # On objects of another type nothing is judged twice.
    for _, of_type in groupby(sorted(versions, key=attrgetter("object_type")), key=attrgetter("object_type")):
        yield versioned(sorted(of_type, key=lambda version: version.tenure.since))


def _older(rule: ObjectRule, rows: Sequence[StoredVersion]) -> Iterator[ObjectRule]:
    """The versions before the newest, with their tenures; of one that cannot be built, the next has the cases."""
    since = EARLIEST
    for row, following in pairwise(rows):
        try:
            built = build_rule(row.definition)
        except ValueError as error:
            log.warning('rule "%s": version %s %s; the next has its cases', row.alert, row.rule_version, error)
            continue
        if isinstance(built, ObjectRule):
            words = {"group": rule.group, "labels": rule.labels, "annotations": rule.annotations}
            tenure = Tenure(since, following.from_at)
            yield replace(built, **words, version=row.rule_version, tenure=tenure)  # type: ignore[arg-type]
            since = following.from_at


def _by_alert(stored: Iterable[StoredVersion]) -> Mapping[str, list[StoredVersion]]:
    by_alert: dict[str, list[StoredVersion]] = {}
    for row in stored:
        by_alert.setdefault(row.alert, []).append(row)
    return by_alert


def _effective(rows: Sequence[StoredVersion]) -> list[StoredVersion]:
    """The rows that have cases: one takes those of all earlier rows that begin no sooner."""
    kept: list[StoredVersion] = []
    for row in rows:
        while kept and kept[-1].from_at >= row.from_at:
            kept.pop()
        kept.append(row)
    return kept


def _says_the_same(row: StoredVersion, rule: Rule) -> bool:
    """Whether a stored version is the rule, also where a newer program words its digest in another way."""
    if row.rule_version == rule.version:
        return True
    try:
        return digest(build_rule(row.definition)) == digest(rule)
    except ValueError:
        return False


def _row(rule: Rule, before: Sequence[StoredVersion], from_at: datetime, reason: str, now: datetime) -> StoredVersion:
    number = before[-1].number + 1 if before else 1
    return StoredVersion(rule.name, number, rule.group, rule.version, from_at, write_rule(rule), reason, now)
