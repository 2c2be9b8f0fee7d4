"""Definitions of KPIs as users write them: what is right, and every mistake in its place."""

from decimal import Decimal
from pathlib import Path

import pytest

from domain.errors import ConfigError
from domain.kpi import Direction, Kpi, SignalReading, Statistic, Unit
from kpis.catalog import SHIPPED, load_kpis

RIGHT = """\
kpis:
  - id: order_activation
    title: Order activation
    description: From approval to posting.
    unit: seconds
    statistic: median
    better: lower
    target: 1h30m
    owner: order_management
    object: order
    find: handoff
    from: order.approved
    to: [order.posted, order.released]
"""


def load(folder: Path, text: str) -> dict[str, Kpi]:
    (folder / "own.yaml").write_text(text, encoding="utf-8")
    return load_kpis([folder])


def test_a_definition_is_read_with_the_statement_that_it_names(tmp_path: Path) -> None:
    kpi = load(tmp_path, RIGHT)["order_activation"]

    assert (kpi.unit, kpi.statistic, kpi.direction) == (Unit.SECONDS, Statistic.MEDIAN, Direction.LOWER)
    assert kpi.target == Decimal(5400)
    assert kpi.cases.types == ["order.approved", "order.posted", "order.released"]
    assert kpi.cases.file == SHIPPED / "handoff.sql"
    assert kpi.cases.statement == kpi.cases.file.read_text(encoding="utf-8").strip()


def test_a_statement_beside_the_file_is_taken_before_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "handoff.sql").write_text("SELECT 1", encoding="utf-8")

    assert load(tmp_path, RIGHT)["order_activation"].cases.statement == "SELECT 1"


def test_the_version_changes_with_what_decides_which_cases_there_are_and_with_nothing_else(tmp_path: Path) -> None:
    before = load(tmp_path, RIGHT)["order_activation"].version

    assert (
        load(tmp_path, RIGHT.replace("1h30m", "2h").replace("Order activation", "Orders"))["order_activation"].version
        == before
    )
    assert (
        load(tmp_path, RIGHT.replace("[order.posted, order.released]", "order.posted"))["order_activation"].version
        != before
    )


def test_a_kpi_of_a_later_folder_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(RIGHT, encoding="utf-8")

    kpis = load_kpis([SHIPPED, tmp_path])

    assert kpis["order_activation"].title == "Order activation"
    assert kpis.keys() == load_kpis([SHIPPED]).keys()


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        pytest.param(
            "statistic: median",
            "statistic: total",
            '6:16: kpi "order_activation": statistic is total, which says nothing of seconds; give median or mean',
            id="a statistic that does not fit the unit",
        ),
        pytest.param(
            "find: handoff",
            "find: handof",
            "11:11: kpi \"order_activation\": find is 'handof'; beside the file there are alert_count, "
            "alert_detected, alert_isolated, alert_recovered, amounts, duty, forecast, handoff, outcome",
            id="a statement that there is not",
        ),
        pytest.param(
            "target: 1h30m",
            "target: 90",
            '8:13: kpi "order_activation": target is 90; give a duration such as 4h, 90m, 1h30m or 2d '
            "(units w, d, h, m, s, ms)",
            id="a target without a unit",
        ),
        pytest.param(
            "id: order_activation",
            "id: Order-Activation",
            '2:9: kpi "Order-Activation": id is "Order-Activation"; give a name of small letters, digits and _, '
            "such as order_to_invoice",
            id="an id that is no name",
        ),
        pytest.param(
            "    to:",
            "    till:",
            '13:5: kpi "order_activation": unknown key "till"; did you mean "title"? accepted: id, title, description, '
            "unit, statistic, better, owner, reads, object, find, from, to, unless, alerts, signal, per, against, "
            "target",
            id="an unknown key",
        ),
        pytest.param(
            "    from: order.approved\n",
            "    from: []\n",
            '12:11: kpi "order_activation": from is empty; give at least one',
            id="no event that begins it",
        ),
        pytest.param(
            "    from: order.approved\n",
            "    from: order.approved\n    alerts: OrderNotPosted\n",
            '13:13: kpi "order_activation": alerts has no place where it reads milestones; accepted beside it: object, '
            "find, from, to, unless",
            id="a key of another origin",
        ),
        pytest.param(
            "    object: order\n",
            "",
            '2:5: kpi "order_activation": object is missing, which a KPI that reads milestones has',
            id="a key that is missing",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, before: str, after: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, RIGHT.replace(before, after))

    assert str(raised.value) == f"{tmp_path / 'own.yaml'}:{problem}"


SIGNAL = """\
kpis:
  - id: latency
    title: Latency
    description: How late messages are.
    unit: seconds
    statistic: median
    better: lower
    owner: integration
    reads: signal
    signal: message_latency
    per: source
"""


def test_a_signal_is_read_by_the_labels_that_it_can_be_had_by(tmp_path: Path) -> None:
    kpi = load(tmp_path, SIGNAL)["latency"]

    assert kpi.cases.reading == SignalReading("message_latency", ("source",), quiet_is_zero=False)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        pytest.param(
            "signal: message_latency",
            "signal: message_latenc",
            'signal is "message_latenc", which is no signal; did you mean "message_latency"? accepted: '
            "message_latency, failed_transactions, backlog, dead_letters, api_error_rate, api_latency",
            id="a signal that there is not",
        ),
        pytest.param(
            "per: source",
            "per: service",
            'per has "service"; message_latency can be had by source, event_type, legal_entity, region, currency',
            id="a label that it cannot be had by",
        ),
        pytest.param(
            "signal: message_latency",
            "signal: backlog",
            "signal backlog is of an event and the one that it waits for; give object, from and to",
            id="a backlog of nothing",
        ),
        pytest.param(
            "    per: source",
            "    from: order.approved",
            "signal message_latency is of no event; leave out object, from and to",
            id="an event beside a signal of all",
        ),
    ],
)
def test_a_mistake_in_what_signal_is_read_is_told(tmp_path: Path, before: str, after: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, SIGNAL.replace(before, after))

    assert [one.message for one in raised.value.problems] == [f'kpi "latency": {problem}']


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(
            "    against: nothing\n", 'against is "nothing"; give the id of a KPI whose statistic is total', id="no KPI"
        ),
        pytest.param(
            "", "a ratio, and nothing else, is set against another KPI: give both or neither", id="no other at all"
        ),
    ],
)
def test_a_ratio_is_set_against_a_sum_of_money(tmp_path: Path, change: str, problem: str) -> None:
    ratio = RIGHT.replace("seconds", "share").replace("median", "ratio").replace("    target: 1h30m\n", change)

    with pytest.raises(ConfigError) as raised:
        load(tmp_path, ratio)

    assert [one.message for one in raised.value.problems] == [f'kpi "order_activation": {problem}']


def test_an_id_that_is_given_twice_is_told_with_the_others(tmp_path: Path) -> None:
    twice = RIGHT + RIGHT.removeprefix("kpis:\n").replace("unit: seconds", "unit: share")

    with pytest.raises(ConfigError) as raised:
        load(tmp_path, twice)

    assert [problem.message for problem in raised.value.problems] == [
        'kpi "order_activation": id is given twice; give each KPI an id of its own',
        'kpi "order_activation": statistic is median, which says nothing of share; give mean or ratio',
        'kpi "order_activation": target is "1h30m"; give a share such as 98%',
    ]
