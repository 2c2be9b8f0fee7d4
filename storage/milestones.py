"""Histories of business objects in the store: what each has reached, with what was known of it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

from domain.alert import VERSIONS_PER_MICROSECOND
from domain.business_object import BusinessObject
from domain.instants import EPOCH, LATEST, to_micros
from domain.known_facts import with_known_facts
from domain.milestone import Facts, Milestone
from storage.client import Store

History = list[Milestone]
# What a number in a statement holds.
BITS = 64
_WORD = re.compile(r"\w+")
_MICROSECOND = timedelta(microseconds=1)
# By the bits of `left_out`, as object_histories says.
_LEFT_OUT = tuple(
    frozenset(name for bit, name in enumerate(("amount", "legal_entity", "region")) if bits >> bit & 1)
    for bits in range(8)
)


@dataclass(frozen=True, slots=True)
class Duty:
    """A `from` and its `to`; one that follows within `quiet_for`, on the wall clock, gives nothing to judge.

    Only a `from` for which every condition of `needs` holds makes it a duty at all.
    """

    from_type: str
    to_type: str
    quiet_for: timedelta
    needs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Watch:
    """What is read of the objects of one type: event types, the duties on them, and conditions.

    `conditions` maps the texts that `Milestone.holds` names to checked SQL expressions.
    """

    object_type: str
    event_types: Sequence[str]
    duties: Sequence[Duty]
    conditions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Touched:
    """The objects that an arrival in (after, through] names or that have a duty due by `through`.

    With `suspended` those with a suspended alert as well: a source that they wait for has spoken.
    """

    after: datetime
    through: datetime
    suspended: bool = False

    @property
    def after_version(self) -> int:
        """The highest version of what was known of an alert by `after`."""
        return (to_micros(self.after) + 1) * VERSIONS_PER_MICROSECOND - 1


NOTHING_TOUCHED = Touched(EPOCH, EPOCH)


def touched_params(touched: Touched | None) -> dict[str, object]:
    """What statements take that look at touched objects; None: at all of them."""
    bounds = touched or NOTHING_TOUCHED
    return {
        "touched": touched is not None,
        "after": bounds.after,
        "through": bounds.through,
        "suspended": bounds.suspended,
        "after_version": bounds.after_version,
    }


@dataclass(frozen=True, slots=True)
class Recent:
    """The objects with a milestone known at `since` or later, and by `through`.

    Known is what was received and has occurred; without `by_receipt` it counts as received when it occurred. Unless it
    `narrows` most objects are such, and none is left out for `since`: to find them would cost more than to look at all.
    """

    since: datetime
    through: datetime
    by_receipt: bool = True
    narrows: bool = True


@dataclass(frozen=True, slots=True)
class MilestoneCount:
    """How many milestones there are of a type of objects, and how many of them were received or occurred lately."""

    all: int
    recent: int

    @property
    def is_mostly_old(self) -> bool:
        """Whether it pays to look for the objects of the recent ones first."""
        return 2 * self.recent < self.all


NO_MILESTONES = MilestoneCount(0, 0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The ids of one object type that follow `after_id`, up to and with `last_id`; an empty one is no limit."""

    object_type: str
    after_id: str = ""
    last_id: str = ""


def stretches(store: Store, object_type: str, rows: int) -> Iterator[Stretch]:
    """All ids of a type in stretches of about that many milestones, so that memory stays bounded."""
    after_id = ""
    while True:
        end = store.rows("object_stretch_end", {"object_type": object_type, "after_id": after_id, "rows": rows})
        if not end:
            yield Stretch(object_type, after_id)
            return
        yield Stretch(object_type, after_id, end[0]["object_id"])
        after_id = end[0]["object_id"]


def histories_known(store: Store, watch: Watch, stretch: Stretch, recent: Recent) -> Iterator[tuple[str, History]]:
    """The histories among the recent objects, by receipt; or by occurrence, each event as if received then."""
    if recent.by_receipt:
        yield from histories_as_received(store, watch, stretch, recent.through, recent)
        return
    for object_id, history in histories_at(store, watch, stretch, None, recent):
        yield object_id, [replace(milestone, received_at=milestone.occurred_at) for milestone in history]


def coarse_stretches(store: Store, object_type: str, rows: int) -> list[Stretch]:
    """As `stretches`, found without reading a milestone: each may hold a few hundred more or less for every part."""
    found = store.rows("object_stretch_ends", {"object_type": object_type, "rows": rows})
    ends = list(dict.fromkeys(row["object_id"] for row in found))
    return [Stretch(object_type, *ids) for ids in pairwise(["", *ends, ""])]


def touched_stretches(store: Store, touched: Touched, objects: int) -> tuple[int, list[Stretch]]:
    """How many objects are touched, and stretches that hold up to that many of them each."""
    params = {**touched_params(touched), "objects": objects}
    del params["touched"]
    count, found = 0, []
    for row in store.rows("touched_objects", params):
        count += row["touched"]
        bounds = ["", *row["every_nth_id"], ""]
        found += [Stretch(row["object_type"], *ends) for ends in pairwise(bounds)]
    return count, found


def objects_dated_ahead(
    store: Store, object_type: str, types: Sequence[str], since: datetime, through: datetime
) -> list[str]:
    """The ids of objects with an event of these types, received by `through`, that occurred at `since` or later."""
    params = {"object_type": object_type, "types": list(types), "since": since, "through": through}
    return [row["object_id"] for row in store.rows("objects_dated_ahead", params)]


def histories_at(
    store: Store, watch: Watch, stretch: Stretch, known_at: datetime | None, among: Recent | None = None
) -> Iterator[tuple[str, History]]:
    """The id and milestones of every object that may have broken a rule, by what was received by `known_at`.

    None is all there is. Each milestone stands once, with what is known of it in the end.
    """
    rows = _read(store, watch, stretch, known_at or LATEST, as_it_arrived=False, among=among)
    return ((object_id, milestones) for object_id, milestones, _ in rows)


def histories_as_received(
    store: Store, watch: Watch, stretch: Stretch, through: datetime, among: Touched | Recent | None = None
) -> Iterator[tuple[str, History]]:
    """The id and milestones of every object of which a rule may ever have had something to say by `through`.

    A milestone of which more became known after it was received has a row for each change; see `known_facts`.
    """
    amended: list[str] = []
    for object_id, milestones, is_amended in _read(store, watch, stretch, through, as_it_arrived=True, among=among):
        if is_amended:
            amended.append(object_id)
        else:
            yield object_id, milestones
    if amended:
        yield from _amended_histories(store, watch, amended, through)


def count_milestones(store: Store, since: datetime) -> dict[str, MilestoneCount]:
    """About how many milestones there are of each object type, and how many of them are known since an instant."""
    rows = store.rows("count_milestones", {"since": since})
    return {row["object_type"]: MilestoneCount(row["milestones"], row["recent"]) for row in rows}


def stated_histories(
    store: Store, object_type: str, object_ids: Iterable[str], event_types: Sequence[str], known_at: datetime
) -> dict[str, History]:
    """The milestones of these types, or of all, on each of the objects, with only what each event states itself."""
    found: dict[str, History] = {object_id: [] for object_id in object_ids}
    params = {
        "object_type": object_type,
        "object_ids": list(found),
        "event_types": list(event_types),
        "known_at": known_at,
    }
    for row in store.tuples("stated_milestones", params)[1]:
        found[row[0]].append(_milestone(row, frozenset()))
    return found


def true_conditions(
    store: Store, conditions: Mapping[str, str], milestones: Sequence[tuple[BusinessObject, Milestone]]
) -> list[frozenset[str]]:
    """Which of the conditions (text to checked SQL) are true of each milestone, as its facts stand."""
    if not (conditions and milestones):
        return [frozenset()] * len(milestones)
    given = json.dumps([_condition_subject(object_, milestone) for object_, milestone in milestones])
    _, rows = store.tuples("conditions_on_milestones", {"milestones": given}, fragments(conditions))
    texts = list(conditions)
    return [frozenset(texts[number - 1] for number in numbers) for (numbers,) in rows]


def _read(
    store: Store,
    watch: Watch,
    stretch: Stretch,
    known_at: datetime,
    *,
    as_it_arrived: bool,
    among: Touched | Recent | None,
) -> Iterator[tuple[str, History, bool]]:
    """The id and milestones of each object that may have broken a rule, and whether facts were amended."""
    texts = list(watch.conditions)
    numbers = {text: number for number, text in enumerate(texts, start=1)}
    touched = among if isinstance(among, Touched) else None
    recent = among if isinstance(among, Recent) else None
    _, rows = store.tuples(
        "object_histories",
        {
            "object_type": stretch.object_type,
            "after_id": stretch.after_id,
            "last_id": stretch.last_id,
            "known_at": known_at,
            "event_types": list(watch.event_types),
            "from_types": [duty.from_type for duty in watch.duties],
            "to_types": [duty.to_type for duty in watch.duties],
            "quiet_us": [duty.quiet_for // _MICROSECOND for duty in watch.duties],
            "needs": [[numbers[text] for text in duty.needs] for duty in watch.duties],
            **_by_pair(watch.duties, numbers),
            **facts_asked(watch.conditions),
            "as_it_arrived": as_it_arrived,
            **touched_params(touched),
            "recent": recent is not None,
            "narrowed": recent is not None and recent.narrows,
            "received_since": recent.since if recent and recent.by_receipt else LATEST,
            "occurred_since": recent.since if recent else LATEST,
            "through": among.through if among else EPOCH,
        },
        fragments(watch.conditions),
    )
    named: dict[tuple[int, ...], frozenset[str]] = {}
    for object_id, group in groupby(rows, key=itemgetter(0)):
        milestones, is_amended = [], False
        for *row, left_out, holding, amended in group:
            held = tuple(holding)
            if held not in named:
                named[held] = frozenset(texts[number - 1] for number in held)
            milestones.append(_milestone(row, named[held], _LEFT_OUT[left_out]))
            is_amended = is_amended or bool(amended)
        yield object_id, milestones, is_amended


def _by_pair(duties: Sequence[Duty], numbers: Mapping[str, int]) -> dict[str, object]:
    """The duties of each pair of types, with what they need as bits; conditions past the bits there are go unasked."""
    pairs: dict[tuple[str, str], list[Duty]] = {}
    for duty in duties:
        pairs.setdefault((duty.from_type, duty.to_type), []).append(duty)
    return {
        "pairs_from": [from_type for from_type, _ in pairs],
        "pairs_to": [to_type for _, to_type in pairs],
        "pair_quiet_us": [[duty.quiet_for // _MICROSECOND for duty in group] for group in pairs.values()],
        "pair_needs": [
            [condition_bits(numbers[text] for text in duty.needs) for duty in group] for group in pairs.values()
        ],
    }


def condition_bits(numbers: Iterable[int]) -> int:
    """Conditions by their numbers, from 1, as a bit each; those past the last bit are left out."""
    return sum(1 << number - 1 for number in set(numbers) if number <= BITS)


def _amended_histories(
    store: Store, watch: Watch, object_ids: Sequence[str], through: datetime
) -> Iterator[tuple[str, History]]:
    # Events that no rule watches may state what others inherit.
    stated = stated_histories(store, watch.object_type, object_ids, (), through)
    subjects = [
        (BusinessObject(watch.object_type, object_id), milestone)
        for object_id, milestones in stated.items()
        for milestone in with_known_facts(milestones)
        if milestone.type in watch.event_types
    ]
    held = true_conditions(store, watch.conditions, subjects)
    found = zip(subjects, held, strict=True)
    for object_id, group in groupby(found, key=lambda item: item[0][0].id):
        yield object_id, [replace(milestone, holds=holds) for (_, milestone), holds in group]


def _milestone(row: Iterable[Any], holds: frozenset[str], left_out: frozenset[str] = _LEFT_OUT[0]) -> Milestone:
    """A milestone from the columns that both statements on histories begin with."""
    _, type_, occurred_at, received_at, source, event_id, correlation_id, trace_id, *facts = row
    amount, currency, legal_entity, region, attributes = facts
    known = Facts(amount, currency, legal_entity, region, attributes, left_out)
    return Milestone(type_, occurred_at, received_at, source, event_id, correlation_id, trace_id, known, holds)


def fragments(conditions: Mapping[str, str]) -> dict[str, str]:
    """The conditions (text to checked SQL) as statements take them."""
    return {"conditions": f"[{', '.join(f'({expression})' for expression in conditions.values())}]"}


def facts_asked(conditions: Mapping[str, str]) -> dict[str, object]:
    """Which of the facts that an event may inherit the conditions ask, as statements take it."""
    asked = set(_WORD.findall(" ".join(conditions.values())))
    return {
        "asks_amount": not asked.isdisjoint(("amount", "currency")),
        "asks_legal_entity": "legal_entity" in asked,
        "asks_region": "region" in asked,
    }


def _condition_subject(object_: BusinessObject, milestone: Milestone) -> dict[str, object]:
    facts = milestone.facts
    return {
        "object_type": object_.type,
        "object_id": object_.id,
        "type": milestone.type,
        "occurred_us": to_micros(milestone.occurred_at),
        "source": milestone.source,
        "correlation_id": milestone.correlation_id,
        "amount": None if facts.amount is None else str(facts.amount),
        "currency": facts.currency,
        "legal_entity": facts.legal_entity,
        "region": facts.region,
        "attributes": dict(facts.attributes),
    }
