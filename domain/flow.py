"""How work flows from milestone to milestone: handoffs as they were counted, and the map that they make."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.kpi import Money

# A duration is told by the mean of two bounds that are a twenty-fifth apart, and so within two hundredths.
_RATIO = (26, 25)
_SHORTEST_US, _LONGEST_US = 1_000, 400_000_000_000_000
_MICROSECOND = timedelta(microseconds=1)
# Where fewer of the objects that come to a milestone go on from it, it is one that ways end at.
LEAST_THAT_GO_ON = 0.1


def _bounds() -> tuple[int, ...]:
    bounds, bound = [0], _SHORTEST_US
    while bound < _LONGEST_US:
        bounds.append(bound)
        bound = bound * _RATIO[0] // _RATIO[1]
    return tuple(bounds)


# Durations are counted by the greatest of these that they reach, in microseconds.
DURATION_BOUNDS_US = _bounds()


def lower_bound(duration: timedelta) -> int:
    """The bound under which a duration is counted."""
    return DURATION_BOUNDS_US[bisect_right(DURATION_BOUNDS_US, duration // _MICROSECOND) - 1]


def told_duration(low_us: int | None) -> timedelta | None:
    """What is said of the durations that are counted under a bound; None where there is none."""
    if low_us is None:
        return None
    if low_us == 0:
        return timedelta(0)
    above = bisect_right(DURATION_BOUNDS_US, low_us)
    high_us = DURATION_BOUNDS_US[above] if above < len(DURATION_BOUNDS_US) else low_us
    return timedelta(microseconds=(low_us + high_us) // 2)


@dataclass(frozen=True, slots=True, order=True)
class Handoff:
    """From one milestone of an object of a type straight to its next."""

    object_type: str
    from_type: str
    to_type: str

    def __str__(self) -> str:
        return f"{self.from_type} → {self.to_type}"


@dataclass(frozen=True, slots=True)
class HandoffCount:
    """How often a handoff was made in a stretch of time, by how many objects, and how long it took.

    `steps` of which `repeated` came to a milestone that the object had reached before; `objects` made it for the first
    time. An empty `from_type` is where objects begin.
    """

    handoff: Handoff
    steps: int
    objects: int
    repeated: int
    median: timedelta | None = None
    p90: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The objects of a type whose latest milestone this is, whenever they came to it, with their amounts."""

    object_type: str
    at_type: str
    objects: int
    money: Money


@dataclass(frozen=True, slots=True)
class Watch:
    """What a rule says of a handoff in a stretch of time: how many objects were late, of how many it decided.

    It may watch from a milestone further back than the one before: `from_type` is where its clock starts.
    """

    rule: str
    object_type: str
    from_type: str
    to_type: str
    within: timedelta
    decided: int
    late: int

    @property
    def share_in_time(self) -> float | None:
        """The share that was in time; None while nothing is decided."""
        return (self.decided - self.late) / self.decided if self.decided else None


class HandoffKind(StrEnum):
    """What a handoff is beside the others: onward, past milestones that most reach, back, or to itself."""

    ONWARD = "onward"
    SKIPPING = "skips"
    BACK = "back"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class MapEdge:
    """A handoff on the map; `share` is of the objects of its type, `skipped` what most reach between its two ends.

    Who waits on it stands at its beginning, and is said to wait for what most of their kind did next.
    """

    count: HandoffCount
    kind: HandoffKind
    share: float
    skipped: tuple[str, ...] = ()
    waiting: Standing | None = None
    watch: Watch | None = None

    @property
    def handoff(self) -> Handoff:
        return self.count.handoff


@dataclass(frozen=True, slots=True)
class MapNode:
    """A milestone on the map: how often it was reached, how many objects began with it, and who stands at it.

    `layer` counts down from where ways begin. `ended` are those standing where ways end.
    """

    type: str
    object_type: str
    layer: int
    reached: int
    repeated: int
    began: int
    ended: int = 0


@dataclass(frozen=True, slots=True)
class FlowMap:
    """All milestones and handoffs of a stretch of time."""

    since: datetime
    until: datetime
    nodes: tuple[MapNode, ...]
    edges: tuple[MapEdge, ...]
    object_types: Mapping[str, int] = field(default_factory=dict)

    def edge(self, handoff: Handoff) -> MapEdge | None:
        """The edge of a handoff; None where nobody made it."""
        return next((edge for edge in self.edges if edge.handoff == handoff), None)


def draw_map(
    since: datetime,
    until: datetime,
    counts: Sequence[HandoffCount],
    standing: Sequence[Standing] = (),
    watches: Sequence[Watch] = (),
) -> FlowMap:
    """The map of what was counted; the same counts in any order give the same map."""
    ordered = sorted(counts, key=lambda one: (-one.steps, one.handoff))
    made = [one for one in ordered if one.handoff.from_type]
    layers = _layers(ordered)
    sizes = _sizes(ordered)
    waiting = _waiting(ordered, standing, watches)
    edges = tuple(
        MapEdge(
            count=one,
            kind=(kind := _kind(one, layers, skipped := _skipped(one, made, layers))),
            share=min(one.objects / size, 1.0) if (size := sizes[one.handoff.object_type]) else 0.0,
            skipped=skipped if kind is HandoffKind.SKIPPING else (),
            waiting=waiting.get(one.handoff),
            watch=_watch_of(one.handoff, made, watches),
        )
        for one in made
    )
    return FlowMap(since, until, tuple(_nodes(ordered, standing, waiting, layers)), edges, sizes)


def _layers(ordered: Sequence[HandoffCount]) -> dict[str, int]:
    """How far down each milestone stands: below all that lead to it, where rarer handoffs do not close a circle."""
    below: dict[str, set[str]] = {}
    for one in ordered:
        start, end = one.handoff.from_type, one.handoff.to_type
        below.setdefault(end, set())
        if start and start != end and not _leads(below, end, start):
            below.setdefault(start, set()).add(end)
    layers = dict.fromkeys(below, 0)
    # As many rounds as the longest way has steps.
    changed = True
    while changed:
        changed = False
        for start in sorted(below):
            for end in below[start]:
                if layers[end] <= layers[start]:
                    layers[end] = layers[start] + 1
                    changed = True
    return layers


def _leads(below: Mapping[str, set[str]], start: str, end: str) -> bool:
    """Whether there is a way down from one to the other."""
    seen, left = {start}, [start]
    while left:
        at = left.pop()
        if at == end:
            return True
        news = below.get(at, set()) - seen
        seen |= news
        left += news
    return False


def _kind(one: HandoffCount, layers: Mapping[str, int], skipped: tuple[str, ...]) -> HandoffKind:
    start, end = one.handoff.from_type, one.handoff.to_type
    if start == end:
        return HandoffKind.AGAIN
    if layers[end] <= layers[start]:
        return HandoffKind.BACK
    return HandoffKind.SKIPPING if skipped else HandoffKind.ONWARD


def _skipped(one: HandoffCount, made: Sequence[HandoffCount], layers: Mapping[str, int]) -> tuple[str, ...]:
    """What lies on a more usual way between the two ends of a handoff, of objects of the same type."""
    start, end = one.handoff.from_type, one.handoff.to_type
    steps: dict[str, list[str]] = {}
    for other in made:
        of, to = other.handoff.from_type, other.handoff.to_type
        same_type = other.handoff.object_type == one.handoff.object_type
        if same_type and other.steps > one.steps and layers[of] < layers[to] <= layers[end]:
            steps.setdefault(of, []).append(to)
    # The way of the most usual steps: those stand first.
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        for to in steps.get(way[-1], ()):
            if to == end:
                return way[1:]
            if to not in seen:
                seen.add(to)
                ways.append((*way, to))
    return ()


def _sizes(ordered: Sequence[HandoffCount]) -> dict[str, int]:
    """How many objects of each type there were: as many as came to the milestone that most of them came to."""
    first: dict[tuple[str, str], int] = {}
    for one in ordered:
        key = (one.handoff.object_type, one.handoff.to_type)
        first[key] = first.get(key, 0) + one.steps - one.repeated
    sizes: dict[str, int] = {}
    for (object_type, _), objects in sorted(first.items()):
        sizes[object_type] = max(sizes.get(object_type, 0), objects)
    return sizes


def _waiting(
    ordered: Sequence[HandoffCount], standing: Sequence[Standing], watches: Sequence[Watch]
) -> dict[Handoff, Standing]:
    """Who waits on which handoff: those at a milestone from which others went on, or a rule says that they must."""
    watched = {(watch.object_type, watch.from_type) for watch in watches}
    waiting: dict[Handoff, Standing] = {}
    for one in standing:
        onward = [
            other
            for other in ordered
            if (other.handoff.object_type, other.handoff.from_type) == (one.object_type, one.at_type)
            and other.handoff.to_type != one.at_type
        ]
        if not onward or not one.objects:
            continue
        came = sum(
            other.steps
            for other in ordered
            if (other.handoff.object_type, other.handoff.to_type) == (one.object_type, one.at_type)
        )
        left = sum(other.steps for other in onward)
        if (one.object_type, one.at_type) in watched or left >= LEAST_THAT_GO_ON * came:
            waiting[onward[0].handoff] = one
    return waiting


def _watch_of(handoff: Handoff, made: Sequence[HandoffCount], watches: Sequence[Watch]) -> Watch | None:
    """The rule that watches a handoff, the strictest of several; over several steps it is told at the usual last."""
    about = [watch for watch in watches if (watch.object_type, watch.to_type) == (handoff.object_type, handoff.to_type)]
    exact = [watch for watch in about if watch.from_type == handoff.from_type]
    usual = next(
        one.handoff
        for one in made
        if (one.handoff.object_type, one.handoff.to_type) == (handoff.object_type, handoff.to_type)
    )
    return min(exact or (about if usual == handoff else ()), key=lambda watch: (watch.within, watch.rule), default=None)


def _nodes(
    ordered: Sequence[HandoffCount],
    standing: Sequence[Standing],
    waiting: Mapping[Handoff, Standing],
    layers: Mapping[str, int],
) -> list[MapNode]:
    """The milestones from the top down; of several types of objects it belongs to the one that it is named after."""
    reached: dict[str, dict[str, HandoffCount]] = {}
    began: dict[tuple[str, str], int] = {}
    for one in ordered:
        object_type, type_ = one.handoff.object_type, one.handoff.to_type
        by_type = reached.setdefault(type_, {})
        before = by_type.get(object_type)
        by_type[object_type] = HandoffCount(
            Handoff(object_type, "", type_),
            one.steps + (before.steps if before else 0),
            0,
            one.repeated + (before.repeated if before else 0),
        )
        if not one.handoff.from_type:
            began[object_type, type_] = one.steps
    waits = {(one.object_type, one.at_type) for one in waiting.values()}
    nodes = []
    for type_, layer in sorted(layers.items(), key=lambda item: (item[1], item[0])):
        by_type = reached.get(type_, {})
        own = type_.partition(".")[0]
        owner = own if own in by_type else max(by_type, key=lambda name: (by_type[name].steps, name), default="")
        found = by_type.get(owner)
        nodes.append(
            MapNode(
                type=type_,
                object_type=owner,
                layer=layer,
                reached=found.steps if found else 0,
                repeated=found.repeated if found else 0,
                began=began.get((owner, type_), 0),
                ended=sum(
                    one.objects
                    for one in standing
                    if (one.object_type, one.at_type) == (owner, type_) and (owner, type_) not in waits
                ),
            )
        )
    return nodes
