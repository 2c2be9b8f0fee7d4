"""Rule files: what they become, and every way in which they can be wrong."""

import re
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from domain.calendar import Calendar, OpenHours
from domain.errors import ConfigError
from domain.rule import MilestoneRule, Override, Pairing, Pause, SeverityStep
from rules.alert_text import PLACEHOLDERS
from rules.condition_text import ACCEPTED
from rules.loader import load_rules
from rules.references import References

HOUR = timedelta(hours=1)
BUSINESS = Calendar("de_business", "Europe/Berlin", ((OpenHours(9 * HOUR, 17 * HOUR),),) * 5 + ((), ()))
CALENDARS = {"de_business": BUSINESS}

WHOLE = """\
groups:
  - name: order_to_bill
    rules:
      - alert: OrderNotPosted
        milestone: {object: order, from: order.approved, to: order.posted, within: 4h}
        where: "amount >= 10000 and region in ('EMEA')"
        overrides: [{where: "attributes['tier'] = 'platinum'", within: 1h}]
        calendar: de_business
        pause: {from: credit.hold_applied, until: credit.hold_released}
        unless: [order.cancelled]
        pairing: each
        skew: 2m
        at_risk: 75%
        severity: [{at: 100%, level: warning}, {at: 200%, level: critical}]
        labels: {team: order_management}
        annotations: {summary: "Order {object_id} approved {elapsed} ago, not in ERP", runbook: "Repost it"}
"""


KEYS = (
    "alert, where, overrides, calendar, pause, unless, pairing, skew, at_risk, close, severity, labels, annotations, "
    "intervention, milestone, sequence, duplicate, reconcile, authority, absence, threshold, burn_rate, forecast"
)
FILLED_IN = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the working directory, so that paths in messages are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(text: str, calendars: dict[str, Calendar] = CALENDARS) -> MilestoneRule:
    Path("rules.yaml").write_text(text)
    (rule,) = load_rules([Path("rules.yaml")], References(calendars))
    assert isinstance(rule, MilestoneRule)
    return rule


def problems_in(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        load(text)
    return str(refusal.value).splitlines()


def changed(old: str, new: str) -> str:
    assert old in WHOLE
    return WHOLE.replace(old, new)


@pytest.mark.usefixtures("folder")
def test_a_rule_with_every_key_is_read_whole() -> None:
    rule = load(WHOLE)
    assert rule == MilestoneRule(
        group="order_to_bill",
        name="OrderNotPosted",
        object_type="order",
        from_type="order.approved",
        to_type="order.posted",
        within=timedelta(hours=4),
        version=rule.version,
        pairing=Pairing.EACH,
        skew=timedelta(minutes=2),
        unless=("order.cancelled",),
        where="amount >= 10000 and region in ('EMEA')",
        overrides=(Override("attributes['tier'] = 'platinum'", HOUR),),
        calendar=BUSINESS,
        pause=Pause("credit.hold_applied", "credit.hold_released"),
        at_risk=Fraction(3, 4),
        severity=(SeverityStep(Fraction(1), "warning"), SeverityStep(Fraction(2), "critical")),
        labels={"team": "order_management"},
        annotations={"summary": "Order {object_id} approved {elapsed} ago, not in ERP", "runbook": "Repost it"},
    )


@pytest.mark.usefixtures("folder")
def test_pairing_and_skew_may_stand_under_milestone() -> None:
    moved = changed("        pairing: each\n        skew: 2m\n", "").replace(
        "within: 4h}\n        where", "within: 4h, pairing: each, skew: 2m}\n        where"
    )
    assert load(moved) == load(WHOLE)


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        pytest.param(
            "within: 4h}",
            "within: 0s}",
            "5:84",
            "milestone.within is 0s; give a duration above zero, such as 4h",
            id="no time at all",
        ),
        pytest.param(
            "within: 4h}",
            "within: 4}",
            "5:84",
            "milestone.within is 4; give a duration such as 4h, 90m, 1h30m or 2d (units w, d, h, m, s, ms)",
            id="a number without a unit",
        ),
        pytest.param(
            "within: 4h}",
            "within: 4000d}",
            "5:84",
            "milestone.within is 4000d; give 3650d at most",
            id="more than ten years",
        ),
        pytest.param(
            "within: 4h}",
            "within: 900d}",
            "5:84",
            "its last step comes after 1800d of open time, more than ten years of de_business; stay within 866d16h",
            id="more open time than ten years have",
        ),
        pytest.param(
            "to: order.posted",
            "to: order.approved",
            "5:20",
            'milestone: from and to are both "order.approved"; such a clock stops where it starts',
            id="from is to",
        ),
        pytest.param("to: order.posted, ", "", "5:20", "milestone.to is missing", id="no to"),
        pytest.param(
            "alert: OrderNotPosted",
            "alert: order-not-posted",
            "4:16",
            'alert is "order-not-posted"; give a CamelCase name, such as OrderNotPosted',
            id="a name with hyphens",
        ),
        pytest.param(
            "alert: OrderNotPosted",
            "alert: SourceSilent",
            "4:16",
            "alert is SourceSilent, which the engine raises itself; give another name",
            id="the name of the engine's own alert",
        ),
        pytest.param(
            "name: order_to_bill",
            'name: "order to bill"',
            "2:11",
            'name is "order to bill"; give a snake_case name, such as order_to_bill',
            id="a group's name with spaces",
        ),
        pytest.param(
            "amount >= 10000",
            "amont >= 10000",
            "6:16",
            f"where: amont at column 1 is not a column; did you mean amount? accepted: {ACCEPTED}",
            id="a condition on no column",
        ),
        pytest.param(
            "'platinum'\"",
            "'platinum' union select 1\"",
            "7:29",
            f'overrides[0].where: cannot be read at column 44, near "select"; accepted: {ACCEPTED}',
            id="more than a condition",
        ),
        pytest.param(
            "calendar: de_business",
            "calendar: de_busines",
            "8:19",
            'calendar "de_busines" is not defined; give one of de_business',
            id="a calendar that is not there",
        ),
        pytest.param(
            "until: credit.hold_released",
            "until: credit.hold_applied",
            "9:16",
            'pause: from and until are both "credit.hold_applied"; such a stretch ends where it begins',
            id="a pause of nothing",
        ),
        pytest.param(
            "[order.cancelled]",
            "[order.posted]",
            "4:9",
            'unless names "order.posted", which the milestone itself goes from or to',
            id="unless what is owed",
        ),
        pytest.param(
            "[order.cancelled]",
            "['']",
            "10:18",
            "unless[0] is empty; give the name of an event type or object, such as order.approved",
            id="unless nothing",
        ),
        pytest.param(
            "pairing: each",
            "pairing: both",
            "11:18",
            "pairing is \"both\"; give 'first', 'each' or 'one_to_one'",
            id="a pairing that is none",
        ),
        pytest.param(
            "skew: 2m",
            "skew: 2d",
            "12:15",
            "skew is 2d; give 1d at most",
            id="clocks two days apart",
        ),
        pytest.param(
            "within: 4h}",
            "within: 4h, skew: 1m}",
            "4:9",
            "skew is given twice, here and under milestone; give it once",
            id="a skew in both places",
        ),
        pytest.param(
            "at_risk: 75%",
            "at_risk: 100%",
            "13:18",
            "at_risk is 100%; give more than 0% and less than 100%",
            id="at risk when it is late",
        ),
        pytest.param(
            "at_risk: 75%",
            "at_risk: 0.75",
            "13:18",
            "at_risk is 0.75; give a percentage such as 75%",
            id="a share without a percent sign",
        ),
        pytest.param(
            "at: 200%",
            "at: 100%",
            "14:19",
            "severity: has a step at 100% after one at 100%; give each step a later share than the one before, such as "
            "100% and then 200%",
            id="two steps at once",
        ),
        pytest.param(
            "at: 200%",
            "at: 2000%",
            "14:53",
            "severity[1].at is 2000%; give more than 0% and at most 1000%",
            id="a step beyond ten windows",
        ),
        pytest.param(
            "level: critical",
            "level: page",
            "14:66",
            "severity[1].level is \"page\"; give 'info', 'warning' or 'critical'",
            id="a level that is none",
        ),
        pytest.param(
            "severity: [{at: 100%, level: warning}, {at: 200%, level: critical}]",
            "severity: []",
            "14:19",
            "severity is empty; give at least one",
            id="no steps",
        ),
        pytest.param(
            "{team: order_management}",
            "{severity: page}",
            "15:28",
            "labels.severity: severity is set for every alert; give the label another name",
            id="a label that every alert has",
        ),
        pytest.param(
            "{team: order_management}",
            "{a-b: x}",
            "15:23",
            'labels.a-b: "a-b" cannot name a label; give letters, digits and _, such as team',
            id="a label with a hyphen",
        ),
        pytest.param(
            "{object_id} approved",
            "{objectid} approved",
            "16:32",
            "annotations.summary: nothing fills in {objectid}; accepted: " + FILLED_IN,
            id="a placeholder misspelt",
        ),
        pytest.param(
            "        skew: 2m\n",
            "        skew: 2m\n        wher: x\n",
            "13:9",
            'unknown key "wher"; did you mean "where"? accepted: ' + KEYS,
            id="a key misspelt",
        ),
        pytest.param(
            "        skew: 2m\n",
            "        skew: 2m\n        intervention: {}\n",
            "13:23",
            "intervention is a mapping; give text, in quotes if need be",
            id="an intervention described in place",
        ),
        pytest.param(
            "        skew: 2m\n",
            "        skew: 2m\n        intervention: repost order\n",
            "13:23",
            'intervention is "repost order"; give the name of an intervention, such as repost_order',
            id="no name of an intervention",
        ),
        pytest.param(
            'runbook: "Repost it"',
            'intervention: "Repost it"',
            "16:102",
            "annotations.intervention: intervention is a key of the rule itself; give the annotation another name",
            id="an annotation named as a key of the rule",
        ),
    ],
)
@pytest.mark.usefixtures("folder")
def test_one_thing_wrong_is_one_problem(old: str, new: str, place: str, message: str) -> None:
    (problem,) = problems_in(changed(old, new))
    assert re.sub(r'(rule|group) "[^"]*": ', "", problem, count=1) == f"rules.yaml:{place}: {message}"


def test_every_problem_of_all_files_is_told_at_once(folder: Path) -> None:
    (folder / "rules").mkdir()
    (folder / "rules" / "a.yaml").write_text(changed("within: 4h}", "within: 0s}").replace("75%", "750%"))
    (folder / "rules" / "b.yaml").write_text("groups: [")
    with pytest.raises(ConfigError) as refusal:
        load_rules([Path("rules"), Path("none.yaml")], References(CALENDARS))
    assert str(refusal.value).splitlines() == [
        "none.yaml: cannot be read: No such file or directory",
        'rules/a.yaml:5:84: rule "OrderNotPosted": milestone.within is 0s; give a duration above zero, such as 4h',
        'rules/a.yaml:13:18: rule "OrderNotPosted": at_risk is 750%; give more than 0% and less than 100%',
        "rules/b.yaml:1:10: is not YAML: while parsing a flow node expected the node content, but found '<stream end>'",
    ]


def test_a_name_given_twice_in_any_file_is_refused(folder: Path) -> None:
    (folder / "a.yaml").write_text(WHOLE)
    (folder / "b.yaml").write_text("# the same again\n" + WHOLE)
    with pytest.raises(ConfigError) as refusal:
        load_rules([Path("a.yaml"), Path("b.yaml")], References(CALENDARS))
    assert str(refusal.value) == 'b.yaml:5:16: rule "OrderNotPosted" is given twice; the first is in a.yaml:4'


def test_tests_and_other_files_in_a_folder_are_not_read_as_rules(folder: Path) -> None:
    (folder / "area").mkdir()
    (folder / "area" / "orders.yaml").write_text(WHOLE)
    (folder / "area" / "orders_test.yaml").write_text("not: rules")
    (folder / "README.md").write_text("not: rules")
    assert [rule.name for rule in load_rules([folder], References(CALENDARS))] == ["OrderNotPosted"]


def test_a_folder_without_rules_is_refused(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(ConfigError) as refusal:
        load_rules([Path("empty")], References(CALENDARS))
    assert str(refusal.value) == "empty: holds no rule files (*.yaml)"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("within: 4h}", "within: 5h}", id="another window"),
        pytest.param("at_risk: 75%", "at_risk: 80%", id="at risk later"),
        pytest.param("level: critical", "level: info", id="another level"),
        pytest.param("amount >= 10000", "amount >= 20000", id="another condition"),
        pytest.param("calendar: de_business\n", "calendar: de_business_too\n", id="a calendar with other hours"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_the_version_changes_where_a_verdict_could(old: str, new: str) -> None:
    calendars = {**CALENDARS, "de_business_too": Calendar("de_business_too", "UTC", BUSINESS.week)}
    assert load(changed(old, new), calendars).version != load(WHOLE).version


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("order_management", "billing", id="another label"),
        pytest.param("Repost it", "Call them", id="another annotation"),
        pytest.param("name: order_to_bill", "name: orders", id="another group"),
        pytest.param("within: 4h}", "within: 240m}", id="the same window in other words"),
        pytest.param("calendar: de_business\n", "calendar: de_business_too\n", id="a calendar with the same hours"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_the_version_stays_where_no_verdict_can_change(old: str, new: str) -> None:
    calendars = {**CALENDARS, "de_business_too": Calendar("de_business_too", "Europe/Berlin", BUSINESS.week)}
    assert load(changed(old, new), calendars).version == load(WHOLE).version
