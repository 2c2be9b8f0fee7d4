"""Nothing that users set or watch is missing from the README."""

import ast

from milepost.settings import PREFIX, Settings
from tests.unit.test_conventions import PROGRAM, ROOT, python_files, tree_of

METRIC_TYPES = {"Counter", "Gauge", "Histogram", "Summary", "GaugeMetricFamily"}


def metric_names() -> set[str]:
    """The name of every metric the program declares, as Prometheus shows it."""
    names = set()
    for path in python_files(*PROGRAM):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in METRIC_TYPES:
                match node.args:
                    case [ast.Constant(value=str(name)), *_]:
                        is_counter = ast.unparse(node.func).endswith("Counter")
                        names.add(f"{name.removesuffix('_total')}_total" if is_counter else name)
    return names


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}

    assert {name for name in names if name not in readme} == set()


def test_every_metric_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = metric_names()

    assert names
    assert {name for name in names if name not in readme} == set()
