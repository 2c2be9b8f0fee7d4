"""How work flows as commands ask for it: the same from the store and from the process that holds it."""

from datetime import timedelta
from typing import Any

import pytest

from domain.alert import AlertState
from domain.errors import UsageError
from kpis.flow_keeper import keep_flow
from milepost.flow_wish import FlowWish
from milepost.settings import Settings
from rules.loader import load_rules
from rules.references import References
from rules.versions import adopt
from storage.alerts import write_transitions
from storage.client import Store
from storage.events import insert_events
from storage.rule_versions import write_rule_versions
from tests.builders import NOW, alert, event_row
from tests.integration.milepost.places import PLACES, answers_at

HOUR = timedelta(hours=1)
SETTINGS = Settings()
WISH = FlowWish(NOW - timedelta(days=1), NOW)
RULE = """
groups:
  - name: order_to_bill
    rules:
      - alert: OrderNotPosted
        milestone: {object: order, from: order.approved, to: order.posted, within: 4h}
"""


@pytest.fixture
def kept(embedded_store: Store) -> Store:
    """Three orders, one posted in time, one late, one late and waiting."""
    events = []
    for name, hours in (("O-1", 1), ("O-2", 6), ("O-3", None)):
        facts = {"amount": "100.10", "currency": "EUR", "legal_entity": "DE01"}
        events.append(
            event_row(f"a-{name}", "order.approved", [f"order/{name}"], occurred_at=NOW - 9 * HOUR, **facts)  # type: ignore[arg-type]
        )
        if hours:
            events.append(
                event_row(f"p-{name}", "order.posted", [f"order/{name}"], occurred_at=NOW + (hours - 9) * HOUR)
            )
    insert_events(embedded_store, events)
    keep_flow(embedded_store, NOW)
    deadline = NOW - 5 * HOUR
    late: dict[str, Any] = {"deadline_at": deadline, "fired_at": deadline, "started_at": NOW - 9 * HOUR}
    write_transitions(
        embedded_store,
        [
            alert(object="order/O-2", state=AlertState.RESOLVED, **late),
            alert(object="order/O-3", **late),
            alert(object="order/O-1", state=AlertState.RETRACTED, **late),
        ],
    )
    return embedded_store


@pytest.mark.parametrize("place", PLACES)
def test_a_handoff_says_how_many_how_long_and_what_waits(kept: Store, place: str) -> None:
    with answers_at(place, kept) as answers:
        found = answers.flow(SETTINGS, WISH)

    assert (found["from"], found["to"]) == ("2026-11-01T12:00:00Z", "2026-11-02T12:00:00Z")
    [handoff] = found["handoffs"]
    assert handoff["median_seconds"] == pytest.approx(3600, rel=0.02)
    assert handoff["p90_seconds"] == pytest.approx(6 * 3600, rel=0.02)
    assert {name: handoff[name] for name in handoff if not name.endswith("_seconds")} == {
        "object_type": "order",
        "from": "order.approved",
        "to": "order.posted",
        "kind": "onward",
        "skipped": [],
        "times": 2,
        "objects": 2,
        "reached_before": 0,
        "share": 0.666667,
        "rule": None,
        "late": None,
        "share_in_time": None,
        "waiting": 1,
        "money_waiting": {
            "by_currency": [{"currency": "EUR", "amount": "100.10", "cases": 1}],
            "currency": "EUR",
            "total": "100.10",
            "unconverted": 0,
        },
    }
    assert [(one["milestone"], one["reached"], one["began"]) for one in found["milestones"]] == [
        ("order.approved", 3, 3),
        ("order.posted", 2, 0),
    ]


def test_a_rule_that_watches_a_handoff_says_how_often_it_was_in_time(
    kept: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("rules") / "billing.yaml"
    path.write_text(RULE)
    write_rule_versions(kept, adopt([], load_rules([path], References()), NOW, NOW))

    with answers_at(PLACES[0], kept) as answers:
        [handoff] = answers.flow(SETTINGS, WISH)["handoffs"]

    # Two were posted and one waits; two of the three were late.
    assert (handoff["rule"], handoff["late"], handoff["within_seconds"]) == ("OrderNotPosted", 2, 14400.0)
    assert handoff["share_in_time"] == pytest.approx(1 / 3, abs=1e-6)


@pytest.mark.parametrize("place", PLACES)
def test_a_stretch_that_ends_before_it_begins_is_refused(kept: Store, place: str) -> None:
    wish = FlowWish(NOW, NOW - HOUR)

    with answers_at(place, kept) as answers, pytest.raises(UsageError) as refused:
        answers.flow(SETTINGS, wish)

    assert str(refused.value) == (
        "from is 2026-11-02T12:00:00Z and to is 2026-11-02T11:00:00Z; give a later to, and no more than ten years"
    )


def test_other_objects_and_entities_have_no_part(kept: Store) -> None:
    with answers_at(PLACES[0], kept) as answers:
        assert answers.flow(SETTINGS, FlowWish(WISH.since, WISH.until, ("quote",)))["handoffs"] == []
        assert answers.flow(SETTINGS, FlowWish(WISH.since, WISH.until, (), ("US01",)))["handoffs"] == []
        assert len(answers.flow(SETTINGS, FlowWish(WISH.since, WISH.until, ("order",), ("DE01",)))["handoffs"]) == 1
