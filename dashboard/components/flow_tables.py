"""The flow map in words and tables: its handoffs, and the objects behind one."""

from collections.abc import Sequence
from datetime import timedelta

from dashboard.components.cards import instant, money, trace_link
from dashboard.components.flow_figure import IN_TIME, NEARLY, edge_key, kind_words, plural
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import UNKNOWN, Reader, compact_money, count_of, duration, grouped, percent
from domain.flow import FlowMap, HandoffKind, MapEdge
from storage.flow import HandoffObject

_NONE = Html('<span class="mp-none">–</span>')


def flow_words(edges: Sequence[MapEdge]) -> tuple[str, str]:
    """What the map says first of what it shows, with its tone: where most money waits, and which is least in time."""
    waiting = [edge for edge in edges if edge.waiting]
    late, tone = _late_words(edges)
    if waiting:
        worst = max(waiting, key=lambda edge: (edge.waiting.money.total or 0, edge.waiting.objects))  # type: ignore[union-attr]
        stands = worst.waiting
        assert stands is not None
        worth = compact_money(stands.money.total, stands.money.reporting_currency)
        rest = f", and {count_of(len(waiting) - 1, 'more handoff')} with some" if len(waiting) > 1 else ""
        verb = "waits" if stands.objects == 1 else "wait"
        noun = worst.handoff.object_type
        return (
            f"{count_of(stands.objects, noun, plural(noun))} worth {worth} {verb} for {worst.handoff.to_type}{rest}. "
            f"{late}",
            tone,
        )
    return f"Nothing waits on any handoff. {late}", tone


def _late_words(edges: Sequence[MapEdge]) -> tuple[str, str]:
    """Which watched handoff is least often in time."""
    judged = {
        edge.watch.rule: (edge.watch.share_in_time, edge)
        for edge in edges
        if edge.watch and edge.watch.share_in_time is not None
    }
    if not judged:
        return "No rule has judged a handoff in this time.", "suspended"
    share, edge = min(judged.values(), key=lambda one: (one[0], one[1].handoff))
    if share >= IN_TIME:
        return "Every watched handoff is in time.", "in_time"
    words = f"Least often in time is {edge.handoff.to_type}: {percent(share)}."
    return words, "at_risk" if share >= NEARLY else "firing"


def flow_text(flow: FlowMap) -> str:
    """The picture as text, for readers who cannot see it."""
    sentences = []
    for edge in flow.edges:
        what = f" ({kind_words(edge)})" if kind_words(edge) else ""
        wait = f", {count_of(edge.waiting.objects, 'object')} waiting" if edge.waiting else ""
        sentences.append(
            f"{edge.handoff.object_type} {edge.handoff.from_type} to {edge.handoff.to_type}{what}: "
            f"{grouped(edge.count.steps)} times, median {duration(edge.count.median)}, "
            f"nine of ten within {duration(edge.count.p90)}{wait}"
        )
    return "Handoffs, the most usual first. " + ". ".join(sentences)


def handoffs_table(edges: Sequence[MapEdge]) -> Html:
    """Every handoff with its figures."""
    columns = (
        Column("Objects"),
        Column("From"),
        Column("To"),
        Column("Beside the usual way"),
        Column("Times", "number"),
        Column("Share", "number"),
        Column("Reached before", "number"),
        Column("Median", "number"),
        Column("p90", "number"),
        Column("In time", "number"),
        Column("Waiting", "number"),
        Column("Money waiting", "number"),
    )
    return table(columns, [_row(edge) for edge in edges], caption="Handoffs, the most usual first", class_="mp-stacked")


def _row(edge: MapEdge) -> tuple[str, ...]:
    count, wait = edge.count, edge.waiting
    share = edge.watch.share_in_time if edge.watch else None
    return (
        edge.handoff.object_type,
        element("b", edge.handoff.from_type),
        element("b", edge.handoff.to_type),
        kind_words(edge) or _NONE,
        grouped(count.steps),
        percent(edge.share),
        grouped(count.repeated),
        duration(count.median),
        duration(count.p90),
        element("span", percent(share), title=edge.watch.rule) if edge.watch else _NONE,
        grouped(wait.objects) if wait else _NONE,
        money(wait.money.total, wait.money.reporting_currency) if wait else _NONE,
    )


def legend() -> Html:
    """How to read the picture."""
    marks = (
        ("mp-flow-line", "onward"),
        ("mp-flow-line mp-flow-skips", "skips milestones that most reach"),
        ("mp-flow-line mp-flow-back", "goes back, or again"),
        ("mp-flow-line mp-in_time", "99 % or more in time"),
        ("mp-flow-line mp-at_risk", "95 % or more"),
        ("mp-flow-line mp-firing", "less"),
    )
    items = [
        element("span", element("i", class_=class_, aria_hidden="true"), words, class_="mp-flow-item")
        for class_, words in marks
    ]
    return element("div", *items, element("span", "↻ reached again", class_="mp-flow-item"), class_="mp-flow-legend")


def edge_facts(edge: MapEdge) -> Html:
    """One handoff in a line."""
    count = edge.count
    facts = [
        f"{count_of(count.steps, 'time')} by {count_of(count.objects, edge.handoff.object_type)}",
        f"median {duration(count.median)}",
        f"nine of ten within {duration(count.p90)}",
    ]
    if edge.kind is not HandoffKind.ONWARD:
        facts.append(kind_words(edge))
    if edge.watch and edge.watch.share_in_time is not None:
        facts.append(
            f"{edge.watch.rule} wants it within {duration(edge.watch.within)}: {percent(edge.watch.share_in_time)} were"
        )
    return element("div", " · ".join(facts), class_="mp-quiet", data_edge=edge_key(edge.handoff))


def objects_table(found: Sequence[HandoffObject], reader: Reader, *, is_waiting: bool) -> Html:
    """The objects behind a handoff, those that took longest first."""
    columns = (
        Column("Object"),
        Column("Entity"),
        Column("Amount", "number"),
        Column("From", "number"),
        Column("To", "number"),
        Column("Has waited" if is_waiting else "Took", "number"),
    )
    rows = [
        (
            join(
                trace_link(f"{one.object_type}/{one.object_id}", one.object_id),
                element("span", one.object_type, class_="mp-sub"),
            ),
            one.legal_entity or UNKNOWN,
            money(one.amount, one.currency or None),
            instant(reader, one.from_at, seconds=True),
            instant(reader, one.to_at, seconds=True) if one.to_at else "not yet",
            duration(max(one.took, timedelta(0))),
        )
        for one in found
    ]
    what = "Objects that wait" if is_waiting else "Objects that made the handoff"
    return table(columns, rows, caption=f"{what}, the longest first", class_="mp-stacked")
