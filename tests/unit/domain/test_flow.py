"""The map of how work flows: what is usual on it, what goes back, what skips, who waits and what is late."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.flow import FlowMap, Handoff, HandoffCount, HandoffKind, Standing, Watch, draw_map
from domain.kpi import Money

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def count(from_type: str, to_type: str, steps: int, repeated: int = 0, object_type: str = "order") -> HandoffCount:
    return HandoffCount(Handoff(object_type, from_type, to_type), steps, steps - repeated, repeated, HOUR, 2 * HOUR)


def standing(at_type: str, objects: int) -> Standing:
    return Standing("order", at_type, objects, Money((), "EUR", Decimal(objects), 0))


USUAL = [
    count("", "approved", 100),
    count("approved", "transmitted", 95),
    count("transmitted", "posted", 96),
    count("approved", "posted", 4),
    count("posted", "approved", 3, repeated=3),
    count("posted", "posted", 2, repeated=2),
    count("posted", "fulfilled", 90),
]


def drawn(*more: HandoffCount, at: tuple[Standing, ...] = (), watches: tuple[Watch, ...] = ()) -> FlowMap:
    return draw_map(SINCE, UNTIL, [*USUAL, *more], at, watches)


def kinds(flow: FlowMap) -> dict[str, HandoffKind]:
    return {str(edge.handoff): edge.kind for edge in flow.edges}


def test_what_is_onward_back_again_and_skipping_is_told_apart() -> None:
    assert kinds(drawn()) == {
        "transmitted → posted": HandoffKind.ONWARD,
        "approved → transmitted": HandoffKind.ONWARD,
        "posted → fulfilled": HandoffKind.ONWARD,
        "approved → posted": HandoffKind.SKIPPING,
        "posted → approved": HandoffKind.BACK,
        "posted → posted": HandoffKind.AGAIN,
    }


def test_what_is_skipped_is_named() -> None:
    edge = drawn().edge(Handoff("order", "approved", "posted"))

    assert edge is not None
    assert edge.skipped == ("transmitted",)


def test_milestones_stand_below_what_leads_to_them_in_any_order_of_counts() -> None:
    layers = {node.type: node.layer for node in drawn().nodes}

    assert layers == {"approved": 0, "transmitted": 1, "posted": 2, "fulfilled": 3}
    assert draw_map(SINCE, UNTIL, USUAL[::-1]) == drawn()


def test_a_share_is_of_the_objects_that_reached_the_most_reached_milestone() -> None:
    flow = drawn()

    assert flow.object_types == {"order": 100}
    assert {str(edge.handoff): edge.share for edge in flow.edges}["approved → posted"] == pytest.approx(0.04)


def test_who_stands_where_others_went_on_waits_for_what_most_did_next() -> None:
    flow = drawn(at=(standing("approved", 1), standing("fulfilled", 90)))

    waiting = {str(edge.handoff): edge.waiting.objects for edge in flow.edges if edge.waiting}
    assert waiting == {"approved → transmitted": 1}
    assert {node.type: node.ended for node in flow.nodes if node.ended} == {"fulfilled": 90}


def test_who_stands_where_hardly_anybody_goes_on_has_ended_unless_a_rule_waits() -> None:
    rare = count("fulfilled", "amended", 3)
    at = (standing("fulfilled", 80),)
    watch = Watch("OrderNotAmended", "order", "fulfilled", "amended", HOUR, 3, 0)

    assert not any(edge.waiting for edge in drawn(rare, at=at).edges)
    assert any(edge.waiting for edge in drawn(rare, at=at, watches=(watch,)).edges)


def test_a_rule_over_several_steps_is_told_at_the_usual_last_one() -> None:
    over = Watch("OrderNotFulfilled", "order", "approved", "fulfilled", HOUR, 100, 5)
    exact = Watch("OrderNotTransmitted", "order", "approved", "transmitted", HOUR, 0, 0)

    watched = {str(edge.handoff): edge.watch for edge in drawn(watches=(over, exact)).edges if edge.watch}

    assert watched == {"posted → fulfilled": over, "approved → transmitted": exact}
    assert over.share_in_time == pytest.approx(0.95)
    assert exact.share_in_time is None


def test_nothing_counted_is_an_empty_map() -> None:
    assert draw_map(SINCE, UNTIL, []).nodes == ()
