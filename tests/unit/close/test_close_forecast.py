"""What share of cases will be cleared, by hand: from curves of a few cases, and where nobody can say."""

import numpy as np
import pytest

from close.forecast import entity_forecast, forecast, still_open
from domain.close import CellState, Gate, GateCell, GateForecast, GateKind, score_of
from domain.kaplan_meier import estimate
from domain.survival import SurvivalCurve

HOUR_US = 3600 * 10**6


def curve(hours: list[int], running: int = 0) -> SurvivalCurve:
    """Cases that were cleared after so many hours, and some that have waited for 100."""
    times = np.array([*(one * HOUR_US for one in hours), *([100 * HOUR_US] * running)], dtype=np.int64)
    return estimate(times, np.array([True] * len(hours) + [False] * running))


def gate_cell(
    weight: int, cases: int, cleared: int, state: CellState, told: GateForecast | None = None, name: str = "g"
) -> GateCell:
    gate = Gate(name, name, "", "o", weight, GateKind.MILESTONE, "v")
    return GateCell(gate, state, cases, cleared, (), None, 0, forecast=told)


def test_of_ten_cases_the_open_one_is_cleared_by_the_chance_of_its_like() -> None:
    """Of those that waited two hours, two of four were cleared within two more."""
    found = forecast(10, [(120, 1)], curve([1, 3, 4, 5, 6]), 2 * HOUR_US)

    assert found.share == pytest.approx((9 + 2 / 4) / 10)
    assert found.ready == pytest.approx(2 / 4)
    assert found.at_least is not None
    assert found.at_most is not None
    assert found.at_least < 0.95 < found.at_most
    assert found.learnt_from == 5


def test_a_case_that_waited_longer_than_any_counts_as_open() -> None:
    found = forecast(4, [(60 * 200, 1)], curve([1, 2, 3], running=1), 5 * HOUR_US)

    assert (found.share, found.at_least, found.at_most) == (0.75, 0.75, 1.0)
    assert (found.beyond, found.ready) == (1, 0.0)


@pytest.mark.parametrize("left", [0, 1, 3, 50, 500])
def test_the_course_and_the_forecast_count_alike(left: int) -> None:
    ages = [(0, 3), (90, 2), (60 * 99, 1), (60 * 300, 1)]
    found = forecast(20, ages, curve([1, 1, 2, 5, 9], running=2), left * HOUR_US)

    assert found.share == pytest.approx((20 - still_open(ages, curve([1, 1, 2, 5, 9], running=2), left * HOUR_US)) / 20)


def test_a_score_weighs_gates_and_leaves_out_those_with_nothing_to_do() -> None:
    score = score_of(
        [
            gate_cell(3, 4, 3, CellState.BLOCKED, name="a"),
            gate_cell(1, 2, 2, CellState.READY, name="b"),
            gate_cell(5, 0, 0, CellState.NOTHING_TO_DO, name="c"),
            gate_cell(0, 9, 0, CellState.BLOCKED, name="d"),
        ]
    )

    assert score.value == pytest.approx((3 * 0.75 + 1) / 4)
    assert score.formula == "(3 × 3/4 a + 1 × 2/2 b) / 4"


def test_a_gate_that_nobody_can_forecast_leaves_bounds() -> None:
    known = GateForecast(0.9, 0.8, 1.0, 50, ready=0.5)
    unsaid = GateForecast(None, None, None, 0, why="the erp is silent")

    found = entity_forecast(
        [gate_cell(3, 10, 5, CellState.BLOCKED, known), gate_cell(1, 10, 5, CellState.UNKNOWN, unsaid)]
    )

    assert found is not None
    assert (found.share, found.ready, found.why) == (None, None, "the erp is silent")
    assert found.at_least == pytest.approx(0.6)
    assert found.at_most == pytest.approx(1.0)


def test_nothing_to_do_has_no_forecast() -> None:
    assert entity_forecast([gate_cell(3, 0, 0, CellState.NOTHING_TO_DO)]) is None
