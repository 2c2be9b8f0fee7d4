"""The schema that editors are given: it takes what the program takes, and refuses what it refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from pydantic import RootModel

from domain.config_file import load_file
from domain.errors import ConfigError
from rules.json_schema import rules_json_schema
from rules.loader import SHIPPED, load_rules, rule_files
from rules.references import References
from tests.unit.rules.test_loader import CALENDARS, WHOLE

SCHEMA = jsonschema_rs.Draft202012Validator(rules_json_schema())
Rule = dict[str, Any]


def is_loaded(folder: Path, text: str) -> bool:
    path = folder / "rules.yaml"
    path.write_text(text)
    try:
        load_rules([path], References(CALENDARS))
    except ConfigError:
        return False
    return True


def test_the_schema_is_one_of_its_draft() -> None:
    jsonschema_rs.meta.validate(rules_json_schema())


@pytest.mark.parametrize("path", rule_files([SHIPPED]), ids=lambda path: path.stem)
def test_every_shipped_rule_file_is_valid(path: Path) -> None:
    # As the program reads YAML, 1.2: `on` is a text.
    data = load_file(path, RootModel[Any]).model.root
    assert [error.message for error in SCHEMA.iter_errors(data)] == []


def whole() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(WHOLE)
    return data


def test_a_rule_with_every_key_is_valid() -> None:
    assert SCHEMA.is_valid(whole())


def _set(**changes: object) -> Callable[[Rule], None]:
    return lambda rule: rule.update(changes)


def _within(text: object) -> Callable[[Rule], None]:
    return lambda rule: rule["milestone"].update(within=text)


def _sequence(**changes: object) -> Callable[[Rule], None]:
    def change(rule: Rule) -> None:
        rule.clear()
        sequence = {"object": "order", "event": "order.posted", "requires": "order.approved"}
        rule.update({"alert": "Posted", "sequence": sequence, **changes})

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_within("1w2d3h4m5s6ms"), id="every unit of a duration"),
        pytest.param(_set(severity="critical"), id="one level"),
        pytest.param(
            _set(severity=[{"at": "12.5%", "level": "info"}, {"at": "1000%", "level": "critical"}]), id="steps"
        ),
        pytest.param(_set(at_risk="99.5 %"), id="a share with a space"),
        pytest.param(_set(skew="0s"), id="no skew"),
        pytest.param(_set(where=None), id="an empty key"),
        pytest.param(_sequence(), id="another kind"),
        pytest.param(_sequence(severity=[{"at": "100%", "level": "info"}]), id="another kind with its one step"),
    ],
)
def test_what_loads_is_valid(tmp_path: Path, change: Callable[[Rule], None]) -> None:
    data = whole()
    change(data["groups"][0]["rules"][0])

    assert is_loaded(tmp_path, yaml.safe_dump(data))
    assert [error.message for error in SCHEMA.iter_errors(data)] == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_within("0s"), id="no time"),
        pytest.param(_within("four hours"), id="words for a duration"),
        pytest.param(_within(4), id="a number for a duration"),
        pytest.param(_within("1m1h"), id="units out of order"),
        pytest.param(_set(where=""), id="an empty condition"),
        pytest.param(_set(overrides=[{"where": "amount > 1"}]), id="an override without its window"),
        pytest.param(_set(at_risk="100%"), id="at risk only at the deadline"),
        pytest.param(_set(at_risk="0%"), id="at risk at once"),
        pytest.param(_set(at_risk=0.75), id="a share without its sign"),
        pytest.param(_set(severity="urgent"), id="a level there is not"),
        pytest.param(_set(severity=[]), id="no steps"),
        pytest.param(_set(severity=[{"at": "1001%", "level": "info"}]), id="a step too far off"),
        pytest.param(_set(pairing="any"), id="a pairing there is not"),
        pytest.param(_set(labels={"severity": "high"}), id="a label of the engine's"),
        pytest.param(_set(labels={"a-b": "c"}), id="a label's name with a sign"),
        pytest.param(_set(whre="amount > 1"), id="a key there is not"),
        pytest.param(_set(alert="late order"), id="an alert's name in two words"),
        pytest.param(lambda rule: rule.pop("milestone"), id="no kind"),
        pytest.param(lambda rule: rule.pop("alert"), id="no name"),
        pytest.param(
            _set(sequence={"object": "order", "event": "order.posted", "requires": "order.approved"}), id="two kinds"
        ),
        pytest.param(_sequence(at_risk="75%"), id="a key of another kind"),
        pytest.param(_sequence(severity=[{"at": "200%", "level": "info"}]), id="steps without a window"),
        pytest.param(_set(intervention={"do": "x"}), id="what is not available"),
    ],
)
def test_what_does_not_load_is_not_valid(tmp_path: Path, change: Callable[[Rule], None]) -> None:
    data = whole()
    change(data["groups"][0]["rules"][0])

    assert not is_loaded(tmp_path, yaml.safe_dump(data))
    assert not SCHEMA.is_valid(data)
