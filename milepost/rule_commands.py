"""Checks rule files and runs their tests, for the command line."""

import functools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.contract_definitions import load_contracts
from milepost.settings import Settings
from rules.loader import load_rules, rule_files
from rules.references import References, load_references
from rules.rule_tests import run_rule_tests
from storage.client import Store
from storage.milestones import true_conditions


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What the rule tests found, as text, and whether that was nothing."""

    text: str
    passed: bool


def rule_references(settings: Settings) -> References:
    """What the configured rules refer to; ConfigError names every problem."""
    return load_references(settings.calendars_path, load_contracts(settings.contracts_path).contracts)


def check_rules(paths: Sequence[Path], references: References) -> str:
    """A sentence on what was checked; ConfigError names every problem."""
    rules = load_rules(paths, references)
    return f"{len(rules)} rules in {len(rule_files(paths))} files are right"


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
