"""The figures of a backtest, each worked out by hand, and a candidate beside the rules that run."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

from msgspec import structs

from alerts.handling import Deed, handle
from domain.alert_action import ActionKind
from domain.audit import Actor
from domain.instants import format_instant, to_micros
from domain.rule import MilestoneRule, Override, Rule, SequenceRule, SeverityStep
from rules.backtest import backtest
from rules.backtest_report import backtest_report
from rules.replay import By, Span
from storage.client import Store
from storage.events import EventRow, insert_events
from tests.builders import NOW, alert, event_row
from tests.unit.rules.histories import LARGE, PLATINUM, rule

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
MONTH = Span(NOW, NOW + 28 * DAY)
STEPS = (SeverityStep(Fraction(1), "warning"), SeverityStep(Fraction(2), "critical"))
POSTED: MilestoneRule = rule(at_risk=Fraction(3, 4), severity=STEPS)


def approved(number: int, after: timedelta = HOUR, **changes: Any) -> EventRow:
    return event_row(f"a-{number}", "approved", [f"order/O-{number}"], occurred_at=NOW + after, **changes)


def posted(number: int, after: timedelta, received: timedelta | None = None) -> EventRow:
    received_at = NOW + (received or after)
    return event_row(f"p-{number}", "posted", [f"order/O-{number}"], occurred_at=NOW + after, received_at=received_at)


def report(
    store: Store,
    rules: list[Rule] | list[MilestoneRule],
    candidate: list[MilestoneRule] | None = None,
    span: Span = MONTH,
    by: By = By.RECEIPT,
) -> dict[str, Any]:
    found = backtest(store, [*rules, *(candidate or [])], span, by, lambda done, total: None)
    return backtest_report(found, rules, candidate)


def figures(store: Store, tested: Rule, **how: Any) -> dict[str, Any]:
    (row,) = report(store, [tested], **how)["running"]["rules"]
    assert isinstance(row, dict)
    return row


def test_an_empty_store_gives_zeros_and_nothing_that_was_never_measured(store: Store) -> None:
    row = figures(store, POSTED)

    assert (row["started"], row["fired"], row["pages"], row["money"]) == (0, 0, {}, [])
    assert (row["resolution_seconds"], row["warning_seconds"]) == (None, None)


def test_quiet_objects_are_counted_and_fire_nothing(store: Store) -> None:
    insert_events(store, [approved(1), posted(1, 2 * HOUR), approved(2), posted(2, 3 * HOUR)])

    row = figures(store, POSTED)

    assert (row["started"], row["fired"], row["at_risk"]) == (2, 0, 0)


def test_what_fires_grows_critical_and_resolves_pages_twice(store: Store) -> None:
    insert_events(store, [approved(1, amount="100.50", currency="EUR"), posted(1, 10 * HOUR)])

    row = figures(store, POSTED)

    assert (row["fired"], row["resolved"], row["firing_at_end"], row["retracted"]) == (1, 1, 0, 0)
    assert row["pages"] == {"critical": 1, "warning": 1}
    assert row["pages_per_week"] == {"critical": 0.25, "warning": 0.25}
    assert row["money"] == [{"currency": "EUR", "amount": "100.50", "alerts": 1}]
    assert row["money_unknown"] == 0
    # Due after five hours, posted after ten; told to be at risk three quarters of four hours after it began.
    assert row["resolution_seconds"] == {"count": 1, "p50": 18000.0, "p90": 18000.0, "longest": 18000.0}
    assert row["warning_seconds"] == {"count": 1, "p50": 3600.0, "p90": 3600.0, "longest": 3600.0}
    assert row["examples"] == [
        {
            "object_type": "order",
            "object_id": "O-1",
            "fired_at": format_instant(NOW + 5 * HOUR),
            "severity": "critical",
            "amount": "100.50",
            "currency": "EUR",
        }
    ]


def test_precision_is_of_the_alerts_that_people_marked_and_unknown_where_they_marked_none(store: Store) -> None:
    insert_events(store, [approved(number) for number in range(1, 6)])
    unmarked = figures(store, POSTED)
    for number, marks in {1: ["noise", "useful"], 2: ["useful"], 3: ["noise"], 9: ["noise"]}.items():
        fired = alert(POSTED.name, f"order/O-{number}")
        for mark in marks:
            handle(store, fired, Deed(ActionKind.MARK, mark), Actor("ana"), NOW)

    marked = figures(store, POSTED)

    assert (unmarked["useful"], unmarked["noise"], unmarked["precision"]) == (0, 0, None)
    assert (marked["fired"], marked["useful"], marked["noise"], marked["precision"]) == (5, 2, 1, 0.6667)


def test_what_was_at_risk_and_then_in_time_is_averted(store: Store) -> None:
    insert_events(store, [approved(1), posted(1, 4 * HOUR + 30 * MINUTE)])

    row = figures(store, POSTED)

    assert (row["fired"], row["at_risk"], row["averted"], row["resolved"]) == (0, 1, 1, 0)


def test_evidence_that_arrives_late_retracts_what_had_fired(store: Store) -> None:
    insert_events(store, [approved(1), posted(1, 2 * HOUR, received=9 * DAY)])

    row = figures(store, POSTED)

    assert (row["fired"], row["retracted"], row["firing_at_end"]) == (1, 1, 0)


def test_amounts_are_summed_by_currency_and_unknown_ones_counted_apart(store: Store) -> None:
    amounts = [("10.00", "EUR"), ("5.5", "EUR"), ("7", "USD"), (None, ""), ("3", "")]
    rows = [approved(number, amount=amount, currency=currency) for number, (amount, currency) in enumerate(amounts)]
    insert_events(store, rows)

    row = figures(store, POSTED)

    assert row["money"] == [
        {"currency": "EUR", "amount": "15.50", "alerts": 2},
        {"currency": "USD", "amount": "7.00", "alerts": 1},
    ]
    assert (row["fired"], row["money_unknown"]) == (5, 2)


def test_what_fired_before_the_span_counts_only_for_what_becomes_of_it(store: Store) -> None:
    insert_events(store, [approved(1, -3 * HOUR - 30 * MINUTE), posted(1, 3 * HOUR), approved(2, -10 * DAY)])

    row = figures(store, POSTED, span=Span(NOW + HOUR, NOW + 7 * DAY))

    assert (row["started"], row["fired"], row["resolved"], row["pages"]) == (0, 0, 1, {})


def test_the_first_instant_of_a_span_belongs_to_it_and_the_last_does_not(store: Store) -> None:
    insert_events(store, [approved(1)])
    due = NOW + 5 * HOUR

    assert figures(store, POSTED, span=Span(due, due + HOUR))["fired"] == 1
    assert figures(store, POSTED, span=Span(due - HOUR, due))["fired"] == 0


def test_each_override_tells_how_often_it_applied_also_to_what_kept_quiet(store: Store) -> None:
    tested = rule(overrides=(Override(PLATINUM, HOUR), Override(LARGE, 2 * HOUR)), where="currency = 'EUR'")
    platinum = {"tier": "platinum"}
    insert_events(
        store,
        [
            approved(1, attributes=platinum, amount="20000", currency="EUR"),
            approved(2, attributes=platinum, amount="1", currency="EUR"),
            posted(2, HOUR + MINUTE),
            approved(3, amount="20000", currency="EUR"),
            approved(4, amount="1", currency="EUR"),
            approved(5, amount="20000", currency="USD"),
        ],
    )

    row = figures(store, tested)

    assert row["started"] == 4
    assert row["overrides"] == [
        {"where": PLATINUM, "within": "1h", "applied": 2},
        {"where": LARGE, "within": "2h", "applied": 1},
    ]


def test_more_conditions_than_a_number_has_bits_are_counted_too(store: Store) -> None:
    tested = rule(overrides=tuple(Override(f"amount = {number}", HOUR) for number in range(70)))
    insert_events(store, [approved(number, amount=f"{number}", currency="EUR") for number in range(71)])

    row = figures(store, tested, span=Span(NOW, NOW + 3 * HOUR))

    # Approved after an hour: an override lets an hour pass, the rule itself four.
    assert (row["started"], row["fired"]) == (71, 70)
    assert [override["applied"] for override in row["overrides"]] == [1] * 70


def test_starts_of_many_objects_that_inherit_what_conditions_ask_are_counted(store: Store) -> None:
    many = 10_002
    stated = [
        event_row(f"c-{number}", "created", [f"order/O-{number}"], occurred_at=NOW, amount=amount, currency="EUR")
        for number, amount in zip(range(many), ["20000", "1"] * many, strict=False)
    ]
    insert_events(store, [*stated, *(approved(number) for number in range(many))])

    row = figures(store, rule(where=LARGE))

    assert (row["started"], row["fired"]) == (many // 2, many // 2)


def test_facts_that_an_earlier_event_stated_count_for_a_condition(store: Store) -> None:
    stated = event_row("c-1", "created", ["order/O-1"], occurred_at=NOW, amount="20000", currency="EUR")
    insert_events(store, [stated, approved(1), approved(2)])

    row = figures(store, rule(where=LARGE))

    assert (row["started"], row["fired"]) == (1, 1)
    assert row["money"] == [{"currency": "EUR", "amount": "20000.00", "alerts": 1}]


def test_a_rule_without_clocks_is_replayed_as_well(store: Store) -> None:
    tested = SequenceRule(
        group="g", name="PostedUnapproved", version="1", object_type="order", event_type="posted", requires="approved"
    )
    insert_events(store, [posted(1, HOUR), approved(2), posted(2, 2 * HOUR)])

    row = figures(store, tested)

    assert (row["started"], row["fired"], row["firing_at_end"], row["pages"]) == (2, 1, 1, {"warning": 1})


def test_pages_are_told_by_week(store: Store) -> None:
    insert_events(store, [approved(1), approved(2, 8 * DAY), approved(3, 9 * DAY)])

    weeks = report(store, [rule()], span=Span(NOW, NOW + 20 * DAY))["running"]["weeks"]

    assert [(week["from"], week["pages"]) for week in weeks] == [
        (format_instant(NOW), {"warning": 1}),
        (format_instant(NOW + 7 * DAY), {"warning": 2}),
        (format_instant(NOW + 14 * DAY), {}),
    ]


def test_imported_history_is_replayed_by_occurrence(store: Store) -> None:
    imported = NOW + 300 * DAY
    rows = [approved(1), posted(1, 6 * HOUR)]
    insert_events(store, [structs.replace(row, received_us=to_micros(imported)) for row in rows])
    assert imported > MONTH.until

    assert figures(store, POSTED, by=By.RECEIPT)["fired"] == 0
    row = figures(store, POSTED, by=By.OCCURRENCE)
    assert (row["started"], row["fired"], row["resolved"], row["at_risk"]) == (1, 1, 1, 1)


def test_a_candidate_is_compared_alert_by_alert(store: Store) -> None:
    insert_events(
        store,
        [
            approved(1),
            *(approved(2), posted(2, 4 * HOUR)),
            *(approved(3, amount="20000", currency="EUR"), posted(3, 30 * HOUR)),
        ],
    )
    running = rule(where=None, within=4 * HOUR, version="1")
    shorter = rule(within=2 * HOUR, version="2", severity=STEPS)

    compared = report(store, [running], [shorter])["comparison"]

    (row,) = compared["rules"]
    assert (row["both"], row["only_running"], row["only_candidate"]) == (2, 0, 1)
    assert (row["fires_otherwise"], row["other_severity"]) == (2, 2)
    assert [place["object_id"] for place in row["only_candidate_examples"]] == ["O-2"]
    assert [pair["running"]["object_id"] for pair in row["changed_examples"]] == ["O-1", "O-3"]
    assert compared["total"]["only_candidate"] == 1


def test_what_only_the_running_rule_fires_is_told_too(store: Store) -> None:
    insert_events(store, [approved(1, amount="1", currency="EUR"), approved(2, amount="20000", currency="EUR")])

    compared = report(store, [rule(version="1")], [rule(version="2", where=LARGE)])["comparison"]

    (row,) = compared["rules"]
    assert (row["both"], row["only_running"], row["only_candidate"], row["fires_otherwise"]) == (1, 1, 0, 0)
    assert [place["object_id"] for place in row["only_running_examples"]] == ["O-1"]
