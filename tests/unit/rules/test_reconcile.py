"""Two sides that must say the same of an object: exact cases, and the words that alerts say."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from domain.known_facts import with_known_facts
from domain.milestone import Milestone
from domain.reconcile_rule import ReconcileRule, Side
from rules.alert_state import alerts_at, transitions
from rules.calendars import SHIPPED, load_calendars
from tests.unit.rules.growth import calls
from tests.unit.rules.histories import MINUTE, ORDER, START, at
from tests.unit.rules.sides import HOUR, latest, money, noted, rule

_MICROSECOND = timedelta(microseconds=1)


def gist(tested: ReconcileRule, history: Sequence[Milestone]) -> list[tuple[str, object, str, str]]:
    """What is told: state, when it changed, how much money, and why."""
    return [
        (alert.state.value, alert.changed_at, f"{alert.amount} {alert.currency}", alert.reason)
        for alert in transitions(tested, ORDER, history, None, at("9d"))
    ]


@pytest.mark.parametrize(
    ("invoiced", "told"),
    [
        pytest.param("12437.50", [], id="apart by exactly the share that is tolerated"),
        pytest.param("12437.49", [("firing", at("5h"))], id="apart by a cent more"),
        pytest.param("12562.500000001", [("firing", at("5h"))], id="apart by a billionth more the other way"),
    ],
)
def test_the_larger_tolerance_counts_to_the_last_digit(invoiced: str, told: list[object]) -> None:
    history = [money("approved", "0m", "12500.00"), money("posted", "1h", invoiced)]
    assert [change[:2] for change in gist(rule(), history)] == told


def test_the_absolute_tolerance_counts_where_it_is_larger() -> None:
    history = [money("approved", "0m", "100.00"), money("posted", "1h", "99.00")]
    assert gist(rule(), history) == []
    history.append(money("posted", "2h", "-0.01"))
    assert [change[:2] for change in gist(rule(), history)] == [("firing", at("6h"))]


@pytest.mark.parametrize(
    ("later", "told"),
    [
        pytest.param(timedelta(0), [], id="at the last instant of the time to settle"),
        pytest.param(_MICROSECOND, ["firing", "resolved"], id="a microsecond later"),
    ],
)
def test_sides_that_agree_when_the_time_is_over_agree(later: timedelta, told: list[str]) -> None:
    last = replace(money("posted", "5h", "400"), occurred_at=at("5h") + later, received_at=at("5h") + later)
    history = [money("approved", "0m", "1000"), money("posted", "1h", "600"), last]
    assert [change[0] for change in gist(rule(), history)] == told


def test_the_reason_says_what_each_side_says_and_how_the_money_is_apart() -> None:
    sides = {"left": Side(("approved",), None, "order.approved"), "right": Side(("posted",), None, "invoice.posted")}
    tested = rule(
        **sides, less=("credited",), relative=Fraction(0), annotations={"summary": "{left} {right} {difference}"}
    )
    history = [
        money("approved", "0m", "12500.00"),
        money("posted", "1h", "12000.00"),
        money("posted", "2h", "500.00"),
        money("credited", "3h", "100.00"),
        money("posted", "8h", "100.00"),
    ]
    said = (
        "order.approved says 12500.00 EUR, the sum of 2 invoice.posted says 12400.00 EUR: 100.00 EUR apart where 1.00 "
        "EUR is tolerated, for 4 h since 2026-01-05T12:00:00Z"
    )
    assert gist(tested, history) == [
        ("firing", at("7h"), "100.000000000 EUR", f"{said}."),
        ("resolved", at("8h"), "100.000000000 EUR", f"{said}, and posted at 2026-01-05T17:00:00Z (crm) ended that."),
    ]
    (alert,) = alerts_at(tested, ORDER, history, at("7h"))
    assert alert.annotations == {"summary": "12500.00 EUR 12400.00 EUR 100.00 EUR"}
    assert alert.labels["currency"] == "EUR"


def test_amounts_of_two_currencies_are_never_added_nor_compared() -> None:
    mixed = [money("approved", "0m", "100"), money("posted", "1h", "60"), money("posted", "2h", "40", "USD")]
    (change,) = gist(rule(settle=HOUR + MINUTE), [mixed[0], mixed[2], replace(mixed[1], event_id="x")])[-1:]
    assert change[2:] == (
        "100.000000000 EUR",
        "approved says 100.00 EUR, the sum of 2 posted is 60.00 EUR and 40.00 USD: amounts of several currencies, "
        "which cannot be added, for 1 h 1 min since 2026-01-05T10:00:00Z.",
    )
    assert [change[3] for change in gist(latest_amount(), [mixed[0], mixed[2]])] == [
        "approved says 100.00 EUR, posted says 40.00 USD: two currencies, which cannot be compared, since "
        "2026-01-05T11:00:00Z."
    ]


def latest_amount(**changes: object) -> ReconcileRule:
    return rule(**{"sums": False, "settle": timedelta(0), **changes})


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([money("approved", "0m", "100"), money("posted", "1h", None)], id="an invoice without an amount"),
        pytest.param([money("approved", "0m", None), money("posted", "1h", "5")], id="an order without an amount"),
        pytest.param(
            [money("approved", "0m", "100"), money("posted", "1h", "60"), money("posted", "1h", None, event_id="z")],
            id="a sum of which a part is unknown",
        ),
        pytest.param([money("approved", "0m", "100")], id="one side by itself"),
    ],
)
def test_what_is_unknown_is_no_disagreement(history: list[Milestone]) -> None:
    assert gist(rule(settle=timedelta(0)), history) == []


def test_an_amount_that_an_event_inherits_is_none_that_it_states() -> None:
    inherited = with_known_facts([money("approved", "0m", "100"), money("posted", "1h", None)])
    assert inherited[1].facts.amount == Decimal(100)
    assert gist(rule(absolute=Decimal(0), relative=Fraction(0)), [*inherited, money("posted", "2h", "100")]) == []


def test_with_presence_the_side_that_says_nothing_is_waited_for() -> None:
    tested = rule(on=("amount", "presence"))
    history = [money("approved", "0m", "100"), money("posted", "6h", "100")]
    assert [change[:2] + change[3:] for change in gist(tested, history)] == [
        ("firing", at("4h"), "there is approved and no posted, for 4 h since 2026-01-05T09:00:00Z."),
        (
            "resolved",
            at("6h"),
            "there is approved and no posted, for 4 h since 2026-01-05T09:00:00Z, and posted at 2026-01-05T15:00:00Z "
            "(crm) ended that.",
        ),
    ]
    assert [change[3] for change in gist(tested, history[1:])] == [
        "there is posted and no approved, for 4 h since 2026-01-05T15:00:00Z."
    ]
    assert tested.awaited_types == {"approved", "posted"}


def test_a_late_event_takes_back_what_never_lasted_so_long() -> None:
    late = replace(money("posted", "3h", "40"), received_at=at("9h"))
    history = [money("approved", "0m", "100"), money("posted", "1h", "60"), late]
    assert [(change[0], change[3]) for change in gist(rule(), history)][-1] == (
        "retracted",
        "Retracted: later events show that the sides did not disagree for 4 h; that became known at "
        "2026-01-05T18:00:00Z.",
    )


def test_master_data_is_compared_by_what_each_side_said_last_of_each_field() -> None:
    tested = latest("attributes.tax_id", "attributes.address.city", settle=24 * HOUR)
    history = [
        noted("crm", "0m", tax_id="DE1", **{"address.city": "Ulm"}),
        noted("billing", "1h", tax_id="DE2", **{"address.city": " Ulm "}),
        noted("billing", "2h", name="Acme"),
        noted("crm", "30h", tax_id="DE2"),
    ]
    assert [(state, changed_at, reason) for state, changed_at, _, reason in gist(tested, history)] == [
        (
            "firing",
            at("25h"),
            'crm says tax_id "DE1", billing says "DE2", for 1 d since 2026-01-05T10:00:00Z.',
        ),
        (
            "resolved",
            at("30h"),
            'crm says tax_id "DE1", billing says "DE2", for 1 d since 2026-01-05T10:00:00Z, and noted at '
            "2026-01-06T15:00:00Z (crm) ended that.",
        ),
    ]


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        pytest.param(frozenset(), ["firing"], id="as texts they differ"),
        pytest.param(frozenset(["attributes.price"]), [], id="as numbers they are the same"),
    ],
)
def test_prices_are_numbers_where_the_rule_says_so(numbers: frozenset[str], told: list[str]) -> None:
    tested = latest("attributes.price", numbers=numbers)
    history = [noted("crm", "0m", price="10.0"), noted("billing", "5h", price="10.00")]
    assert [change[0] for change in gist(tested, history)] == told


def test_settling_counts_open_hours_where_the_rule_has_a_calendar() -> None:
    calendar = load_calendars([SHIPPED])["de_business"]
    tested = rule(calendar=calendar, settle=8 * HOUR)
    history = [money("approved", "0m", "100"), money("posted", "1h", "60")]
    ((state, changed_at, _, reason),) = gist(tested, history)
    assert (state, changed_at) == ("firing", calendar.add(at("1h"), 8 * HOUR))
    assert "for 8 h of open time in de_business since" in reason


def test_what_fired_before_stands_until_the_next_disagreement_has_lasted() -> None:
    history = [
        money("approved", "0m", "100"),
        money("posted", "1h", "60"),
        money("posted", "6h", "40"),
        money("posted", "7h", "30"),
    ]
    assert [change[:2] for change in gist(rule(), history)] == [
        ("firing", at("5h")),
        ("resolved", at("6h")),
        ("firing", at("11h")),
    ]
    assert [alert.state for alert in alerts_at(rule(), ORDER, history, at("10h"))] == ["resolved"]


def invoices(count: int, *, is_reversed: bool) -> list[Milestone]:
    """An order and its invoices, a minute apart; all received afterwards, in order or the last one first."""
    arrived_at = START + timedelta(days=100)
    history = [money("approved", "0m", str(count), received_at=arrived_at)]
    for number in range(1, count):
        position = count - number if is_reversed else number
        at_: dict[str, Any] = {"occurred_at": START + number * MINUTE, "received_at": arrived_at + position * MINUTE}
        history.append(money("posted", "0m", "1", event_id=f"{number:06}", **at_))
    return history


@pytest.mark.parametrize("is_reversed", [False, True], ids=["in order", "the latest first"])
@pytest.mark.parametrize("sums", [True, False], ids=["a sum", "the latest"])
def test_four_times_the_invoices_take_about_four_times_the_work(sums: bool, is_reversed: bool) -> None:
    few, many = (calls(rule(sums=sums), invoices(count, is_reversed=is_reversed)) for count in (200, 800))
    # Six leaves room for logarithms; sixteen is what comparing each with each takes.
    assert many < 6 * few
