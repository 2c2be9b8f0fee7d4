"""Forecasts as their authors write them: what is read, and what is said of what cannot be."""

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from domain.errors import ConfigError
from domain.forecast_rule import ForecastRule
from domain.milestone import Facts
from domain.rule import Rule
from rules.loader import load_rules
from rules.references import References
from rules.rule_warnings import warnings_in

FORECAST = "{of: OrderNotPosted, chance: 75%, segment: [region, \"attributes['tier']\"], learn_from: 30d, at_least: 40}"
RULES = f"""\
groups:
  - name: g
    rules:
      - alert: LikelyLate
        forecast: {FORECAST}
        severity: info
      - alert: OrderNotPosted
        milestone: {{object: order, from: order.approved, to: order.posted, within: 4h}}
        where: "amount >= 100"
        overrides: [{{where: "attributes['tier'] = 'platinum'", within: 1h}}]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory of its own, so that paths in messages are short."""
    monkeypatch.chdir(tmp_path)


def load(text: str = RULES) -> dict[str, Rule]:
    Path("rules.yaml").write_text(text)
    return {rule.name: rule for rule in load_rules([Path("rules.yaml")], References())}


def test_a_forecast_is_read_whole_and_is_about_the_milestone_rule() -> None:
    rules = load()
    likely, target = rules["LikelyLate"], rules["OrderNotPosted"]

    assert isinstance(likely, ForecastRule)
    assert likely.target is target
    assert (likely.object_type, likely.where, likely.conditions) == ("order", "amount >= 100", target.conditions)
    assert (likely.chance, likely.learn_from, likely.at_least) == (Fraction(3, 4), timedelta(days=30), 40)
    assert likely.level == "info"
    assert likely.windows == {timedelta(hours=4), timedelta(hours=1)}


def test_what_is_left_out_is_the_usual() -> None:
    likely = load(RULES.replace(FORECAST, "{of: OrderNotPosted}"))["LikelyLate"]

    assert isinstance(likely, ForecastRule)
    assert (likely.chance, likely.learn_from, likely.at_least) == (Fraction(4, 5), timedelta(days=90), 30)
    assert likely.segment == ()


def test_a_segment_needs_every_fact() -> None:
    likely = load()["LikelyLate"]

    assert isinstance(likely, ForecastRule)
    assert likely.segment_of("crm", Facts(region="EMEA", attributes={"tier": "gold"})) == ("EMEA", "gold")
    assert likely.segment_of("crm", Facts(region="EMEA")) is None


def test_the_version_follows_what_is_forecast_and_not_what_was_learnt() -> None:
    before = load()["LikelyLate"].version

    assert (
        load(RULES.replace("severity: info", "labels: {team: a}\n        severity: info"))["LikelyLate"].version
        == before
    )
    for change in (("within: 4h", "within: 5h"), ("chance: 75%", "chance: 76%"), ("30d", "31d"), ("[region, ", "[")):
        assert load(RULES.replace(*change))["LikelyLate"].version != before


@pytest.mark.parametrize(
    ("forecast", "message"),
    [
        (
            "{of: OrderNotPostd}",
            '5:24: rule "LikelyLate": of is "OrderNotPostd", and there is no such rule; did you mean "OrderNotPosted"?',
        ),
        (
            "{of: OrderNotPosted, chance: 100%}",
            '5:48: rule "LikelyLate": forecast.chance is 100%; give more than 0% and less than 100%, such as 80%',
        ),
        (
            "{of: OrderNotPosted, learn_from: 2h}",
            '5:52: rule "LikelyLate": forecast.learn_from is 2h; give 1d to 730d',
        ),
        (
            "{of: OrderNotPosted, segment: [regin]}",
            '5:50: rule "LikelyLate": forecast.segment[0] is "regin"; did you mean region? accepted: region, '
            "legal_entity, currency, source or attributes['key']",
        ),
        (
            "{of: OrderNotPosted, segment: [region, region]}",
            '5:49: rule "LikelyLate": forecast.segment: names the same twice; name each once',
        ),
        (
            "{of: OrderNotPosted, at_least: 4}",
            '5:50: rule "LikelyLate": forecast.at_least is 4; input should be greater than or equal to 5',
        ),
    ],
)
def test_what_cannot_be_meant_is_told_in_its_place(forecast: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(RULES.replace(FORECAST, forecast))

    assert str(error.value) == f"rules.yaml:{message}"


def test_clocks_whose_to_depends_on_the_others_are_not_forecast() -> None:
    with pytest.raises(ConfigError) as error:
        load(RULES.replace("within: 4h}", "within: 4h, pairing: one_to_one}"))

    assert str(error.value) == (
        'rules.yaml:5:24: rule "LikelyLate": of is "OrderNotPosted", whose pairing is one_to_one: which order.posted a '
        "clock gets is not known before those of the others; give a rule with pairing first or each"
    )


def test_conditions_and_calendars_are_those_of_the_milestone_rule() -> None:
    with pytest.raises(ConfigError, match="where says nothing under a rule of this kind; accepted beside it: "):
        load(RULES.replace("severity: info", 'where: "amount > 1"'))


def test_rules_about_other_rules_are_looked_over_for_warnings() -> None:
    load(RULES.replace(FORECAST, "{of: OrderNotPosted}"))

    assert warnings_in([Path("rules.yaml")], References(), None) == []
