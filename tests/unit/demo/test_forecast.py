"""What the demo company expects to bill."""

from datetime import UTC, datetime, timedelta

from milepost.demo.company import ENTITIES
from milepost.demo.traffic import Traffic

START = datetime(2026, 11, 12, 9, tzinfo=UTC)


def test_every_legal_entity_has_one_forecast_of_every_month_of_the_history() -> None:
    events = Traffic(7, START, days=20, rate=0).due(START).events

    stated = sorted({str(event["id"]) for event in events if event["type"] == "forecast.stated"})

    assert stated == sorted(
        f"q2c-F{entity.code}{month}:forecast.stated" for entity in ENTITIES for month in ("202610", "202611")
    )


def test_a_forecast_names_the_first_and_last_day_of_its_month() -> None:
    events = Traffic(7, START, days=1, rate=0).due(START + timedelta(days=1)).events

    [forecast] = [event for event in events if event["id"] == "q2c-FDE01202611:forecast.stated"][:1]
    data = forecast["data"]

    assert isinstance(data, dict)
    assert (data["attributes"]["from"], data["attributes"]["until"]) == ("2026-11-01", "2026-11-30")
    assert (data["objects"], data["currency"]) == ([{"type": "forecast", "id": "DE01-2026-11"}], "EUR")
