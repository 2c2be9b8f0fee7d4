"""Runs the tests that stand beside rule files: events over time, and the alerts expected at given moments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Protocol

from domain.alert import Alert
from domain.alike_rule import AlikeRule
from domain.business_object import BusinessObject
from domain.config_file import ConfigFile, load_file
from domain.contract import Contracts
from domain.duration import write_duration
from domain.errors import ConfigError, Problem
from domain.forecast_rule import ForecastRule
from domain.known_facts import with_known_facts
from domain.milestone import Milestone
from domain.rule import ObjectRule, Rule
from domain.series_rule import BurnRateRule, SeriesRule
from domain.source_silence import Silences
from rules.alert_state import alerts_at
from rules.alike import standing_alerts
from rules.compiler import compile_condition
from rules.forecast_tests import informed_by
from rules.loader import TEST_SUFFIX, load_rules_by_file, rule_files
from rules.references import References
from rules.rule_test_schema import TITLES, ExpectationConfig, RuleTestConfig, RuleTestsConfig
from rules.series_tests import Histories, is_series_started, series_alerts_in, unfit_values

Subject = tuple[BusinessObject, Milestone]
TestedRule = ObjectRule | AlikeRule | SeriesRule


class ConditionEvaluator(Protocol):
    """Tells of each milestone which conditions are true of it; `conditions` maps texts to checked SQL."""

    def __call__(self, conditions: Mapping[str, str], milestones: Sequence[Subject]) -> Sequence[frozenset[str]]: ...


@dataclass(frozen=True, slots=True)
class RuleTestReport:
    """How many tests ran and everything that was not as expected, each with its place."""

    tests: int
    failures: Sequence[Problem]

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.failures


@dataclass(slots=True)
class _Seen:
    """Which rules a file's tests expect to fire, and to stay quiet once their clock has started."""

    firing: set[str] = field(default_factory=set)
    quiet: set[str] = field(default_factory=set)


def run_rule_tests(
    paths: Iterable[Path], references: References, true_conditions: ConditionEvaluator
) -> RuleTestReport:
    """Runs the tests beside every rule file that paths name; ConfigError where a file cannot be read as one."""
    paths = list(paths)
    files = rule_files(paths)
    rules = load_rules_by_file(files, references)
    failures = list(_orphans(paths, files))
    tests = 0
    problems: list[Problem] = []
    for path in files:
        test_path = path.with_name(path.stem + TEST_SUFFIX)
        if not test_path.exists():
            failures.append(Problem(path, 0, 0, f"has no tests beside it; write {test_path.name}"))
            continue
        try:
            file = load_file(test_path, RuleTestsConfig, TITLES)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        tests += len(file.model.root)
        failures.extend(_run_file(path, _tested(rules.get(path, [])), file, references.contracts, true_conditions))
    if problems:
        raise ConfigError(problems)
    return RuleTestReport(tests, sorted(failures))


def _tested(rules: Iterable[Rule]) -> list[TestedRule]:
    return [rule for rule in rules if isinstance(rule, ObjectRule | AlikeRule | SeriesRule)]


def _awaited_sources(rules: Iterable[TestedRule], contracts: Contracts) -> set[str]:
    awaited = frozenset().union(*(rule.awaited_types for rule in rules if isinstance(rule, ObjectRule)))
    return {source for type_ in awaited & contracts.events.keys() for source in contracts.events[type_].sources}


def _orphans(paths: Iterable[Path], files: Iterable[Path]) -> Iterator[Problem]:
    tested = {path.with_name(path.stem + TEST_SUFFIX) for path in files}
    for folder in paths:
        for path in sorted(folder.rglob(f"*{TEST_SUFFIX}")) if folder.is_dir() else ():
            if path not in tested:
                rules = path.name.removesuffix(TEST_SUFFIX) + ".yaml"
                yield Problem(path, 0, 0, f"tests no rules: there is no {rules} beside it")


def _run_file(
    path: Path,
    rules: Sequence[TestedRule],
    file: ConfigFile[RuleTestsConfig],
    contracts: Contracts,
    true_conditions: ConditionEvaluator,
) -> Iterator[Problem]:
    seen = _Seen()
    names = {rule.name for rule in rules}
    awaited = _awaited_sources(rules, contracts)
    for number, (test, histories) in enumerate(_with_histories(rules, file.model.root, true_conditions)):
        for position, silent in enumerate(test.silent):
            if silent.source not in awaited:
                accepted = f"one of {', '.join(sorted(awaited))}" if awaited else "none: contracts name none"
                where = f'test "{test.name}": no rule here waits for the word of {silent.source}; give {accepted}'
                yield file.problem((number, "silent", position), where)
        for position, wrong in unfit_values(rules, test):
            yield file.problem((number, "kpis", position), f'test "{test.name}": {wrong}')
        for position, expectation in enumerate(test.expect):
            unknown = sorted(expectation.names - names)
            messages = [f"expects {name}, which is no rule in {path.name}" for name in unknown]
            messages = messages or list(_compare(rules, test, histories, contracts, expectation, seen))
            for message in messages:
                where = f'test "{test.name}": at {write_duration(expectation.at)}: {message}'
                yield file.problem((number, "expect", position), where)
    for rule in rules:
        missing = []
        if rule.name not in seen.firing:
            missing.append("at risk" if isinstance(rule, ForecastRule) else "firing")
        if rule.name not in seen.quiet:
            missing.append("quiet once its clock has started")
        if missing:
            yield Problem(file.path, 0, 0, f'no test expects rule "{rule.name}" to be {" or ".join(missing)}')


def _with_histories(
    rules: Sequence[TestedRule], tests: Sequence[RuleTestConfig], true_conditions: ConditionEvaluator
) -> Iterator[tuple[RuleTestConfig, Histories]]:
    """Each test with the milestones of its objects; one question answers the conditions of all of them."""
    subjects = [
        (number, object_, milestone)
        for number, test in enumerate(tests)
        for object_, stated in test.histories.items()
        for milestone in with_known_facts(stated)
    ]
    conditions = {text: compile_condition(text).sql for rule in rules for text in _conditions(rule)}
    held = true_conditions(conditions, [(object_, milestone) for _, object_, milestone in subjects])
    answered = list(zip(subjects, held, strict=True))
    by_test: dict[int, dict[BusinessObject, list[Milestone]]] = {number: {} for number in range(len(tests))}
    for (number, object_), group in groupby(answered, key=lambda item: item[0][:2]):
        by_test[number][object_] = [replace(milestone, holds=holds) for (_, _, milestone), holds in group]
    for number, test in enumerate(tests):
        yield test, by_test[number]


def _conditions(rule: TestedRule) -> tuple[str, ...]:
    judged = rule.target if isinstance(rule, BurnRateRule) else rule
    return judged.conditions if isinstance(judged, ObjectRule) else ()


def _compare(
    rules: Sequence[TestedRule],
    test: RuleTestConfig,
    histories: Histories,
    contracts: Contracts,
    expectation: ExpectationConfig,
    seen: _Seen,
) -> Iterator[str]:
    """What is not as expected at one moment, expected beside got."""
    at = test.start + expectation.at
    histories = _received_by(histories, at)
    expected_of = _expected_of(rules, expectation)
    seen.firing.update(expected_of)
    silences = test.silences(contracts, at)
    alerts: list[Alert] = []
    for rule in rules:
        if isinstance(rule, SeriesRule):
            alerts += series_alerts_in(rule, test, histories, silences, at)
            is_started = is_series_started(rule, test, histories, at)
        else:
            rule = informed_by(rule, test.history) if isinstance(rule, ForecastRule) else rule
            of_type = {one.id: history for one, history in histories.items() if one.type == rule.object_type}
            alerts += _alerts_at(rule, of_type, at, silences)
            is_started = any(_is_started(rule, history, at) for history in of_type.values())
        if rule.name not in expected_of and is_started:
            seen.quiet.add(rule.name)
    for state in ("firing", "at_risk", "resolved", "suspended"):
        expected = getattr(expectation, state)
        got = sorted(alert.name for alert in alerts if alert.state == state)
        if expected is not None and sorted(expected) != got:
            yield f"{state}: expected [{', '.join(sorted(expected))}], got [{', '.join(got)}]"
    for name, level in expectation.severity.items():
        levels = sorted({alert.severity for alert in alerts if alert.name == name})
        if levels != [level]:
            yield f"severity of {name}: expected {level}, got {', '.join(levels) or 'no alert'}"


def _received_by(histories: Histories, at: datetime) -> Histories:
    known = {
        one: [milestone for milestone in stated if milestone.received_at <= at] for one, stated in histories.items()
    }
    return {one: stated for one, stated in known.items() if stated}


def _expected_of(rules: Iterable[TestedRule], expectation: ExpectationConfig) -> set[str]:
    """The rules that a moment expects to fire; those that forecast never do, and are at risk instead."""
    forecasts = {rule.name for rule in rules if isinstance(rule, ForecastRule)}
    return {*expectation.firing, *forecasts.intersection(expectation.at_risk or ())}


def _alerts_at(
    rule: ObjectRule | AlikeRule, histories: Mapping[str, Sequence[Milestone]], at: datetime, silences: Silences
) -> list[Alert]:
    if isinstance(rule, AlikeRule):
        return standing_alerts(rule, histories, at)
    unknown = silences.unknown_times(rule.awaited_types)
    return [
        alert
        for object_id, history in histories.items()
        for alert in alerts_at(rule, BusinessObject(rule.object_type, object_id), history, at, unknown)
    ]


def _is_started(rule: ObjectRule | AlikeRule, history: Iterable[Milestone], at: datetime) -> bool:
    opening = rule.described_by if isinstance(rule, AlikeRule) else rule.opening_types
    return any(milestone.type in opening and milestone.occurred_at <= at for milestone in history)
