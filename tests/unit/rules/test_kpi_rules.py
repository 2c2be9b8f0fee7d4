"""Threshold rules on KPIs: how they are written, what is said of what cannot be, and what they tell hour by hour."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from domain.contract import Contracts
from domain.errors import ConfigError
from domain.kpi import Dimension, Unit
from domain.kpi_watch import KnownKpis, KpiReading, KpiValue, KpiWatch
from domain.series_rule import Bound, KpiThresholdRule
from rules.kinds.kpi_threshold import KpiState, advance
from rules.kinds.series_told import SeriesTold
from rules.loader import load_rules
from rules.references import References
from rules.rule_tests import run_rule_tests
from rules.rule_words import words_of
from tests.unit.rules.histories import START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KPIS = KnownKpis(
    {
        "order_to_invoice": Unit.SECONDS,
        "booked": Unit.MONEY,
        "completion_rate": Unit.SHARE,
        "manual_touches": Unit.COUNT,
    },
    "EUR",
)
RULES = """\
groups:
  - name: figures
    rules:
      - alert: InvoicesSlow
        threshold: {kpi: order_to_invoice, above: 3d, window: 30d, for: 2h, per: [legal_entity]}
        severity: critical
      - alert: BookedLittle
        threshold: {kpi: booked, below: 250000 EUR, window: 7d}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory of its own, so that paths in messages are short."""
    monkeypatch.chdir(tmp_path)


def load(text: str = RULES, kpis: KnownKpis | None = KPIS) -> list[KpiThresholdRule]:
    Path("rules.yaml").write_text(text)
    rules = load_rules([Path("rules.yaml")], References(kpis=kpis))
    return [rule for rule in rules if isinstance(rule, KpiThresholdRule)]


def test_a_bound_is_read_in_the_unit_of_its_kpi() -> None:
    slow, little = load()
    assert (slow.bound, slow.value, slow.unit, slow.stretch) == (Bound.ABOVE, Decimal(259200), Unit.SECONDS, 2 * HOUR)
    assert slow.watch == KpiWatch("order_to_invoice", 30 * DAY, Dimension.LEGAL_ENTITY)
    assert (little.bound, little.value, little.currency) == (Bound.BELOW, Decimal(250000), "EUR")
    assert little.watch == KpiWatch("booked", 7 * DAY, None)


def test_without_the_kpis_rules_are_read_as_they_are_with_them() -> None:
    assert load(kpis=None) == load()
    assert load(RULES.replace("order_to_invoice", "order_to_invoce"), kpis=None)


THERE_ARE = "there are booked, completion_rate, manual_touches, order_to_invoice"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "kpi: order_to_invoice",
            "kpi: order_to_invoce",
            'rules.yaml:5:26: rule "InvoicesSlow": threshold: kpi is "order_to_invoce", which is no KPI; did you mean '
            f'"order_to_invoice"? {THERE_ARE}',
        ),
        (
            "above: 3d",
            "above: 5%",
            'rules.yaml:5:51: rule "InvoicesSlow": threshold: above is "5%", and order_to_invoice is in seconds; give '
            "a duration such as 3d",
        ),
        (
            "250000 EUR",
            "250000 USD",
            'rules.yaml:8:41: rule "BookedLittle": threshold: below is in USD, and KPIs add up in EUR; give an amount '
            "in EUR",
        ),
        (
            "250000 EUR",
            "many",
            'rules.yaml:8:20: rule "BookedLittle": threshold: below is "many"; give a duration such as 3d, a '
            "percentage such as 95%, an amount with its currency, such as 250000 EUR, a number such as 25",
        ),
        (
            "per: [legal_entity]",
            "per: [service]",
            'rules.yaml:5:20: rule "InvoicesSlow": threshold: per names "service", which is no label here; did you '
            'mean "source"? accepted: legal_entity, region, currency, segment, source, handoff, rule',
        ),
        (
            "per: [legal_entity]",
            "per: [legal_entity, region]",
            'rules.yaml:5:20: rule "InvoicesSlow": threshold: per names legal_entity and region; a KPI is told apart '
            "by one of them",
        ),
        (
            "window: 30d",
            "window: 90m",
            'rules.yaml:5:63: rule "InvoicesSlow": threshold.window is 1h30m; give whole hours from 1h to 366d',
        ),
        (
            "kpi: booked,",
            "kpi: booked, signal: backlog,",
            'rules.yaml:8:20: rule "BookedLittle": threshold: a threshold is on a signal, or on a KPI: give one of '
            "signal and kpi",
        ),
        (
            "kpi: booked,",
            "kpi: booked, of: OrderNotPosted,",
            'rules.yaml:8:20: rule "BookedLittle": threshold: of says nothing of a KPI; remove it',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(RULES.replace(old, new))
    assert str(raised.value) == message


def test_rules_are_put_into_words() -> None:
    slow, little = load()
    assert words_of(slow) == [
        "The KPI order_to_invoice, over the 30 d before each full hour, may not be above 3 d for 2 h, for each "
        "legal_entity.",
        "While its figure is unknown, an alert neither begins nor ends.",
        "An alert is of severity critical.",
    ]
    assert words_of(little)[0] == (
        "The KPI booked, over the 7 d before each full hour, may not be below 250000.00 EUR."
    )


def told(
    rule: KpiThresholdRule, values: Sequence[Mapping[str, int | None] | None], rest: int | None = None
) -> list[SeriesTold]:
    """What is told of days by hour; an hour of None was not read."""
    readings = {
        START + hour * HOUR: KpiReading(
            START + hour * HOUR,
            {label: KpiValue(None if days is None else Decimal(days * 86400)) for label, days in of_hour.items()},
            KpiValue(None if rest is None else Decimal(rest)),
        )
        for hour, of_hour in enumerate(values)
        if of_hour is not None
    }
    return advance(rule, KpiState(), readings, lambda _: False, START - HOUR, START + (len(values) - 1) * HOUR)


def gists(changes: Sequence[SeriesTold]) -> list[tuple[str, int]]:
    return [(change.state.value, (change.known_at - START) // HOUR) for change in changes]


def test_it_says_the_figure_the_bound_and_the_window() -> None:
    slow, _ = load()
    changes = told(slow, [{"DE01": 4}, {"DE01": 4}, {"DE01": 4}, {"DE01": 2}])
    assert gists(changes) == [("firing", 2), ("resolved", 3)]
    assert [change.reason for change in changes] == [
        "order_to_invoice (legal_entity=DE01) is 4 d over the last 30 d, above 3 d for 2 h.",
        "Resolved at 2026-01-05T12:00:00Z: order_to_invoice (legal_entity=DE01) is 2 d over the last 30 d.",
    ]


def test_exactly_at_the_bound_is_within_it() -> None:
    slow, _ = load()
    assert told(replace(slow, stretch=timedelta(0)), [{"DE01": 3}, {"FR01": 3}]) == []


@pytest.mark.parametrize("unknown", [{"DE01": None}, {}, None], ids=["without a value", "absent", "not read"])
def test_what_is_unknown_neither_fires_nor_resolves(unknown: Mapping[str, int | None] | None) -> None:
    slow, _ = load()
    fires = [{"DE01": 4}] * 3
    assert gists(told(slow, [*fires, *[unknown] * 48])) == [("firing", 2)]
    assert told(slow, [{"DE01": 4}, *[unknown] * 48]) == [], "one hour is no two hours"
    assert gists(told(slow, [*fires, *[unknown] * 7 * 24])) == [("firing", 2), ("resolved", 2 + 7 * 24)]


def test_a_label_that_no_case_has_has_a_sum_of_nothing() -> None:
    many = replace(load()[0], stretch=timedelta(0))
    assert gists(told(many, [{"DE01": 4}, {}], rest=0)) == [("firing", 0), ("resolved", 1)]


TESTS = """\
- name: a slow month
  kpis:
    - {at: 0h, kpi: order_to_invoice, value: 4d, labels: {legal_entity: DE01}}
    - {at: 0h, kpi: booked, value: 300000 EUR}
    - {at: 4h, kpi: order_to_invoice, value: 3d, labels: {legal_entity: DE01}}
    - {at: 4h, kpi: booked, value: 249999.99 EUR}
  expect:
    - {at: 1h59m, firing: []}
    - {at: 2h, firing: [InvoicesSlow], severity: {InvoicesSlow: critical}}
    - {at: 4h, firing: [BookedLittle], resolved: [InvoicesSlow]}
"""


def run(tests: str) -> list[str]:
    Path("rules.yaml").write_text(RULES)
    Path("rules_test.yaml").write_text(tests)
    return [
        str(failure)
        for failure in run_rule_tests(
            [Path("rules.yaml")], References(contracts=Contracts()), lambda _, subjects: [frozenset() for _ in subjects]
        ).failures
    ]


def test_rule_tests_state_values_of_kpis() -> None:
    assert run(TESTS) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "kpi: booked, value: 300000 EUR",
            "kpi: billed, value: 300000 EUR",
            'rules_test.yaml:4:7: test "a slow month": kpi is "billed", which no rule here is on; they are on booked, '
            "order_to_invoice",
        ),
        (
            "value: 300000 EUR",
            "value: 3d",
            'rules_test.yaml:4:7: test "a slow month": value is "3d", and booked is in money; give an amount with its '
            "currency, such as 250000 EUR",
        ),
        (
            "value: 4d, labels: {legal_entity: DE01}",
            "value: 4d, labels: {region: EMEA}",
            'rules_test.yaml:3:7: test "a slow month": labels are region; give those of per: legal_entity',
        ),
    ],
)
def test_values_that_fit_no_rule_are_told_with_their_place(old: str, new: str, message: str) -> None:
    assert message in run(TESTS.replace(old, new, 1))
