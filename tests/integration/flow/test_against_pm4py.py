"""The same directly-follows graph that pm4py discovers in the same log."""

from datetime import timedelta

import pytest

from kpis.flow_keeper import keep_flow
from storage.client import Store
from storage.events import insert_events
from storage.flow import handoffs
from tests.builders import NOW, event_row

pandas = pytest.importorskip("pandas")
pm4py = pytest.importorskip("pm4py")

TYPES = ("order.approved", "order.transmitted", "order.posted", "order.fulfilled", "credit.hold_applied")


def test_handoffs_are_the_directly_follows_graph_that_pm4py_discovers(embedded_store: Store) -> None:
    # Two hundred orders whose ways differ, with loops, repeats and milestones left out; no two at one instant.
    log = [
        (
            f"O-{order}",
            TYPES[(order * 7 + step * (1 + order % 3)) % len(TYPES)],
            NOW + timedelta(minutes=order + 97 * step),
        )
        for order in range(200)
        for step in range(1 + order % 9)
    ]
    events = [
        event_row(f"e-{number}", type_, [f"order/{order}"], occurred_at=at, received_at=NOW)
        for number, (order, type_, at) in enumerate(log)
    ]
    insert_events(embedded_store, events[::-1])

    keep_flow(embedded_store, NOW)

    frame = pandas.DataFrame(log, columns=["case:concept:name", "concept:name", "time:timestamp"])
    graph, starts, _ = pm4py.discover_dfg(pm4py.format_dataframe(frame))
    found = handoffs(embedded_store, NOW - timedelta(days=1), NOW + timedelta(days=2))
    assert {(one.handoff.from_type, one.handoff.to_type): one.steps for one in found if one.handoff.from_type} == graph
    assert {one.handoff.to_type: one.steps for one in found if not one.handoff.from_type} == starts
