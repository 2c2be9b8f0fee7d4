"""What CONTRIBUTING.md asks of every file, held by machine; import-linter holds the direction of imports."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.sql_files import parse_query

ROOT = Path(__file__).parents[2]
PROGRAM = ("milepost", "domain", "storage", "collector", "rules", "kpis", "close", "alerts", "dashboard")
EVERYTHING = (*PROGRAM, "tests", "bench")
FILE_LINES = 400
FUNCTION_LINES = 50
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "base"}
CLOCK = "domain/clock.py"
OUTPUT = "milepost/output.py"
# The database must be there before a query file can run in it.
SQL_OUTSIDE_FILES = {("storage/client.py", "CREATE DATABASE IF NOT EXISTS ")}
# It turns the statements of the migrations into those of a cluster.
REWRITES_SQL = "storage/cluster_ddl.py"
SQL = re.compile(
    r"\b(SELECT\s.*\bFROM\b|INSERT\s+INTO|DELETE\s+FROM|(CREATE|ALTER|DROP|TRUNCATE|OPTIMIZE)\s+(TABLE|DATABASE|VIEW))",
    re.DOTALL,
)


def python_files(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def called_names(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the dotted name of every call, such as (12, "datetime.now")."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def texts(path: Path) -> Iterator[str]:
    """Every text in a module but its docstrings."""
    tree = tree_of(path)
    docstrings = {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node.value


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [name_of(path) for path in python_files(*EVERYTHING) if path.stem in FORBIDDEN_NAMES] == []


def test_files_stay_short() -> None:
    lines = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in python_files(*EVERYTHING)}

    assert {name: count for name, count in lines.items() if count > FILE_LINES} == {}


def test_functions_stay_short() -> None:
    too_long = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in python_files(*EVERYTHING)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES
    ]

    assert too_long == []


def test_every_module_says_its_one_job() -> None:
    silent = [
        name_of(path)
        for path in python_files(*EVERYTHING)
        if path.name != "__init__.py" and not ast.get_docstring(tree_of(path))
    ]

    assert silent == []


def test_numbers_in_the_console_have_the_readers_marks() -> None:
    plain = re.compile(r":[+]?,(\.\d)?f?\}")
    found = {name_of(path) for path in python_files("dashboard") if plain.search(path.read_text(encoding="utf-8"))}

    assert found == {"dashboard/formatting.py"}


def test_sql_is_in_sql_files_only() -> None:
    files = [path for path in python_files(*PROGRAM) if name_of(path) != REWRITES_SQL]
    found = {(name_of(path), text) for path in files for text in texts(path) if SQL.search(text)}

    assert found - SQL_OUTSIDE_FILES == set()


def test_every_sql_file_says_its_purpose() -> None:
    files = [path for package in PROGRAM for path in sorted((ROOT / package).rglob("*.sql"))]

    assert [name_of(path) for path in files if not re.match(r"-- \w", path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("path", sorted((ROOT / "storage/queries").glob("*.sql")), ids=lambda path: path.stem)
def test_a_querys_header_and_text_agree(path: Path) -> None:
    parse_query(path.stem, path.read_text(encoding="utf-8"))


def test_every_rule_file_has_its_tests() -> None:
    definitions = sorted((ROOT / "rules/definitions").glob("*.yaml"))
    rules = [path for path in definitions if not path.stem.endswith("_test")]

    assert [name_of(path) for path in rules if not path.with_stem(f"{path.stem}_test").exists()] == []


def test_time_is_passed_in() -> None:
    clocks = re.compile(r"(.*\.)?(datetime\.(now|utcnow|today)|date\.today|time\.time)")
    found = [
        f"{name_of(path)}:{line} {name}"
        for path in python_files(*EVERYTHING)
        if name_of(path) != CLOCK
        for line, name in called_names(path)
        if clocks.fullmatch(name)
    ]

    assert found == []


def test_tests_do_not_sleep() -> None:
    # asyncio.sleep(0) only lets other tasks run.
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files("tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("time.sleep", "sleep", "asyncio.sleep")
        and ast.unparse(node) != "asyncio.sleep(0)"
    ]

    assert found == []


def test_only_the_output_module_prints() -> None:
    found = [
        f"{name_of(path)}:{line}"
        for path in python_files(*PROGRAM)
        if name_of(path) != OUTPUT
        for line, name in called_names(path)
        if name == "print"
    ]

    assert found == []


def test_nothing_in_dashboard_hides_another_module() -> None:
    # Streamlit puts the folder of the page first on the import path.
    taken = {*sys.stdlib_module_names, *importlib.metadata.packages_distributions(), *PROGRAM, "tests", "bench"}
    children = {path.stem for path in (ROOT / "dashboard").iterdir() if not path.name.startswith("__")}

    assert children & taken == set()


def test_every_test_folder_is_a_package() -> None:
    # A half-filled chain makes tests/unit/rules replace the rules package.
    folders = {path.parent for path in python_files("tests")}

    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_commands_do_not_import_what_only_the_running_program_needs() -> None:
    # Each costs tenths of a second at every command.
    heavy = {"grpc", "streamlit"}
    shown = "import sys, milepost.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True, cwd=ROOT)

    assert heavy & set(loaded.stdout.split()) == set()
