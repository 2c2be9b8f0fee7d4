"""What is asked of the flow of work, and the answer as `milepost flow --output json` and the API show it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.flow import FlowMap, MapEdge, MapNode
from domain.instants import format_instant
from milepost.kpi_book import check_stretch
from milepost.kpi_rows import money_row
from rules.watched_handoffs import flow_map
from storage.client import Store
from storage.flow import FlowFilter
from storage.kpi_cases import Pricing

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FlowWish:
    """Over which stretch of time, and of which objects; empty is all."""

    since: datetime
    until: datetime
    object_types: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


def flow_answer(store: Store, pricing: Pricing, wish: FlowWish) -> Row:
    """The map; UsageError for a stretch of time that there is not."""
    check_stretch(wish.since, wish.until)
    which = FlowFilter(wish.object_types, wish.entities, wish.regions)
    return flow_row(flow_map(store, wish.since, wish.until, pricing, which))


def flow_row(flow: FlowMap) -> Row:
    """A map as plain JSON values."""
    return {
        "from": format_instant(flow.since),
        "to": format_instant(flow.until),
        "milestones": [_node_row(node) for node in flow.nodes],
        "handoffs": [_edge_row(edge) for edge in flow.edges],
    }


def _node_row(node: MapNode) -> Row:
    return {
        "milestone": node.type,
        "object_type": node.object_type,
        "layer": node.layer,
        "reached": node.reached,
        "reached_before": node.repeated,
        "began": node.began,
        "ended": node.ended,
    }


def _edge_row(edge: MapEdge) -> Row:
    count, wait, watch = edge.count, edge.waiting, edge.watch
    return {
        "object_type": edge.handoff.object_type,
        "from": edge.handoff.from_type,
        "to": edge.handoff.to_type,
        "kind": edge.kind.value,
        "skipped": list(edge.skipped),
        "times": count.steps,
        "objects": count.objects,
        "reached_before": count.repeated,
        "share": round(edge.share, 6),
        "median_seconds": count.median.total_seconds() if count.median is not None else None,
        "p90_seconds": count.p90.total_seconds() if count.p90 is not None else None,
        "rule": watch.rule if watch else None,
        "within_seconds": watch.within.total_seconds() if watch else None,
        "late": watch.late if watch else None,
        "share_in_time": None if not watch or watch.share_in_time is None else round(watch.share_in_time, 6),
        "waiting": wait.objects if wait else 0,
        "money_waiting": money_row(wait.money) if wait else None,
    }
