"""Checks rule files and runs their tests, for the command line."""

import contextlib
import functools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from domain.errors import MilepostError, Problem
from milepost.answers.from_api import ApiAnswers
from milepost.output import print_json
from milepost.settings import Settings
from rules.json_schema import rules_json_schema
from rules.loader import load_rules, rule_files
from rules.references import References
from rules.rule_tests import run_rule_tests
from rules.rule_warnings import warnings_in
from storage.client import Store, read_dsn
from storage.folder_lock import last_holder
from storage.milestones import true_conditions

# Which of the windows there are does not matter for which types were ever received.
_ANY_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What the rule tests found, as text, and whether that was nothing."""

    text: str
    passed: bool


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """A sentence on rules that are right, and what can hardly be meant in them."""

    text: str
    warnings: Sequence[Problem]


def heard_types(settings: Settings) -> frozenset[str] | None:
    """The event types that the running Milepost has received; None where none can be asked.

    A store that nobody holds is left alone: another command may be about to open it.
    """
    _, _, folder = read_dsn(settings.store)
    running = last_holder(folder) if folder else None
    if running is None:
        return None
    try:
        with contextlib.closing(ApiAnswers(*running)) as answers:
            rows = answers.sources(settings, _ANY_WINDOW)
    except MilepostError:
        return None
    return frozenset(row["type"] for row in rows if row["type"] and row["last_received_at"])


def check_rules(paths: Sequence[Path], references: References, heard: frozenset[str] | None) -> CheckOutcome:
    """What the check found; ConfigError names every problem."""
    rules = load_rules(paths, references)
    warnings = warnings_in(paths, references, heard)
    text = f"{len(rules)} rules in {len(rule_files(paths))} files are right"
    return CheckOutcome(f"{text}, {len(warnings)} warnings" if warnings else text, warnings)


def rules_schema() -> None:
    """Print the JSON Schema of rule files, for editors."""
    print_json(rules_json_schema())


def test_rules(paths: Sequence[Path], references: References) -> TestOutcome:
    """Runs the tests beside the rules; conditions are asked of an engine that is thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="milepost-rule-tests-") as folder, Store(f"chdb://{folder}") as store:
        report = run_rule_tests(paths, references, functools.partial(true_conditions, store))
    count = f"{report.tests} tests"
    if report.passed:
        return TestOutcome(f"{count} passed", passed=True)
    return TestOutcome(
        "\n".join([*map(str, report.failures), f"{count}, {len(report.failures)} failures"]), passed=False
    )
