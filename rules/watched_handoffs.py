"""The map of how work flows, with what rules say of its handoffs."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.flow import FlowMap, HandoffCount, Watch, draw_map
from domain.rule import MilestoneRule
from rules.rule_text import build_rule
from storage.client import Store
from storage.flow import ALL_FLOW, FlowFilter, handoffs, late_objects, standing, whole_hours
from storage.kpi_cases import Pricing
from storage.rule_versions import read_rule_versions


def flow_map(store: Store, since: datetime, until: datetime, pricing: Pricing, which: FlowFilter = ALL_FLOW) -> FlowMap:
    """How work flowed in the whole hours that hold [since, until), and where it waits now."""
    since, until = whole_hours(since, until)
    counts = handoffs(store, since, until, which)
    watches = _watches(store, counts, since, until, which)
    return draw_map(since, until, counts, standing(store, until.date(), pricing, which), watches)


def watching_rules(store: Store) -> list[MilestoneRule]:
    """The rules in force that watch a handoff, as the engine adopted them last."""
    latest = {version.alert: version.definition for version in read_rule_versions(store)}
    found = []
    for definition in latest.values():
        try:
            rule = build_rule(definition)
        except ValueError:
            # One that this program cannot read judges nothing.
            continue
        if isinstance(rule, MilestoneRule):
            found.append(rule)
    return found


def _watches(
    store: Store, counts: Sequence[HandoffCount], since: datetime, until: datetime, which: FlowFilter
) -> list[Watch]:
    rules = watching_rules(store)
    late = late_objects(store, (rule.name for rule in rules), since, until, which)
    watches = []
    for rule in rules:
        were_late, wait = late.get(rule.name, (0, 0))
        decided = max(_came(counts, rule) + wait, were_late)
        watches.append(
            Watch(rule.name, rule.object_type, rule.from_type, rule.to_type, rule.within, decided, were_late)
        )
    return watches


def _came(counts: Iterable[HandoffCount], rule: MilestoneRule) -> int:
    """How many objects came to what a rule waits for."""
    return sum(
        one.steps - one.repeated
        for one in counts
        if (one.handoff.object_type, one.handoff.to_type) == (rule.object_type, rule.to_type)
    )
