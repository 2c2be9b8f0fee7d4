"""Loads rules from their files, with every problem of all files told at once and in its place."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from domain.alike_rule import AlikeRule
from domain.calendar import Calendar
from domain.config_file import ConfigFile, Location, load_file
from domain.duration import write_duration
from domain.errors import ConfigError, Problem
from domain.intervention import KnownInterventions
from domain.rule import MilestoneRule, ObjectRule, Rule
from rules.references import References
from rules.schema import TITLES, RuleConfig, RulesConfig

SHIPPED = Path(__file__).parent / "definitions"
TEST_SUFFIX = "_test.yaml"
# A deadline further off than this is a mistake, and finding it would take long.
_MOST_WEEKS = 520


def rule_files(paths: Iterable[Path]) -> list[Path]:
    """The rule files that paths name: files themselves, folders with all *.yaml in them but the tests."""
    found: list[Path] = []
    problems: list[Problem] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        files = sorted(file for file in path.rglob("*.yaml") if not file.name.endswith(TEST_SUFFIX))
        if not files:
            problems.append(Problem(path, 0, 0, "holds no rule files (*.yaml)"))
        found.extend(files)
    if problems:
        raise ConfigError(problems)
    return found


def load_rules(paths: Iterable[Path], references: References) -> tuple[Rule, ...]:
    """The rules of all files that paths name, in order; ConfigError names every problem in them."""
    return tuple(rule for rules in load_rules_by_file(paths, references).values() for rule in rules)


def load_rules_by_file(paths: Iterable[Path], references: References) -> dict[Path, list[Rule]]:
    """The rules of each file that paths name, which may be about rules of another; ConfigError as `load_rules`."""
    given: dict[str, _Given] = {}
    problems: list[Problem] = []
    for path in rule_files(paths):
        try:
            file = load_file(path, RulesConfig, TITLES)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        for group_number, group in enumerate(file.model.groups):
            for number, config in enumerate(group.rules):
                location = ("groups", group_number, "rules", number)
                wrong = [
                    *_problems(file, location, config, references.calendars),
                    *_misfits(file, location, config, references),
                ]
                problems.extend(wrong)
                one = _Given(file, location, group.name, config)
                if config.alert in given:
                    first, again = given[config.alert].place, one.place
                    message = f'rule "{config.alert}" is given twice; the first is in {first.path}:{first.line}'
                    problems.append(Problem(path, again.line, again.column, message))
                given.setdefault(config.alert, one)
    if problems:
        # Of a rule that is wrong by itself nothing can be made, nor of those that are about it.
        raise ConfigError(problems)
    rules, unmet = _build(given, references)
    if references.interventions is not None and not unmet:
        unmet = _unknown_interventions(given, rules, references.interventions)
    if unmet:
        raise ConfigError(unmet)
    by_file: dict[Path, list[Rule]] = {}
    for one, rule in zip(given.values(), rules, strict=True):
        by_file.setdefault(one.file.path, []).append(rule)
    return by_file


class _Given(NamedTuple):
    """A rule as it was given, and where."""

    file: ConfigFile[RulesConfig]
    location: Location
    group: str
    config: RuleConfig

    @property
    def place(self) -> Problem:
        """Where its name stands."""
        return self.file.problem((*self.location, "alert"), "")


def _build(given: Mapping[str, _Given], references: References) -> tuple[tuple[Rule, ...], list[Problem]]:
    """The rules, those that are about others after those, and what is wrong with the names that they give."""
    by_itself = {
        name: one.config.rule(one.group, references) for name, one in given.items() if not one.config.kind.of_rule
    }
    milestone_rules = {name: rule for name, rule in by_itself.items() if isinstance(rule, MilestoneRule)}
    references = replace(references, milestone_rules=milestone_rules)
    rules: list[Rule] = []
    problems: list[Problem] = []
    for name, one in given.items():
        target = one.config.kind.of_rule
        if target is None:
            rules.append(by_itself[name])
            continue
        if target not in milestone_rules:
            wrong: str | None = _unmet(target, given, milestone_rules)
        else:
            wrong = one.config.kind.misfit(milestone_rules[target])
        if wrong is None:
            rules.append(one.config.rule(one.group, references))
        else:
            location = (*one.location, one.config.kind_key, "of")
            problems.append(one.file.problem(location, f'rule "{name}": {wrong}'))
    return tuple(rules), problems


def _unknown_interventions(
    given: Mapping[str, _Given], rules: Iterable[Rule], known: KnownInterventions
) -> list[Problem]:
    """What is wrong with the interventions that rules name: there is none of that name, or it is for other objects."""
    problems = []
    for (name, one), rule in zip(given.items(), rules, strict=True):
        named = one.config.intervention
        if named is None:
            continue
        if named not in known:
            near = difflib.get_close_matches(named, known, n=1)
            defined = f"give one of {', '.join(sorted(known))}" if known else "none is defined in interventions.yaml"
            wrong = f'"{named}" is not defined; ' + (f'did you mean "{near[0]}"?' if near else defined)
        elif isinstance(rule, ObjectRule | AlikeRule) and rule.object_type != known[named]:
            wrong = f'"{named}" is for {known[named]}, and the rule is about {rule.object_type}'
        else:
            continue
        location = (*one.location, "intervention")
        problems.append(one.file.problem(location, f'rule "{name}": intervention {wrong}'))
    return problems


def _unmet(target: str, given: Mapping[str, _Given], milestone_rules: Mapping[str, MilestoneRule]) -> str:
    if target in given:
        return f'of is "{target}", which is a rule of kind {given[target].config.kind_key}; give a milestone rule'
    near = difflib.get_close_matches(target, milestone_rules, n=1)
    hint = f'did you mean "{near[0]}"?' if near else "give the name of a milestone rule in these files"
    return f'of is "{target}", and there is no such rule; {hint}'


def _misfits(
    file: ConfigFile[RulesConfig], location: Location, config: RuleConfig, references: References
) -> Iterator[Problem]:
    for below, message in config.kind.problems(references):
        place = (*location, config.kind_key, *below)
        yield file.problem(place, f'rule "{config.alert}": {config.kind_key}: {message}')


def _problems(
    file: ConfigFile[RulesConfig], location: Location, config: RuleConfig, calendars: Mapping[str, Calendar]
) -> list[Problem]:
    if config.calendar is None:
        return []
    calendar = calendars.get(config.calendar)
    if calendar is None:
        accepted = f"one of {', '.join(sorted(calendars))}" if calendars else "none: no calendars are defined"
        message = f'rule "{config.alert}": calendar "{config.calendar}" is not defined; give {accepted}'
        return [file.problem((*location, "calendar"), message)]
    if config.longest_window > _MOST_WEEKS * calendar.open_per_week:
        most = write_duration(timedelta(hours=_MOST_WEEKS * calendar.open_per_week // timedelta(hours=1)))
        message = (
            f'rule "{config.alert}": its last step comes after {write_duration(config.longest_window)} of open time, '
            f"more than ten years of {calendar.name}; stay within {most}"
        )
        return [file.problem((*location, config.kind_key, config.kind.window_key), message)]
    return []
