"""A statement of a user's own is tried before it is used: what it may not do is told with its file."""

from pathlib import Path

import pytest

from domain.errors import ConfigError
from domain.kpi import Origin
from kpis.catalog import load_kpis
from kpis.keeper import KpiKeeper
from kpis.statements import check_statements
from storage.client import Store
from storage.events import insert_events
from storage.kpi_statements import statement_problem
from tests.builders import NOW, event_row
from tests.integration.kpis.keeping import HOUR, KPIS, SETTINGS, figure

DEFINITION = """\
kpis:
  - id: mine
    title: Mine
    description: Of my own.
    unit: seconds
    statistic: median
    better: lower
    owner: me
    object: order
    find: mine
    from: order.approved
"""
COLUMNS = (
    "SELECT object_id, '' AS case_id, occurred_at AS started_at, occurred_at AS ended_at, 1. AS value, amount, "
    "currency, source FROM milestones"
)


def check(folder: Path, store: Store, statement: str) -> None:
    (folder / "own.yaml").write_text(DEFINITION, encoding="utf-8")
    (folder / "mine.sql").write_text(statement, encoding="utf-8")
    check_statements(store, load_kpis([folder]).values())


def test_the_shipped_statements_find_cases(store: Store) -> None:
    check_statements(store, KPIS.values())


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(COLUMNS, id="the columns and nothing else"),
        pytest.param(f"{COLUMNS} WHERE has(from_types, type) -- the end", id="a comment at the end"),
        pytest.param(f"{COLUMNS};\n", id="a semicolon at the end"),
        pytest.param(
            f"WITH some AS ({COLUMNS}) SELECT * FROM some WHERE object_id IN (SELECT object_id FROM milestones)",
            id="a name of its own, and two readings",
        ),
    ],
)
def test_a_statement_that_finds_cases_is_taken_and_kept(embedded_store: Store, tmp_path: Path, statement: str) -> None:
    check(tmp_path, embedded_store, statement)
    kpi = load_kpis([tmp_path])["mine"]
    insert_events(embedded_store, [event_row()])

    KpiKeeper(embedded_store, {kpi.id: kpi}, SETTINGS).tick(NOW + HOUR)

    assert figure(embedded_store, kpi).closed.cases == 1


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        pytest.param("", "is no statement that finds cases: Empty query", id="nothing"),
        pytest.param("SELEC 1", "is no statement that finds cases: Syntax error", id="no SQL"),
        pytest.param(
            COLUMNS.replace("amount", "amout"),
            "is no statement that finds cases: Unknown expression identifier `amout`",
            id="a column that there is not",
        ),
        pytest.param(
            COLUMNS.replace("'' AS case_id, ", ""),
            "is no statement that finds cases: Unknown expression or function identifier `case_id`",
            id="a column that is left out",
        ),
        pytest.param(
            f"{COLUMNS}; DROP TABLE kpi_cases",
            "is no statement that finds cases: Syntax error (Multi-statements are not allowed)",
            id="two statements",
        ),
        pytest.param(
            f"{COLUMNS}) UNION ALL (SELECT 1",
            "is no statement that finds cases: Syntax error",
            id="one that leaves its brackets",
        ),
        pytest.param("DROP TABLE kpi_cases", "is no statement that finds cases: Syntax error", id="one that writes"),
        pytest.param(
            f"{COLUMNS} INTO OUTFILE '/tmp/out'", "is no statement that finds cases: Syntax error", id="one to a file"
        ),
        pytest.param(
            COLUMNS.replace("FROM milestones", "FROM object_milestones"),
            "reads {database}.object_milestones; only milestones can be read",
            id="another table",
        ),
        pytest.param(
            COLUMNS.replace("'' AS", "(SELECT max(name) FROM system.tables) AS"),
            "reads system.tables; only milestones can be read",
            id="another table for one value",
        ),
        pytest.param(
            f"{COLUMNS} WHERE object_id IN (SELECT object_id FROM object_milestones)",
            "reads {database}.object_milestones; only milestones can be read",
            id="another table in a condition",
        ),
        pytest.param(
            f"{COLUMNS}, file('/etc/hostname', 'LineAsString') AS f",
            "reads file(); only milestones can be read",
            id="a file as a table",
        ),
        pytest.param(
            f"{COLUMNS}, url('http://127.0.0.1:1/', 'LineAsString') AS f",
            "reads url(); only milestones can be read",
            id="an address",
        ),
        pytest.param(
            COLUMNS.replace("'' AS", "file('/etc/hostname') AS"),
            "calls file(), which may tell something else each time; cases follow from milestones alone",
            id="a file as a value",
        ),
        pytest.param(
            f"{COLUMNS} WHERE occurred_at < NOW()",
            "calls NOW(), which may tell something else each time; cases follow from milestones alone",
            id="the clock",
        ),
    ],
)
def test_a_statement_that_may_not_be_is_told_with_its_file(
    store: Store, tmp_path: Path, statement: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        check(tmp_path, store, statement)

    [found] = raised.value.problems
    assert found.path == tmp_path / "mine.sql"
    assert found.message.startswith(problem.format(database=store.database))


ALERTS = (
    "SELECT object_id, alert_id AS case_id, started_at, resolved_at AS ended_at, 1. AS value, amount, currency, "
    "labels['source'] AS source FROM alerts"
)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        pytest.param(ALERTS, "", id="what it may read"),
        pytest.param(
            f"{ALERTS} WHERE alert_id IN (SELECT alert_id FROM alert_actions)",
            "reads {database}.alert_actions; only alerts can be read",
            id="another table",
        ),
        pytest.param(
            f"{ALERTS} WHERE resolved_at < now()",
            "calls now(), which may tell something else each time; cases follow from alerts alone",
            id="the clock",
        ),
        pytest.param(
            COLUMNS,
            "is no statement that finds cases: Unknown table expression identifier 'milestones'. "
            "Maybe you meant system.time_zones?",
            id="what another origin reads",
        ),
    ],
)
def test_a_statement_over_alerts_reads_nothing_else(store: Store, statement: str, problem: str) -> None:
    assert statement_problem(store, statement, Origin.ALERTS) == problem.format(database=store.database)


def test_a_statement_over_milestones_reads_no_alerts(store: Store) -> None:
    assert statement_problem(store, ALERTS) == f"reads {store.database}.alerts; only milestones can be read"
