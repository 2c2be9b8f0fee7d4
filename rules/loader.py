"""Loads rules from their files, with every problem of all files told at once and in its place."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from domain.calendar import Calendar
from domain.config_file import ConfigFile, Location, load_file
from domain.duration import write_duration
from domain.errors import ConfigError, Problem
from domain.rule import Rule
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
    rules: dict[str, Rule] = {}
    places: dict[str, Problem] = {}
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
                place = file.problem((*location, "alert"), "")
                if config.alert in places:
                    first = places[config.alert]
                    message = f'rule "{config.alert}" is given twice; the first is in {first.path}:{first.line}'
                    problems.append(Problem(path, place.line, place.column, message))
                places.setdefault(config.alert, place)
                if not wrong:
                    rules.setdefault(config.alert, config.rule(group.name, references))
    if problems:
        raise ConfigError(problems)
    return tuple(rules.values())


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
        return [file.problem((*location, config.kind_key, "within"), message)]
    return []
