"""Rules as markup: the list with how each does, what one means, its versions, and what was found of a draft."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from dashboard.components.cards import instant, money
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import UNKNOWN, Reader, count_of, grouped, percent
from dashboard.rule_drafts import Tested
from dashboard.rule_files import Checked
from dashboard.rule_reads import Budget, VersionLine
from domain.errors import Problem
from domain.instants import parse_instant
from domain.money import parse_amount
from domain.rule import Rule
from domain.series_rule import BurnRateRule
from storage.rule_health import RuleHealth

RULE = "rule"
_NONE = Html('<span class="mp-none">–</span>')
_MANY = 0.5
_FIGURES = (
    ("fired", "Fired"),
    ("resolved", "Resolved"),
    ("retracted", "Retracted"),
    ("at_risk", "At risk"),
    ("firing_at_end", "Firing at the end"),
)
_COMPARED = (
    ("both", "fire with both"),
    ("only_running", "only with the rule that runs"),
    ("only_candidate", "only with the draft"),
    ("fires_otherwise", "at another instant"),
    ("other_severity", "with another severity"),
)


def rules_table(
    rules: Sequence[Rule], health: Mapping[str, RuleHealth], budgets: Mapping[str, Budget], reader: Reader
) -> Html:
    """Every rule: how it is, how many stand, when it fired last, how much was noise, and what budget is left."""
    columns = (
        Column("Rule", "wide"),
        Column("How it is"),
        Column("Stand", "number"),
        Column("Fired last", "number"),
        Column("Noise, 30 days", "number"),
        Column("Budget left", "number"),
        Column("Version", "id"),
    )
    rows = [_rule_row(rule, health.get(rule.name), budgets.get(rule.name), reader) for rule in rules]
    return table(columns, rows, caption="Rules and how they do", class_="mp-stacked mp-labelled mp-rule-list")


def _rule_row(rule: Rule, health: RuleHealth | None, budget: Budget | None, reader: Reader) -> tuple[str, ...]:
    link = element("a", rule.name, href=f"rules?{urlencode({RULE: rule.name})}", target="_self", class_="mp-link")
    last = health.last_fired_at if health else None
    return (
        join(link, element("span", rule.group, class_="mp-sub")),
        rule_state(health),
        grouped(health.firing + health.at_risk + health.suspended) if health else "0",
        join(instant(reader, last), element("span", reader.ago(last), class_="mp-sub")) if last else "never",
        _noise(health),
        budget_text(budget) if isinstance(rule, BurnRateRule) else _NONE,
        element("span", rule.version[:8], title=rule.version, class_="mp-quiet"),
    )


def rule_state(health: RuleHealth | None) -> Html:
    """How a rule is, by the gravest of its alerts that stand."""
    for state, count, word in _standing(health):
        if count:
            icon = element("span", class_=f"mp-icon mp-icon-{state}", aria_hidden="true")
            return element("span", icon, f"{grouped(count)} {word}", class_=f"mp-chip mp-{state}")
    icon = element("span", class_="mp-icon mp-icon-in_time", aria_hidden="true")
    return element("span", icon, "quiet", class_="mp-chip mp-in_time")


def _standing(health: RuleHealth | None) -> Sequence[tuple[str, int, str]]:
    if health is None:
        return ()
    return (
        ("firing", health.firing, "firing"),
        ("suspended", health.suspended, "suspended"),
        ("at_risk", health.at_risk, "at risk"),
    )


def _noise(health: RuleHealth | None) -> Html:
    if health is None or health.noise_share is None:
        return element("span", "none ended", class_="mp-quiet")
    tone = "mp-differs" if health.noise_share >= _MANY else None
    of = f"{grouped(health.noise)} of {count_of(health.ended, 'alert')} that ended"
    return join(element("span", percent(health.noise_share), class_=tone), element("span", of, class_="mp-sub"))


def budget_text(budget: Budget | None) -> Html:
    """What is left of a budget, and of how many cases."""
    if budget is None:
        return element("span", UNKNOWN, class_="mp-unknown", title="no case of its rule has ended in this time")
    left = float(budget.left)
    text = percent(left) if left >= 0 else f"overspent by {percent(-left)}"
    tone = "mp-differs" if left <= 0 else None
    return join(element("span", text, class_=tone), element("span", count_of(budget.cases, "case"), class_="mp-sub"))


def words_list(words: Sequence[str]) -> Html:
    """What a rule means: the first sentence says what must hold."""
    first, *rest = words
    return element(
        "div",
        element("p", first, class_="mp-words-first"),
        element("ul", [element("li", one) for one in rest]),
        class_="mp-words",
    )


def versions_table(lines: Sequence[VersionLine], reader: Reader) -> Html:
    """Which version judges which cases, the newest first."""
    columns = (
        Column("Version", "id"),
        Column("Cases that started", "wide"),
        Column("Open alerts", "number"),
        Column("Adopted", "number"),
        Column("Why"),
    )
    rows = [
        (
            element("span", line.rule_version[:8], title=line.rule_version),
            join(
                instant(reader, line.since) if line.since else "from the first on",
                join(" until ", instant(reader, line.until)) if line.until else " and later" if line.since else "",
            ),
            grouped(line.open_alerts),
            instant(reader, line.adopted_at),
            line.reason or _NONE,
        )
        for line in lines
    ]
    return table(
        columns, rows, caption="Versions of the rule and the cases they judge", class_="mp-stacked mp-labelled"
    )


def check_result(checked: Checked) -> Html:
    """What a check says, each problem with its place."""
    if checked.problems:
        return _result("firing", f"{count_of(len(checked.problems), 'problem')} to mend", _problems(checked.problems))
    versions = ", ".join(f"{rule.name} {rule.version[:8]}" for rule in checked.rules)
    text = f"The rule is right: {versions}" if versions else "The files are right, and no rule is left in the text"
    return _result("in_time" if versions else "at_risk", text, _problems(checked.warnings))


def test_result(tested: Tested, *, is_current: bool) -> Html:
    """What tests came to, and whether that is of the text as it is."""
    if not is_current:
        return _result("suspended", "The text was changed since its tests ran", Html(""))
    if tested.problems:
        return _result("firing", "The tests cannot be run", _problems(tested.problems))
    if tested.failures:
        words = f"{count_of(tested.tests, 'test')}, {count_of(len(tested.failures), 'failure')}"
        return _result("firing", words, _problems(tested.failures))
    return _result("in_time", f"{count_of(tested.tests, 'test')} passed", Html(""))


def _result(tone: str, text: str, more: Html) -> Html:
    icon = element("span", class_=f"mp-icon mp-icon-{tone}", aria_hidden="true")
    head = element("div", icon, text, class_="mp-result-head")
    return element("div", head, more, class_=f"mp-result mp-{tone}", role="status")


def _problems(problems: Sequence[Problem]) -> Html:
    if not problems:
        return Html("")
    rows = [element("li", element("span", _place(one), class_="mp-place"), one.message) for one in problems]
    return element("ul", rows)


def _place(problem: Problem) -> str:
    if not problem.line:
        return f"{problem.path} "
    column = f", column {problem.column}" if problem.column else ""
    return f"{problem.path}, line {problem.line}{column}: "


def backtest_result(report: Mapping[str, Any], reader: Reader, *, is_current: bool) -> Html:
    """What the rule that runs and the draft would have told of the same stretch, and where they differ."""
    span = join(
        "From ", instant(reader, parse_instant(report["from"])), " to ", instant(reader, parse_instant(report["to"]))
    )
    stale = element("span", ", of an earlier text", class_="mp-differs") if not is_current else ""
    parts = [element("p", span, stale, class_="mp-quiet"), _sides(report["running"], report["candidate"])]
    unanswered = {one["alert"]: one["reason"] for one in report["candidate"]["unanswered"]}
    parts += [element("p", f"{name}: {reason}", class_="mp-quiet") for name, reason in unanswered.items()]
    total = report["comparison"]["total"]
    counts = [element("li", element("b", grouped(total[key])), f" {count_words}") for key, count_words in _COMPARED]
    parts.append(element("ul", counts, class_="mp-compared"))
    for key, title in (
        ("only_candidate_examples", "Only with the draft"),
        ("only_running_examples", "No more with it"),
    ):
        examples = [one for rule in report["comparison"]["rules"] for one in rule[key]]
        if examples:
            parts.append(_examples(title, examples, reader))
    return element("div", parts, class_="mp-backtest")


def _sides(running: Mapping[str, Any], candidate: Mapping[str, Any]) -> Html:
    before, after = running["total"], candidate["total"]
    columns = (Column("", "wide"), Column("Runs", "number"), Column("Draft", "number"), Column("Change", "number"))
    rows = [
        (title, grouped(before[key]), grouped(after[key]), _change(after[key] - before[key])) for key, title in _FIGURES
    ]
    levels = sorted({*before["pages_per_week"], *after["pages_per_week"]})
    for level in levels:
        old, new = before["pages_per_week"].get(level, 0), after["pages_per_week"].get(level, 0)
        rows.append((f"Pages a week, {level}", grouped(old, "g"), grouped(new, "g"), _change(round(new - old, 3))))
    sums = [{one["currency"]: parse_amount(one["amount"]) for one in side["money"]} for side in (before, after)]
    for currency in sorted({*sums[0], *sums[1]}):
        shown = [money(side[currency], currency) if currency in side else _NONE for side in sums]
        rows.append((f"Money behind what fired, {currency}", shown[0], shown[1], _NONE))
    return table(columns, rows, caption="The rule that runs and the draft", class_="mp-sides")


def _change(difference: float) -> str:
    return "±0" if not difference else f"{difference:+,g}".replace("-", "−")


def _examples(title: str, examples: Sequence[Mapping[str, Any]], reader: Reader) -> Html:
    columns = (Column("Object"), Column("Fired", "number"), Column("Severity"), Column("Money", "number"))
    rows = [
        (
            f"{one['object_type']}/{one['object_id']}",
            instant(reader, parse_instant(one["fired_at"])),
            one["severity"],
            money(parse_amount(one["amount"]) if one["amount"] else None, one["currency"]),
        )
        for one in examples
    ]
    return join(element("h4", title), table(columns, rows, caption=title))
