"""Checks source definitions and runs the samples beside them, for the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.source_definitions import load_definitions
from collector.source_samples import run_samples


@dataclass(frozen=True, slots=True)
class SourcesOutcome:
    """What the check found, as text, and whether all was as expected."""

    text: str
    passed: bool


def check_sources(paths: Sequence[Path]) -> SourcesOutcome:
    """Checks the definitions that paths name and runs their samples; ConfigError names every problem."""
    definitions = load_definitions(paths)
    report = run_samples(definitions.values())
    count = f"{len(definitions)} sources ({', '.join(sorted(definitions))}), {report.samples} samples"
    if not report.differences:
        return SourcesOutcome(f"{count}: all as expected", passed=True)
    return SourcesOutcome("\n\n".join([*report.differences, f"{count}, {len(report.differences)} differences"]), False)
