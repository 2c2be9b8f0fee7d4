"""Every statement in storage/queries runs on the engine and gives the columns that its header names."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kpis.catalog import SHIPPED, load_kpis
from storage import sql_files
from storage.client import Store
from storage.sql_files import QUERIES, SqlFile, load_query
from tests.builders import NOW

# What other systems answer is asked of them in tests/integration/collector/test_pulling*.py, and a server's backup in
# tests/integration/storage/test_server_backup.py.
OF_OTHER_SYSTEMS = re.compile(r"pull_(?!watermark)|(backup|restore)_database")
NAMES = sorted(path.stem for path in QUERIES.glob("*.sql") if not OF_OTHER_SYSTEMS.match(path.stem))
BY_TYPE: dict[str, object] = {"String": "order", "UUID": "00000000-0000-0000-0000-000000000000", "Bool": True}
# What a compiled rule expression may look like where a statement has a hole for one; most holes take a condition
# per rule, as an array.
FRAGMENT = "[true]"
# In the statements whose hole takes another statement.
KPIS = load_kpis([SHIPPED])
FRAGMENTS = {
    name: KPIS[kpi].cases.statement
    for kpi, names in {
        "order_activation": ("keep_kpi_cases", "kpi_statement_words", "kpi_statement_tables"),
        "time_to_recover": ("keep_kpi_alert_cases", "kpi_statement_alert_tables"),
        "sla_attainment": ("keep_kpi_duty_cases", "kpi_statement_duty_tables"),
    }.items()
    for name in names
}


def sample(type_: str) -> object:
    """A value of a ClickHouse type, as Python gives it to the store."""
    outer, _, inner = type_.partition("(")
    inner = inner.removesuffix(")")
    match outer:
        case "Array":
            return [sample(inner)]
        case "Tuple":
            return tuple(sample(part.strip()) for part in split_types(inner))
        case "Nullable" | "LowCardinality":
            return sample(inner)
        case "DateTime" | "DateTime64":
            return NOW
        case "Date" | "Date32":
            return NOW.date()
        case "Decimal":
            return "1.5"
        case number if re.fullmatch(r"U?Int\d+|Float\d+", number):
            return 1
        case _:
            return BY_TYPE[type_]


def split_types(types: str) -> list[str]:
    """The types of a comma-separated list, at its outer level."""
    return re.findall(r"(?:[^,()]|\([^()]*(?:\([^()]*\)[^()]*)*\))+", types)


@pytest.fixture
def describe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Store, SqlFile], tuple[str, ...]]:
    """Gives the columns of a statement, which an answer without rows does not tell."""

    def columns(store: Store, file: SqlFile) -> tuple[str, ...]:
        params = ", ".join(f"{name} {type_}" for name, type_ in file.params.items())
        text = file.render(file.params, fragments(file))
        monkeypatch.setattr(sql_files, "QUERIES", tmp_path)
        name = f"describe_{file.name}"
        (tmp_path / f"{name}.sql").write_text(f"-- Its columns.\n-- params: {params}\nDESCRIBE (\n{text}\n)")
        return tuple(row["name"] for row in store.rows(name, samples(file)))

    return columns


def samples(file: SqlFile) -> dict[str, object]:
    """A sample of each parameter."""
    return {name: sample(type_) for name, type_ in file.params.items()}


def fragments(file: SqlFile) -> dict[str, str]:
    """What may stand in each hole."""
    return {hole: FRAGMENTS.get(file.name, FRAGMENT) if hole == "cases" else FRAGMENT for hole in file.fragments}


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_runs_and_gives_the_columns_its_header_names(
    store: Store, describe: Callable[[Store, SqlFile], tuple[str, ...]], name: str
) -> None:
    file = load_query(name)

    if file.columns:
        store.rows(name, samples(file), fragments(file))
        assert describe(store, file) == file.columns
    else:
        store.run(name, samples(file), fragments(file))
