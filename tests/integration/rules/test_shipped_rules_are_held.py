"""The tests beside the shipped rules hold them in place: whatever is changed in a rule, one of its tests fails."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.config_file import load_file
from rules import rule_tests
from rules.loader import SHIPPED, TEST_SUFFIX, rule_files
from rules.rule_tests import ConditionEvaluator, Subject, run_rule_tests
from storage.client import Store
from storage.milestones import true_conditions
from tests.integration.rules.rule_mutations import Raw, mutants
from tests.integration.rules.test_shipped_rules import REFERENCES


def _read(path: Path) -> Any:
    # PyYAML takes an `on` for true, as YAML 1.1 did; rule files are read as YAML 1.2.
    return yaml.safe_load(path.read_text("utf-8").replace(" on:", ' "on":'))


FILES: Mapping[str, Any] = {path.stem: _read(path) for path in rule_files([SHIPPED])}
RULES = [(topic, rule["alert"]) for topic, file in FILES.items() for group in file["groups"] for rule in group["rules"]]
TARGETS = {rule["alert"]: rule for file in FILES.values() for group in file["groups"] for rule in group["rules"]}


@pytest.fixture(autouse=True)
def _tests_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of a topic are the same for each of its mutants, and reading them is most of the work."""
    read = load_file
    kept: dict[str, Any] = {}

    def once(path: Path, *told: Any) -> Any:
        if path.name not in kept:
            kept[path.name] = read(path, *told)
        return kept[path.name]

    monkeypatch.setattr(rule_tests, "load_file", once)


@pytest.fixture
def conditions(embedded_store: Store) -> ConditionEvaluator:
    """The engine's answers, each asked for once."""
    answers: dict[tuple[str, str], bool] = {}

    def ask(conditions: Mapping[str, str], milestones: Sequence[Subject]) -> Sequence[frozenset[str]]:
        if not conditions:
            return [frozenset()] * len(milestones)
        named = [repr(subject) for subject in milestones]
        if any((sql, name) not in answers for name in named for sql in conditions.values()):
            for name, held in zip(named, true_conditions(embedded_store, conditions, milestones), strict=True):
                answers.update({(sql, name): text in held for text, sql in conditions.items()})
        return [frozenset(text for text, sql in conditions.items() if answers[sql, name]) for name in named]

    return ask


def failures(folder: Path, topic: str, rules: list[Raw], conditions: ConditionEvaluator) -> list[str]:
    """What the tests of one topic say of these rules alone."""
    named = {rule["alert"] for rule in rules}
    about = {kind["of"] for rule in rules for kind in rule.values() if isinstance(kind, dict) and "of" in kind}
    others = [TARGETS[name] for name in sorted(about - named)]
    (folder / f"{topic}.yaml").write_text(yaml.safe_dump({"groups": [{"name": topic, "rules": rules}]}))
    (folder / f"{topic}{TEST_SUFFIX}").write_bytes((SHIPPED / f"{topic}{TEST_SUFFIX}").read_bytes())
    paths = [folder / f"{topic}.yaml"]
    if others:
        paths.append(folder / "of_others.yaml")
        paths[-1].write_text(yaml.safe_dump({"groups": [{"name": "of_others", "rules": others}]}))
    report = run_rule_tests(paths, REFERENCES, conditions)
    return [str(failure) for failure in report.failures if failure.path.stem != "of_others"]


@pytest.mark.parametrize("topic", FILES)
def test_a_topic_passes_as_it_is(topic: str, tmp_path: Path, conditions: ConditionEvaluator) -> None:
    [group] = FILES[topic]["groups"]

    assert failures(tmp_path, topic, group["rules"], conditions) == []


@pytest.mark.parametrize(("topic", "name"), RULES)
def test_every_change_of_a_rule_fails_a_test(
    topic: str, name: str, tmp_path: Path, conditions: ConditionEvaluator
) -> None:
    [group] = FILES[topic]["groups"]
    unnoticed = [
        change
        for change, changed in mutants(TARGETS[name])
        if not failures(
            tmp_path, topic, [changed if rule["alert"] == name else rule for rule in group["rules"]], conditions
        )
    ]

    assert unnoticed == []
