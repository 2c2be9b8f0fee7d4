"""Definitions of pulls to try, and what became of their rows in the store."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from collector.contract_door import ContractDoor
from collector.files.door import Door
from collector.local_door import LocalDoor
from collector.pull_definitions import load_pulls
from collector.pull_runs import PullMetrics, PullOutcome, PullRuns
from collector.pull_tables import PullPlaces
from collector.pulling import ROWS_A_PAGE, Pull
from domain.clock import FixedClock
from domain.contract import Contracts
from storage.client import Store
from tests.builders import NOW
from tests.engine import Engine

MAP = """
watermark: {instant: updated_at}
map:
  id: number
  type: "'invoice.issued'"
  time: updated_at
  objects: "[{type: 'invoice', id: number}]"
  amount: gross
  currency: "'EUR'"
"""
STORED = "SELECT event_id, source, occurred_at, amount, attributes FROM events FINAL ORDER BY occurred_at, event_id"


class Pulls:
    """A folder of definitions and one of files, and a store that pulls by them."""

    def __init__(self, folder: Path, store: Store, engine: Engine, rows_a_page: int = ROWS_A_PAGE) -> None:
        self.folder, self.files = folder / "pulls", folder / "files"
        self.folder.mkdir()
        self.files.mkdir()
        self.store, self._engine, self.rows_a_page = store, engine, rows_a_page
        self.environ: dict[str, str] = {}
        self.registry = CollectorRegistry()
        self._metrics = PullMetrics(self.registry)

    def define(self, text: str, rest: str = MAP, name: str = "invoices") -> None:
        """Writes a definition."""
        (self.folder / f"{name}.yaml").write_text(f"title: Invoices\n{text}\n{rest}", encoding="utf-8")

    def runs(self) -> PullRuns:
        """The pulls as they are defined now."""
        places = PullPlaces(self.environ, self.files)
        clock = FixedClock(NOW)
        pulls = [
            Pull(definition, self.store, places, clock, self.rows_a_page)
            for definition in load_pulls(self.folder).values()
        ]
        return PullRuns(pulls, self._metrics, clock)

    def door(self) -> Door:
        """The collector's door on the store."""
        return LocalDoor(self.store, FixedClock(NOW), ContractDoor(Contracts()))

    def outcome(self, name: str = "invoices") -> PullOutcome:
        """What one run gave."""
        return self.runs().run(name, self.door())

    def told(self, name: str = "invoices") -> str:
        """What one run gave, as people see it."""
        outcome = self.outcome(name)
        return outcome.error or "\n".join([str(outcome.summary), *outcome.summary.problems])

    def stored(self) -> list[dict[str, Any]]:
        """The events in the store."""
        return self._engine.select(self.store, STORED)

    def ids(self) -> list[str]:
        """Their ids in the order of business time."""
        return [row["event_id"] for row in self.stored()]

    def watermarks(self) -> list[str]:
        """What is remembered."""
        rows = self._engine.select(self.store, "SELECT watermark FROM pull_watermarks FINAL ORDER BY pull")
        return [row["watermark"] for row in rows]

    def metric(self, name: str, **labels: str) -> float | None:
        """What a metric stands at."""
        return self.registry.get_sample_value(f"milepost_pull_{name}", labels)


def table(*rows: Mapping[str, str]) -> str:
    """Rows as a CSV file."""
    names = list(rows[0])
    return "\n".join([",".join(names), *(",".join(row[name] for name in names) for row in rows), ""])


def invoice(number: str, updated_at: str, gross: str = "10.50") -> dict[str, str]:
    """A row of the table of invoices."""
    return {"number": number, "updated_at": updated_at, "gross": gross}
