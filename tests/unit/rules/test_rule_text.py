"""A rule is written as text and built again, whatever its kind, and judges by the same."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from collector.contract_definitions import load_contracts
from domain.calendar import Calendar, OpenHours
from domain.contract import Contracts, StateMachine
from domain.period import Cutoff, Periods, PeriodScheme, Weeks, YearEnd
from domain.rule import Rule
from domain.sequence_rule import LegalRule
from rules import loader
from rules.references import load_references
from rules.rule_text import build_rule, write_rule
from rules.schema import digest
from tests.unit.rules.histories import PLATINUM, rule

HOURS = (OpenHours(timedelta(hours=9), timedelta(hours=17)),)
CALENDAR = Calendar("de", "Europe/Berlin", (*(HOURS,) * 5, (), ()), "DE", "BY", frozenset((date(2026, 12, 24),)))
WEEKS = Weeks((4, 4, 5), 1, 5, YearEnd.NEAREST)
PERIODS = Periods(by_legal_entity={"DE01": PeriodScheme("de", WEEKS, "Europe/Berlin", Cutoff(3, CALENDAR))})
EVERY_KIND = """
groups:
  - name: all_kinds
    rules:
      - alert: Milestone
        milestone: {object: order, from: order.approved, to: order.posted, within: 4h}
        where: "amount >= 10000 and region in ('EMEA')"
        overrides: [{where: "attributes['tier'] = 'platinum'", within: 1h}]
        calendar: de_business
        pause: {from: held, until: released}
        unless: [order.cancelled]
        at_risk: 75%
        close: {no_later_than: period_end}
        severity: [{at: 100%, level: warning}, {at: 200%, level: critical}]
        labels: {team: order_management}
        annotations: {summary: "{object_id}"}
      - {alert: Requires, sequence: {object: order, event: b, requires: a}, unless: [c]}
      - {alert: NotBefore, sequence: {object: order, event: b, not_before: a}}
      - {alert: NotWhile, sequence: {object: order, event: b, not_while: {from: held, until: released}}}
      - {alert: Repeated, duplicate: {object: order, event: b, count: 2, within: 1d}}
      - {alert: Alike, duplicate: {object: customer, alike: [name, tax_id], described_by: [customer.created]}}
      - {alert: Missing, absence: {event: order.approved, for: 2h, per: [region]}, calendar: de_business}
      - {alert: Slow, threshold: {signal: message_latency, above: 90s, for: 5m, per: [source]}}
      - {alert: Burning, burn_rate: {of: Milestone, slo: 99%, over: 30d}}
"""
CALENDARS = """
calendars:
  de_business:
    time_zone: Europe/Berlin
    hours: {mon-fri: ["09:00-17:00"]}
"""


def every_kind(folder: Path) -> Iterator[Rule]:
    (folder / "rules.yaml").write_text(EVERY_KIND, encoding="utf-8")
    (folder / "calendars").write_text(CALENDARS, encoding="utf-8")
    yield from loader.load_rules([folder / "rules.yaml"], load_references(folder / "calendars", Contracts()))


def shipped() -> Iterator[Rule]:
    root = Path(loader.__file__).parent
    contracts = load_contracts(root.parent / "collector" / "contracts").contracts
    yield from loader.load_rules([loader.SHIPPED], load_references(root / "calendars.yaml", contracts))


def test_a_rule_of_any_kind_that_is_built_from_its_text_judges_by_the_same(tmp_path: Path) -> None:
    machine = StateMachine("new", {"new": {"approved": "open"}, "open": {"closed": "done"}})
    legal = LegalRule(group="g", name="Legal", version="", object_type="order", machine=machine)
    exact = rule(where=PLATINUM, calendar=CALENDAR, close=PERIODS, at_risk=Fraction(2, 3))
    for given in [*every_kind(tmp_path), *shipped(), legal, exact]:
        built = build_rule(write_rule(given))
        assert (type(built), digest(built)) == (type(given), digest(given))
        assert (built.name, built.version, built.group) == (given.name, given.version, given.group)
        assert write_rule(built) == write_rule(given)


def test_the_words_of_a_rule_are_not_in_its_text() -> None:
    assert write_rule(rule(labels={"team": "a"}, annotations={"summary": "b"})) == write_rule(rule())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no rule that this version of Milepost knows: "),
        ('{"is":"subprocess.Popen","args":["true"]}', "subprocess.Popen is no part of a rule"),
        ('{"is":"domain.instants.parse_instant","text":"x"}', "domain.instants.parse_instant is no part of a rule"),
        ('{"is":"domain.rule.GoneRule"}', "is no rule that this version of Milepost knows: "),
        ('{"share":"1/3"}', "is no rule"),
    ],
    ids=["not JSON", "a type from elsewhere", "not a type", "a kind that is gone", "no rule at all"],
)
def test_a_text_that_is_no_rule_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_rule(text)


def test_a_rule_with_a_part_or_a_condition_that_is_not_known_any_more_is_refused() -> None:
    text = json.loads(write_rule(rule(where=PLATINUM)))
    with pytest.raises(ValueError, match="unexpected keyword argument"):
        build_rule(json.dumps({**text, "gone": 1}))
    with pytest.raises(ValueError, match="is not a column"):
        build_rule(json.dumps({**text, "where": "gone_column = 1"}))


def test_only_values_that_a_rule_can_have_are_written() -> None:
    assert json.loads(write_rule(rule(within=timedelta(microseconds=1))))["within"] == {"us": 1}
    with pytest.raises(TypeError, match="no rule judges by a complex"):
        write_rule(rule(where=complex(1, 1)))
    assert build_rule(write_rule(rule(at_risk=Fraction(1, 3)))) == rule(at_risk=Fraction(1, 3))
