"""Where the flow map's milestones and handoffs stand: from left to right in a lane for each type of objects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.flow import Handoff, HandoffKind, MapEdge, MapNode

NODE_WIDTH, NODE_HEIGHT = 104.0, 38.0
# From one milestone of a lane to the next, and from one lane to the next: the words of handoffs stand below their lane.
COLUMN, LANE = 166.0, 108.0
# The names of lanes stand on the left.
_LEFT, _TOP, _RIGHT = 96.0, 34.0, 30.0
# What a letter of a milestone's name takes at most, where the picture is as wide as the page.
_LETTER = 7.6
# Objects of other types follow by name.
LANES = ("opportunity", "quote", "order", "contract", "invoice", "payment")
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """A handoff's way from one milestone to another: a cubic curve by its four points."""

    points: tuple[Point, Point, Point, Point]

    def at(self, share: float) -> Point:
        """The point that lies so far along."""
        rest = 1 - share
        weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
        x, y = (
            sum(weight * point[axis] for weight, point in zip(weights, self.points, strict=True)) for axis in (0, 1)
        )
        return x, y

    @property
    def path(self) -> str:
        """As SVG writes it."""
        start, first, second, end = (f"{x:.1f},{y:.1f}" for x, y in self.points)
        return f"M {start} C {first} {second} {end}"


@dataclass(frozen=True, slots=True)
class Layout:
    """A map in points of the picture; `lanes` are the types of objects with the middle of each."""

    width: float
    height: float
    places: dict[str, Point]
    curves: dict[Handoff, Curve]
    lanes: dict[str, float]


def short_name(node_type: str, object_type: str) -> str:
    """A milestone as its lane calls it: what the lane says already is left out."""
    return node_type.removeprefix(f"{object_type}.")


def node_width(name: str) -> float:
    """How wide a milestone is drawn: a long name takes more."""
    return max(NODE_WIDTH, len(name) * _LETTER + 14)


def lay_out(nodes: Sequence[MapNode], edges: Sequence[MapEdge]) -> Layout:
    """Where everything stands; it depends on what leads to what alone, and so stays where it is while counts grow."""
    types = {node.object_type for node in nodes}
    ordered = [*(name for name in LANES if name in types), *sorted(types - set(LANES))]
    columns = _columns(nodes, edges, ordered)
    lanes = {name: _TOP + NODE_HEIGHT / 2 + number * LANE for number, name in enumerate(ordered)}
    half = max((node_width(short_name(node.type, node.object_type)) / 2 for node in nodes), default=0.0)
    places = {node.type: (_LEFT + half + columns[node.type] * COLUMN, lanes[node.object_type]) for node in nodes}
    width = max((x for x, _ in places.values()), default=0.0) + half + _RIGHT
    widths = {node.type: node_width(short_name(node.type, node.object_type)) for node in nodes}
    height = _TOP + LANE * len(ordered)
    return Layout(width, height, places, dict(_curves(edges, places, widths)), lanes)


def _columns(nodes: Sequence[MapNode], edges: Sequence[MapEdge], ordered: Sequence[str]) -> dict[str, int]:
    """The column of each milestone: in its lane by the order of the way, a lane beginning below what leads to it."""
    found: dict[str, int] = {}
    by_lane = {lane: sorted((node for node in nodes if node.object_type == lane), key=_order) for lane in ordered}
    most = max((len(lane) for lane in by_lane.values()), default=0)
    for lane in ordered:
        row = by_lane[lane]
        leading = [
            found[edge.handoff.from_type]
            for edge in edges
            if edge.handoff.to_type == row[0].type and edge.handoff.from_type in found
        ]
        # Where there is room, words stand between two milestones instead of below them.
        stride = 2 if 2 * len(row) - 1 <= most else 1
        begin = min(max(leading, default=0), most - 1 - stride * (len(row) - 1))
        for number, node in enumerate(row):
            found[node.type] = begin + stride * number
    return found


def _order(node: MapNode) -> tuple[int, str]:
    return node.layer, node.type


def _curves(
    edges: Sequence[MapEdge], places: dict[str, Point], widths: dict[str, float]
) -> Iterator[tuple[Handoff, Curve]]:
    pairs: dict[tuple[str, str], int] = {}
    for edge in sorted(edges, key=lambda one: one.handoff):
        handoff = edge.handoff
        pair = (handoff.from_type, handoff.to_type)
        beside = pairs[pair] = pairs.get(pair, -1) + 1
        halves = widths[pair[0]] / 2, widths[pair[1]] / 2
        yield handoff, _curve(edge, places[pair[0]], places[pair[1]], halves, 14.0 * beside)


def _curve(edge: MapEdge, start: Point, end: Point, halves: tuple[float, float], beside: float) -> Curve:
    half = NODE_HEIGHT / 2
    if edge.kind is HandoffKind.AGAIN:
        # Over its own milestone, at the right.
        x, y = start[0] + halves[0] - 22, start[1] - half
        return Curve(((x - 12, y), (x - 20, y - 26 - beside), (x + 26, y - 26 - beside), (x + 12, y)))
    if start[1] == end[1]:
        return _along(edge, start, end, halves, beside)
    down = 1 if end[1] > start[1] else -1
    shift = beside if abs(start[0] - end[0]) < 1 else 22.0 * (1 if end[0] > start[0] else -1) + beside
    # What goes back comes in beside what goes on.
    side = -26.0 if edge.kind is HandoffKind.BACK else 0.0
    top, bottom = (start[0] + shift + side, start[1] + half * down), (end[0] + beside + side, end[1] - half * down)
    pull = abs(bottom[1] - top[1]) / 2 * down
    return Curve((top, (top[0], top[1] + pull), (bottom[0], bottom[1] - pull), bottom))


def _along(edge: MapEdge, start: Point, end: Point, halves: tuple[float, float], beside: float) -> Curve:
    """A way inside a lane: straight to the next milestone, in a bow over what it goes past or back over."""
    half, right = NODE_HEIGHT / 2, 1 if end[0] > start[0] else -1
    if edge.kind is HandoffKind.ONWARD and right > 0:
        y = start[1] + beside
        left, stop = start[0] + halves[0], end[0] - halves[1]
        third = (stop - left) / 3
        return Curve(((left, y), (left + third, y), (stop - third, y), (stop, y)))
    rise = 26 + 6 * abs(end[0] - start[0]) / COLUMN + beside
    top = start[1] - half
    return Curve(
        ((start[0] + 14 * right, top), (start[0] + 40 * right, top - rise), (end[0] - 40 * right, top - rise),
         (end[0] - 14 * right, top))
    )  # fmt: skip
