"""Tries the statements that find cases on the engine, so that a mistake is told at the start and in its file."""

from collections.abc import Iterable

from domain.errors import ConfigError, Problem
from domain.kpi import Kpi, Origin
from storage.client import Store
from storage.kpi_statements import statement_problem


def check_statements(store: Store, kpis: Iterable[Kpi]) -> None:
    """Returns where every statement finds cases and reads nothing else; ConfigError names the files that do not."""
    # A signal is read, and what people did is found, by a statement of ours.
    ours = (Origin.SIGNAL, Origin.TOUCHES)
    asked = {(kpi.cases.file, kpi.cases.origin): kpi.cases.statement for kpi in kpis if kpi.cases.origin not in ours}
    problems = [
        Problem(file, 0, 0, problem)
        for (file, origin), statement in sorted(asked.items())
        if (problem := statement_problem(store, statement, origin))
    ]
    if problems:
        raise ConfigError(problems)
