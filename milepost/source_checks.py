"""Checks source definitions, runs the samples beside them and shows how sources do, for the command line."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from collector.contract_definitions import load_contracts
from collector.source_definitions import load_definitions
from collector.source_names import unknown_sources, uses_in_definitions
from collector.source_samples import run_samples
from domain.duration import format_duration

SOURCE_COLUMNS = ("source", "type", "last heard", "events", "per second", "p50", "p95", "p99", "longest", "silent")


@dataclass(frozen=True, slots=True)
class SourcesOutcome:
    """What the check found, as text, and whether all was as expected."""

    text: str
    passed: bool


def check_sources(paths: Sequence[Path], contracts_path: Path) -> SourcesOutcome:
    """Checks the definitions that paths name and runs their samples; ConfigError names every problem.

    A source that no contract knows is told of, and passes.
    """
    definitions = load_definitions(paths)
    report = run_samples(definitions.values())
    uses = uses_in_definitions(definitions.values(), os.environ)
    warnings = unknown_sources(uses, load_contracts(contracts_path).contracts)
    count = f"{len(definitions)} sources ({', '.join(sorted(definitions))}), {report.samples} samples"
    if not report.differences:
        return SourcesOutcome("\n".join([*warnings, f"{count}: all as expected"]), passed=True)
    differences = f"{count}, {len(report.differences)} differences"
    return SourcesOutcome("\n\n".join([*report.differences, *warnings, differences]), False)


def source_cells(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The rows of `sources list` as a table for people shows them, under SOURCE_COLUMNS.

    Event types that a contract names, but that nobody waits for and that never came, are left to JSON.
    """
    shown = [row for row in rows if row["type"] is None or row["last_received_at"] or row["silent_after"]]
    return [dict(zip(SOURCE_COLUMNS, _cells(row), strict=True)) for row in shown]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    lags = (row[f"lag_{name}_seconds"] for name in ("p50", "p95", "p99", "longest"))
    return (
        row["source"],
        row["type"] or "(all)",
        row["last_received_at"] or "never",
        str(row["events"]),
        f"{row['events_per_second']:.3g}",
        *map(_lag, lags),
        _silence(row),
    )


def _lag(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return format_duration(timedelta(seconds=seconds)) if abs(seconds) >= 1 else f"{seconds * 1000:.3g} ms"


def _silence(row: Mapping[str, Any]) -> str:
    if row["silent"]:
        return f"since {row['silent_since']}"
    if row["silent"] is None:
        return "unknown" if row["silent_after"] else "not agreed"
    return "no"
