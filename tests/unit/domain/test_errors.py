"""Errors are one tree and read as sentences."""

from pathlib import Path

import pytest

from domain import errors
from domain.errors import (
    ConfigError,
    InputError,
    MigrationError,
    MilepostError,
    Problem,
    StoreError,
    StoreHeld,
    StoreUnreachable,
)

RULES = Path("rules/definitions/billing.yaml")


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        pytest.param(Problem(RULES, 14, 7, "no"), "rules/definitions/billing.yaml:14:7: no", id="a place"),
        pytest.param(Problem(RULES, 14, 0, "no"), "rules/definitions/billing.yaml:14: no", id="a line"),
        pytest.param(Problem(RULES, 0, 0, "no"), "rules/definitions/billing.yaml: no", id="a whole file"),
    ],
)
def test_a_problem_says_where_it_is(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_config_error_reports_every_problem_in_the_order_of_the_files() -> None:
    problems = [Problem(RULES, 20, 1, "b"), Problem(RULES, 3, 1, "a"), Problem(Path("a.yaml"), 9, 1, "c")]

    assert str(ConfigError(problems)).splitlines() == [
        "a.yaml:9:1: c",
        "rules/definitions/billing.yaml:3:1: a",
        "rules/definitions/billing.yaml:20:1: b",
    ]


def test_a_config_error_may_be_one_sentence() -> None:
    assert str(ConfigError(message="MILEPOST_TICK is 0s")) == "MILEPOST_TICK is 0s"


def test_an_input_error_has_a_code_for_metrics_and_a_text_for_people() -> None:
    error = InputError("no_source", "the event has no source")

    assert (error.code, str(error)) == ("no_source", "the event has no source")


def test_what_concerns_the_store_is_caught_as_one() -> None:
    assert all(issubclass(kind, StoreError) for kind in (StoreUnreachable, StoreHeld, MigrationError))


def test_every_error_is_one_of_ours_and_in_the_tree_that_is_drawn() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]

    assert [kind for kind in kinds if not issubclass(kind, MilepostError)] == []
    assert [kind.__name__ for kind in kinds if kind.__name__ not in (errors.__doc__ or "")] == []
