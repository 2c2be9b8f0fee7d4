"""What KPIs were stated to have come to on each day, as others query it; statements are added and never changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from domain.kpi import Kpi
from storage.client import Store, encode_rows


@dataclass(frozen=True, slots=True)
class DayValue:
    """What a KPI came to on the day that starts at an instant; an empty legal entity is all of them.

    `value` is None where no case decides it; `unconverted` cases are not in a sum of money.
    """

    starts_at: datetime
    legal_entity: str
    value: Decimal | None
    cases: int
    unconverted: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The latest statement of a day, and what was stated first where that was another."""

    day: DayValue
    stated_at: datetime
    statements: int
    first_value: Decimal | None

    @property
    def is_restated(self) -> bool:
        """Whether something else was stated before."""
        return self.statements > 1


def read_statements(store: Store, kpi: Kpi, since: datetime, until: datetime) -> list[Statement]:
    """What holds of the days that start in [since, until), by day and legal entity."""
    params = {"kpi": kpi.id, "definition": kpi.version, "since": since, "until": until}
    return [
        Statement(
            DayValue(row["starts_at"], row["legal_entity"], row["value"], row["cases"], row["unconverted"]),
            row["stated_at"],
            row["statements"],
            row["first_value"],
        )
        for row in store.rows("kpi_statements", params)
    ]


def write_statements(
    store: Store, kpi: Kpi, currency: str, days: Iterable[tuple[DayValue, datetime]], length: timedelta
) -> None:
    """States what a KPI came to on days of that length; beside each stands when that is stated."""
    rows = [
        {
            "kpi": kpi.id,
            "definition": kpi.version,
            "unit": kpi.unit,
            "starts_at": day.starts_at,
            "ends_at": day.starts_at + length,
            "legal_entity": day.legal_entity,
            "value": None if day.value is None else str(day.value),
            "currency": currency,
            "cases": day.cases,
            "unconverted": day.unconverted,
            "stated_at": stated_at,
        }
        for day, stated_at in days
    ]
    if rows:
        store.insert("kpi_values", encode_rows(rows))
