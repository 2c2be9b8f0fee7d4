"""Rules on traffic as their authors write them: what is read, and what is said of what cannot be."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from domain.errors import ConfigError
from domain.rule import Rule
from domain.series_rule import AbsenceRule, Bound, BurnRateRule, EventPair, ThresholdRule
from rules.loader import load_rules
from rules.references import References
from tests.unit.rules.test_loader import CALENDARS

RULES = """\
groups:
  - name: traffic
    rules:
      - alert: PaymentsMissing
        absence: {event: payment.received, per: [source, legal_entity], for: 4h, expect: [{source: bank, legal_entity: DE01}]}
        calendar: de_business
        severity: critical
      - alert: CallsFail
        threshold: {signal: api_error_rate, above: 5%, for: 10m, per: [to_service]}
      - alert: OrdersWait
        threshold: {signal: backlog, of: OrderNotPosted, above: 50}
      - alert: PostingBurns
        burn_rate: {slo: 99%, of: OrderNotPosted, over: 30d}
      - alert: OrderNotPosted
        milestone: {object: order, from: order.approved, to: order.posted, within: 4h}
"""  # noqa: E501 - a line of YAML


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory of its own, so that paths in messages are short."""
    monkeypatch.chdir(tmp_path)


def load(text: str = RULES) -> dict[str, Rule]:
    Path("rules.yaml").write_text(text)
    return {rule.name: rule for rule in load_rules([Path("rules.yaml")], References(CALENDARS))}


def test_rules_are_read_whole_and_may_be_about_rules_that_follow() -> None:
    rules = load()
    missing, fail, wait, burns = (rules[name] for name in list(rules)[:4])
    assert isinstance(missing, AbsenceRule)
    assert (missing.stretch, missing.forget_after, missing.level) == (
        timedelta(hours=4),
        timedelta(days=30),
        "critical",
    )
    assert missing.expect == ((("source", "bank"), ("legal_entity", "DE01")),)
    assert missing.calendar is CALENDARS["de_business"]
    assert isinstance(fail, ThresholdRule)
    assert (fail.bound, fail.value, fail.window) == (Bound.ABOVE, Decimal("0.05"), timedelta(minutes=5))
    assert isinstance(wait, ThresholdRule)
    assert wait.pair == EventPair(object_type="order", from_type="order.approved", to_type="order.posted")
    assert isinstance(burns, BurnRateRule)
    assert (burns.objective, burns.target, burns.minimum) == (Fraction(99, 100), rules["OrderNotPosted"], 10)
    assert [(w.factor, w.level) for w in burns.windows] == [
        (Fraction("14.4"), "critical"),
        (Fraction(6), "critical"),
        (Fraction(3), "warning"),
        (Fraction(1), "warning"),
    ]


def test_the_usual_factors_spend_the_same_share_of_a_budget_for_another_time() -> None:
    burns = load(RULES.replace("over: 30d", "over: 15d"))["PostingBurns"]
    assert isinstance(burns, BurnRateRule)
    assert [windows.factor for windows in burns.windows] == [Fraction("7.2"), 3, Fraction("1.5"), Fraction("0.5")]


def test_the_version_follows_the_rule_that_it_is_about() -> None:
    before, after = load(), load(RULES.replace("within: 4h", "within: 5h"))
    changed = {name for name in before if before[name].version != after[name].version}
    assert changed == {"OrderNotPosted", "PostingBurns"}


SIGNALS = "message_latency, failed_transactions, backlog, dead_letters, api_error_rate, api_latency"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "api_error_rate",
            "api_eror_rate",
            'threshold.signal is "api_eror_rate", which is no signal; did you mean "api_error_rate"? accepted: '
            + SIGNALS,
        ),
        (
            "above: 5%",
            "above: 500%",
            'threshold: above is "500%"; give a percentage such as 5%, or a number from 0 to 1',
        ),
        ("above: 5%, ", "", "threshold: a threshold is above or below a value: give one of the two keys"),
        (
            "per: [to_service]",
            "per: [service]",
            'threshold: per names "service", which is no label here; did you mean "to_service"? accepted: '
            "from_service, to_service",
        ),
        (
            "of: OrderNotPosted, above",
            "above",
            "threshold: backlog is of something; give of: the name of a milestone rule, or {object: order, from: "
            "order.approved, to: order.posted}",
        ),
        ("for: 4h", "for: 0s", "absence.for is 0s; give a duration above zero, such as 4h"),
        (
            "for: 4h",
            "for: 40d",
            "absence: seen_within is 30d; give more than the 40d after which it is missing",
        ),
        (
            "legal_entity: DE01}",
            "region: EMEA}",
            "absence: entry 1 of expect names region, source; give those of per: source, legal_entity",
        ),
        ("slo: 99%", "slo: 100%", "burn_rate.slo is 100%; give more than 0% and less than 100%, such as 99%"),
        (
            "burn_rate: {slo: 99%, of: OrderNotPosted",
            "burn_rate: {slo: 99%, of: OrderNotPostd",
            'of is "OrderNotPostd", and there is no such rule; did you mean "OrderNotPosted"?',
        ),
        (
            "burn_rate: {slo: 99%, of: OrderNotPosted",
            "burn_rate: {slo: 99%, of: CallsFail",
            'of is "CallsFail", which is a rule of kind threshold; give a milestone rule',
        ),
        (
            "over: 30d}",
            "over: 30d}\n        severity: critical",
            "severity says nothing under burn_rate; each of its windows has a level",
        ),
        (
            "over: 30d}",
            "over: 30d, windows: [{factor: 2, long: 1h, short: 1h, level: warning}]}",
            "burn_rate.windows[0]: short is 1h and long 1h; short must be shorter",
        ),
    ],
)
def test_one_thing_wrong_is_one_problem(old: str, new: str, message: str) -> None:
    assert old in RULES
    with pytest.raises(ConfigError) as refusal:
        load(RULES.replace(old, new, 1))
    (problem,) = str(refusal.value).splitlines()
    assert problem.split('": ', 1)[1] == message
