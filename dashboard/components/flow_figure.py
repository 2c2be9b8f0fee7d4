"""The flow map as a picture: milestones in lanes, handoffs as curves that say how many, how long, how often in time.

The words of a handoff to the next milestone stand below it; those of others where there is room beside their curves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard.components.figures import base_layout, hover, plain
from dashboard.components.flow_layout import NODE_HEIGHT, Curve, Layout, Point, lay_out, node_width, short_name
from dashboard.components.palette import Palette
from dashboard.formatting import compact_money, count_of, duration, grouped, percent
from domain.flow import FlowMap, Handoff, HandoffKind, MapEdge, MapNode

# From this share on a watched handoff is in time, and from that on nearly.
IN_TIME, NEARLY = 0.99, 0.95
_THINNEST, _THICKEST = 1.4, 8.0
_DASHES = {HandoffKind.BACK: "dash", HandoffKind.AGAIN: "dash", HandoffKind.SKIPPING: "dot"}
_LETTER, _LINE = 6.4, 13.5
_BACK_FROM_END, _HEAD = (0.94, 0.88, 0.8, 0.7, 0.6), 18.0
# Where along its curve a handoff's words may stand, the best place first.
_PLACES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9)


@dataclass(frozen=True, slots=True)
class _Box:
    """What words or a milestone take up."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: "_Box") -> bool:
        return (
            abs(self.x - other.x) * 2 < self.width + other.width
            and abs(self.y - other.y) * 2 < self.height + other.height
        )


def plural(name: str) -> str:
    """Several of a type of objects."""
    return f"{name[:-1]}ies" if name.endswith("y") and name[-2:-1] not in "aeiou" else f"{name}s"


def edge_key(handoff: Handoff) -> str:
    """A handoff as the URL names it."""
    return f"{handoff.object_type}: {handoff}"


def flow_figure(flow: FlowMap, least_share: float, chosen: str, palette: Palette) -> go.Figure:
    """The map without handoffs that fewer objects made."""
    shown = [edge for edge in flow.edges if edge.share >= least_share]
    nodes = _shown_nodes(flow, shown, least_share)
    layout = lay_out(nodes, shown)
    most = max((edge.count.steps for edge in shown), default=1)
    figure = go.Figure()
    # Rare ones first, so that the usual way lies on top.
    for edge in sorted(shown, key=lambda one: (one.count.steps, one.handoff)):
        _draw_curve(figure, edge, layout.curves[edge.handoff], most, chosen, palette)
    for node in nodes:
        _draw_node(figure, node, layout.places[node.type], palette)
    _draw_lanes(figure, layout, palette)
    _draw_words(figure, shown, nodes, layout, palette)
    figure.update_layout(
        **base_layout(palette, round(layout.height)) | {"margin": {"l": 0, "r": 0, "t": 0, "b": 0}},
        showlegend=False,
        clickmode="event+select",
    )
    axis = {"showgrid": False, "zeroline": False, "showticklabels": False, "fixedrange": True}
    figure.update_xaxes(range=[0, layout.width], **axis)
    figure.update_yaxes(range=[layout.height, 0], **axis)
    return figure


def _shown_nodes(flow: FlowMap, edges: Sequence[MapEdge], least_share: float) -> list[MapNode]:
    """The ends of what is shown, and where enough objects begin."""
    ends = {type_ for edge in edges for type_ in (edge.handoff.from_type, edge.handoff.to_type)}
    return [
        node
        for node in flow.nodes
        if node.type in ends or node.began > least_share * flow.object_types.get(node.object_type, 0)
    ]


def edge_colour(edge: MapEdge, palette: Palette) -> str:
    """The colour of how often a handoff was in time; a quiet one where no rule watches it or nothing is decided."""
    share = edge.watch.share_in_time if edge.watch else None
    if share is None:
        return palette.muted
    return palette.in_time if share >= IN_TIME else palette.at_risk if share >= NEARLY else palette.firing


def edge_words(edge: MapEdge) -> list[str]:
    """What stands at a handoff: how long it takes, how often in time, and what waits."""
    words = [duration(edge.count.median), f"p90 {duration(edge.count.p90)}"]
    if edge.watch and edge.watch.share_in_time is not None:
        words.append(f"{percent(edge.watch.share_in_time)} in time")
    if edge.waiting:
        money = edge.waiting.money
        words.append(f"{grouped(edge.waiting.objects)} wait · {compact_money(money.total, money.reporting_currency)}")
    return words


def kind_words(edge: MapEdge) -> str:
    """What a handoff is beside the usual way; empty where it is on it."""
    match edge.kind:
        case HandoffKind.BACK:
            return "goes back"
        case HandoffKind.AGAIN:
            return "again at once"
        case HandoffKind.SKIPPING:
            return f"skips {', '.join(edge.skipped)}"
    return ""


def _draw_curve(figure: go.Figure, edge: MapEdge, curve: Curve, most: int, chosen: str, palette: Palette) -> None:
    width = _THINNEST + (_THICKEST - _THINNEST) * (edge.count.steps / most) ** 0.5
    is_chosen = edge_key(edge.handoff) == chosen
    colour = palette.accent if is_chosen else edge_colour(edge, palette)
    dash = _DASHES.get(edge.kind, "solid")
    figure.add_shape(
        type="path", path=curve.path, line={"color": colour, "width": width, "dash": dash}, layer="below", opacity=0.85
    )
    (x, y) = curve.at(1.0)
    # Of a line that is shorter than its head no head is drawn.
    before = next(
        (point for point in map(curve.at, _BACK_FROM_END) if abs(point[0] - x) + abs(point[1] - y) > _HEAD),
        curve.at(0.5),
    )
    figure.add_annotation(
        x=x, y=y, ax=before[0], ay=before[1], axref="x", ayref="y", text="", showarrow=True,
        arrowhead=2, arrowsize=max(1.0, 2.4 - width / 4), arrowwidth=max(width * 0.6, 1.4), arrowcolor=colour,
    )  # fmt: skip


def _draw_node(figure: go.Figure, node: MapNode, place: Point, palette: Palette) -> None:
    x, y = place
    name = short_name(node.type, node.object_type)
    half = node_width(name) / 2
    figure.add_shape(
        type="rect", x0=x - half, x1=x + half, y0=y - NODE_HEIGHT / 2, y1=y + NODE_HEIGHT / 2,
        line={"color": palette.line, "width": 1}, fillcolor=palette.panel, layer="above",
    )  # fmt: skip
    again = f"  ↻ {grouped(node.repeated)}" if node.repeated else ""
    text = f"<b>{plain(name)}</b><br>{grouped(node.reached)}{again}"
    figure.add_annotation(x=x, y=y, text=text, showarrow=False, font={"size": 12, "color": palette.text})


def _draw_lanes(figure: go.Figure, layout: Layout, palette: Palette) -> None:
    for number, (name, y) in enumerate(layout.lanes.items()):
        figure.add_annotation(
            x=2, y=y, xanchor="left", text=f"<b>{plain(plural(name))}</b>", showarrow=False,
            font={"size": 12, "color": palette.muted},
        )  # fmt: skip
        if number:
            line = y - NODE_HEIGHT / 2 - 13
            figure.add_shape(
                type="line",
                x0=0,
                x1=layout.width,
                y0=line,
                y1=line,
                line={"color": palette.line, "width": 1},
                layer="below",
            )


def _draw_words(
    figure: go.Figure, edges: list[MapEdge], nodes: list[MapNode], layout: Layout, palette: Palette
) -> None:
    """The words of each handoff where there is room for them, and a mark beneath them that can be chosen."""
    names = {node.type: short_name(node.type, node.object_type) for node in nodes}
    taken = [_Box(x, y, node_width(names[type_]), NODE_HEIGHT) for type_, (x, y) in layout.places.items()]
    milestones = tuple(taken)
    taken += [_Box(44, y, 88, 20) for y in layout.lanes.values()]
    marks: list[tuple[Point, MapEdge]] = []
    for edge in sorted(edges, key=lambda one: (not _is_next(one, layout), -one.count.steps, one.handoff)):
        curve = layout.curves[edge.handoff]
        lines = edge_words(edge)
        size = max(map(len, lines)) * _LETTER, len(lines) * _LINE
        boxes = [_Box(*_inside(point, size[0], layout), *size) for point in _spots(edge, curve, size, layout)]
        free = next((box for box in boxes if not any(box.meets(other) for other in taken)), None)
        # What waits is told even over other words, but never over a milestone.
        clear = free or next((box for box in boxes if not any(box.meets(other) for other in milestones)), None)
        box = clear or boxes[0]
        marks.append(((box.x, box.y), edge))
        if free or (clear and edge.waiting):
            taken.append(box)
            figure.add_annotation(
                x=box.x, y=box.y, text="<br>".join(map(plain, lines)), showarrow=False, bgcolor=palette.ground,
                borderpad=1, opacity=0.92, font={"size": 11, "color": _words_colour(edge, palette)},
            )  # fmt: skip
    figure.add_scatter(
        x=[point[0] for point, _ in marks],
        y=[point[1] for point, _ in marks],
        mode="markers",
        marker={"size": 34, "color": palette.accent, "opacity": 0.01},
        selected={"marker": {"opacity": 0.01}},
        unselected={"marker": {"opacity": 0.01}},
        customdata=[edge_key(edge.handoff) for _, edge in marks],
        hovertemplate=[_hover(edge) for _, edge in marks],
    )


def _is_next(edge: MapEdge, layout: Layout) -> bool:
    start, end = layout.places[edge.handoff.from_type], layout.places[edge.handoff.to_type]
    return start[1] == end[1] and layout.curves[edge.handoff].points[0][1] == layout.curves[edge.handoff].points[1][1]


def _spots(edge: MapEdge, curve: Curve, size: Point, layout: Layout) -> list[Point]:
    """Where the words of a handoff may stand, the best place first."""
    if _is_next(edge, layout):
        x, y = curve.at(0.5)
        gap = curve.points[3][0] - curve.points[0][0]
        below = y + size[1] / 2 + (6 if gap > size[0] + 8 else NODE_HEIGHT / 2 + 1)
        return [(x, below)]
    on = [curve.at(share) for share in _PLACES]
    beside = size[0] / 2 + 8
    return [*((x + beside, y) for x, y in on), *((x - beside, y) for x, y in on), *on]


def _inside(point: Point, width: float, layout: Layout) -> Point:
    """The point moved so that words about it stay in the picture."""
    half = width / 2 + 2
    return min(max(point[0], half), layout.width - half), point[1]


def _words_colour(edge: MapEdge, palette: Palette) -> str:
    return palette.text if edge.waiting or edge.watch else palette.muted


def _hover(edge: MapEdge) -> str:
    count, watch = edge.count, edge.watch
    lines = [
        str(edge.handoff),
        f"{count_of(count.steps, 'time')} by {count_of(count.objects, edge.handoff.object_type)}, "
        f"{percent(edge.share)} of all",
        kind_words(edge),
        *edge_words(edge),
    ]
    if watch:
        late = f"{grouped(watch.late)} of {grouped(watch.decided)}"
        lines.append(f"{watch.rule}: {late} later than {duration(watch.within)}")
    return hover(*lines)
