"""Keeps BENCHMARKS.md: the newest run first, with the machine it ran on, earlier runs below for comparison."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bench.figures import Figure, table
from bench.traffic import SEED
from domain.clock import SystemClock

JOURNAL = Path(__file__).parent.parent / "BENCHMARKS.md"
_KEPT_RUNS = 6
_HEAD = """# Benchmarks

Written by `make bench`. A figure is the median of the rounds after one that warms up; targets are those of the design,
part 10, for two cores. The collector is one process with the embedded store, the load generator another on the same
machine; every answer is checked, and after the load the store must hold exactly what was acknowledged. `python -m bench
--quick` prints the same table from short rounds and leaves this file alone. A load average above zero says that other
work had part of the cores: then read the processor time rather than the rates. `TMPDIR` decides where the store lies.

Beside pandas and pm4py both must find the same alerts, or there is no figure. Milepost's time there is that of
`evaluate`, which reads the store and words each alert; a tick, which goes on from what was told, is what it does live.
Where pm4py and a rule cannot say the same, `bench/peers/temporal_profile.py` says why, and the table how often.
"""
_RUN = "\n## "


def note(figures: Sequence[Figure], load_before: float) -> None:
    """Puts a run on top of the journal; `load_before` is the machine's load average when it began."""
    earlier = JOURNAL.read_text(encoding="utf-8").split(_RUN)[1:] if JOURNAL.exists() else []
    runs = [f"{_machine(load_before)}\n\n{table(figures)}\n", *earlier][:_KEPT_RUNS]
    JOURNAL.write_text(_HEAD + "".join(_RUN + run for run in runs), encoding="utf-8")


def _machine(load_before: float) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{SystemClock().now():%Y-%m-%d %H:%M} UTC\n\n{os.cpu_count()} cores, {memory:.0f} GiB memory, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"chDB {version('chdb')}, traffic seed {SEED}, load average {load_before:.1f} before the run."
    )
