"""Where the flow map's milestones and handoffs stand: a lane for each type of objects, a row for each step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.flow import Handoff, HandoffKind, MapEdge, MapNode

NODE_WIDTH, NODE_HEIGHT = 168.0, 40.0
_ROW, _LANE_GAP, _SLOT = 100.0, 74.0, 196.0
_MARGIN = 46.0
# What goes past or back on the right of the last lane needs room.
_RIGHT = 96.0
# What a letter of a milestone's name takes at most, where the picture is as wide as the page.
_LETTER = 10.4
# The way of revenue work; other types follow by name.
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


def node_width(type_: str) -> float:
    """How wide a milestone is drawn: a long name takes more."""
    return max(NODE_WIDTH, len(type_) * _LETTER)


def lay_out(nodes: Sequence[MapNode], edges: Sequence[MapEdge]) -> Layout:
    """Where everything stands; it depends on what leads to what alone, and so stays where it is while counts grow."""
    lanes, width = _lanes(nodes)
    places: dict[str, Point] = {}
    # Rows in which nothing is shown take no room.
    rows = {layer: row for row, layer in enumerate(sorted({node.layer for node in nodes}))}
    for lane, layer in sorted({(node.object_type, node.layer) for node in nodes}):
        row = sorted(node.type for node in nodes if (node.object_type, node.layer) == (lane, layer))
        for number, type_ in enumerate(row):
            x = lanes[lane] + (number - (len(row) - 1) / 2) * _SLOT
            places[type_] = (x, _MARGIN + NODE_HEIGHT + rows[layer] * _ROW)
    height = max((y for _, y in places.values()), default=0.0) + NODE_HEIGHT + _MARGIN / 2
    return Layout(width, height, places, dict(_curves(edges, places)), lanes)


def _lanes(nodes: Sequence[MapNode]) -> tuple[dict[str, float], float]:
    """The middle of each lane, as wide as its fullest row, and how wide all are together."""
    types = {node.object_type for node in nodes}
    ordered = [*(name for name in LANES if name in types), *sorted(types - set(LANES))]
    left, middles = _MARGIN, {}
    for lane in ordered:
        rows = [node.layer for node in nodes if node.object_type == lane]
        fullest = max(rows.count(layer) for layer in rows)
        width = NODE_WIDTH + (fullest - 1) * _SLOT
        middles[lane] = left + width / 2
        left += width + _LANE_GAP
    return middles, left - _LANE_GAP + _RIGHT


def _curves(edges: Sequence[MapEdge], places: dict[str, Point]) -> Iterator[tuple[Handoff, Curve]]:
    pairs: dict[tuple[str, str], int] = {}
    for edge in sorted(edges, key=lambda one: one.handoff):
        handoff = edge.handoff
        pair = (handoff.from_type, handoff.to_type)
        beside = pairs[pair] = pairs.get(pair, -1) + 1
        yield handoff, _curve(edge, places[pair[0]], places[pair[1]], 26.0 * beside)


def _curve(edge: MapEdge, start: Point, end: Point, beside: float) -> Curve:
    half_height = NODE_HEIGHT / 2
    half_start, half_end = node_width(edge.handoff.from_type) / 2, node_width(edge.handoff.to_type) / 2
    rows = abs(end[1] - start[1]) / _ROW
    if edge.kind is HandoffKind.AGAIN:
        x, y = start[0] + half_start, start[1]
        return Curve(((x, y - 9), (x + 44 + beside, y - 34), (x + 44 + beside, y + 34), (x, y + 9)))
    if edge.kind is HandoffKind.BACK:
        # On the left, up.
        bow = 38 + 14 * rows + beside
        left = min(start[0], end[0]) - max(half_start, half_end) - bow
        return Curve(((start[0] - half_start, start[1]), (left, start[1]), (left, end[1]), (end[0] - half_end, end[1])))
    if edge.kind is HandoffKind.SKIPPING and abs(start[0] - end[0]) < 1:
        # On the right, past what it skips.
        bow = 38 + 14 * rows + beside
        right = start[0] + max(half_start, half_end) + bow
        return Curve(
            ((start[0] + half_start, start[1]), (right, start[1]), (right, end[1]), (end[0] + half_end, end[1]))
        )
    shift = beside + (0 if abs(start[0] - end[0]) < 1 else 34 * (1 if end[0] > start[0] else -1))
    top, bottom = (start[0] + shift, start[1] + half_height), (end[0] + beside, end[1] - half_height)
    pull = max((bottom[1] - top[1]) / 2, 24)
    return Curve((top, (top[0], top[1] + pull), (bottom[0], bottom[1] - pull), bottom))
