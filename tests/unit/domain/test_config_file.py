"""Configuration files: what is read, and where every problem is said to be."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, Field

from domain.config_file import ConfigModel, load_model, parse_file
from domain.errors import ConfigError, Problem


def _above_zero(text: str) -> str:
    if text == "0s":
        raise ValueError("is 0s; give a duration above zero, such as 4h")
    return text


class RuleConfig(ConfigModel):
    alert: str
    within: Annotated[str, AfterValidator(_above_zero)] = "1h"
    from_type: str | None = Field(default=None, alias="from")
    level: Literal["warning", "critical"] = "warning"
    count: int = 1
    enabled: bool = True
    labels: dict[str, str] = Field(default_factory=dict)


class GroupConfig(ConfigModel):
    name: str
    rules: Annotated[tuple[RuleConfig, ...], Field(min_length=1)]


class FileConfig(ConfigModel):
    groups: tuple[GroupConfig, ...]


PATH = Path("rules/billing.yaml")
TITLES = {"groups": ("group", "name"), "rules": ("rule", "alert")}


def problems_in(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        parse_file(text, PATH, FileConfig, TITLES)
    return str(refusal.value).splitlines()


def one_rule(line: str) -> str:
    return f"groups:\n  - name: billing\n    rules:\n      - alert: Late\n        {line}\n"


def test_a_file_becomes_its_model(tmp_path: Path) -> None:
    path = tmp_path / "billing.yaml"
    path.write_text(one_rule("from: order.fulfilled"))
    rule = load_model(path, FileConfig).groups[0].rules[0]
    assert (rule.alert, rule.from_type, rule.within) == ("Late", "order.fulfilled", "1h")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("NO", "NO", id="Norway is not false"),
        pytest.param("09:00", "09:00", id="a time of day is not a number in base 60"),
        pytest.param("2026-01-05", "2026-01-05", id="a date is the model's to read"),
        pytest.param("on", "on", id="on is a word"),
        pytest.param("<<", "<<", id="two signs are no merge"),
        pytest.param("1_000", "1_000", id="digits with underscores are a word"),
        pytest.param("0x1F", "0x1F", id="hexadecimal is a word"),
    ],
)
def test_plain_words_stay_words(written: str, read: str) -> None:
    file = parse_file(one_rule(f"within: {written}"), PATH, FileConfig)
    assert file.model.groups[0].rules[0].within == read


def test_every_problem_is_told_at_once_and_in_its_place() -> None:
    text = (
        "groups:\n"
        "  - name: billing\n"
        "    rules:\n"
        "      - {alert: Late, within: 0s, form: order.fulfilled}\n"
        "      - {within: 4, labels: {team: 1}}\n"
        "extra: 1\n"
    )
    assert problems_in(text) == [
        'rules/billing.yaml:4:31: rule "Late": within is 0s; give a duration above zero, such as 4h',
        'rules/billing.yaml:4:35: rule "Late": unknown key "form"; did you mean "from"? '
        "accepted: alert, within, from, level, count, enabled, labels",
        "rules/billing.yaml:5:9: rule 2: alert is missing",
        "rules/billing.yaml:5:18: rule 2: within is 4; give text, in quotes if need be",
        "rules/billing.yaml:5:36: rule 2: labels.team is 1; give text, in quotes if need be",
        'rules/billing.yaml:6:1: unknown key "extra"; accepted: groups',
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param(
            "level: loud",
            "5:16: rule \"Late\": level is \"loud\"; give 'warning' or 'critical'",
            id="a word not on the list",
        ),
        pytest.param("count: many", '5:16: rule "Late": count is "many"; give a whole number', id="text for a number"),
        pytest.param(
            "enabled: maybe", '5:18: rule "Late": enabled is "maybe"; give true or false', id="text for a truth"
        ),
        pytest.param(
            "labels: [a]",
            '5:17: rule "Late": labels is a list; give a mapping of keys to values',
            id="a list for a mapping",
        ),
        pytest.param(
            "within:", '5:16: rule "Late": within is empty; give text, in quotes if need be', id="nothing for text"
        ),
        pytest.param("alert: Twice", '5:9: key "alert" is given twice; the first is in line 4', id="a key given twice"),
        pytest.param(
            "within: " + "x" * 70 + "\n        count: x",
            '6:16: rule "Late": count is "x"; give a whole number',
            id="only what is wrong is told",
        ),
    ],
)
def test_a_problem_says_what_is_wrong_and_what_is_accepted(line: str, problem: str) -> None:
    assert problems_in(one_rule(line)) == [f"rules/billing.yaml:{problem}"]


def test_a_list_of_wrong_items_is_not_called_empty_as_well() -> None:
    assert problems_in("groups: [{name: billing, rules: [{}]}]") == [
        "rules/billing.yaml:1:34: rule 1: alert is missing"
    ]


def test_a_list_with_too_few_items_is_called_empty() -> None:
    assert problems_in("groups: [{name: billing, rules: []}]") == [
        'rules/billing.yaml:1:33: group "billing": rules is empty; give at least one'
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "rules/billing.yaml: is empty", id="an empty file"),
        pytest.param("# nothing\n", "rules/billing.yaml: is empty", id="a file of comments"),
        pytest.param(
            "- 1", "rules/billing.yaml:1:1: is a list; give a mapping of keys to values", id="a list at the top"
        ),
        pytest.param(
            "groups: [",
            "rules/billing.yaml:1:10: is not YAML: while parsing a flow node expected the node content, "
            "but found '<stream end>'",
            id="a bracket left open",
        ),
        pytest.param(
            "groups: \x01",
            "rules/billing.yaml:1: is not YAML: special characters are not allowed",
            id="a control character",
        ),
        pytest.param("[" * 5000, "rules/billing.yaml: is nested too deeply to read", id="five thousand brackets"),
        pytest.param("&a [*a]", "rules/billing.yaml:1:1: contains itself through an alias", id="a list within itself"),
        pytest.param(
            "x: *y", "rules/billing.yaml:1:4: is not YAML: found undefined alias 'y'", id="an alias of nothing"
        ),
        pytest.param(
            "groups: !!python/object/apply:os.system [id]",
            "rules/billing.yaml:1:9: is not YAML: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object/apply:os.system'",
            id="a tag that would run code",
        ),
        pytest.param(
            "{[1]: 2}", "rules/billing.yaml:1:2: a key must be a word, not a list or a mapping", id="a list as a key"
        ),
        pytest.param(
            "groups: []\n---\ngroups: []",
            "rules/billing.yaml:2:1: is not YAML: expected a single document in the stream but found another document",
            id="two documents",
        ),
    ],
)
def test_what_cannot_be_read_says_where(text: str, problem: str) -> None:
    assert problems_in(text) == [problem]


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert problems_in("\n".join(lines)) == [
        "rules/billing.yaml:1:1: has more than 200000 parts once its aliases are followed"
    ]


def test_a_missing_file_is_a_problem_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_model(tmp_path / "none.yaml", FileConfig)
    assert refusal.value.problems == [
        Problem(tmp_path / "none.yaml", 0, 0, "cannot be read: No such file or directory")
    ]


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "billing.yaml"
    path.write_bytes(b"groups: \xff")
    with pytest.raises(ConfigError) as refusal:
        load_model(path, FileConfig)
    assert refusal.value.problems == [Problem(path, 0, 0, "is not UTF-8 text (byte 8)")]


def test_problems_found_later_have_places_too() -> None:
    file = parse_file(one_rule("from: order.fulfilled"), PATH, FileConfig)
    problem = file.problem(("groups", 0, "rules", 0, "from"), "is unheard of")
    assert str(problem) == "rules/billing.yaml:5:15: is unheard of"
