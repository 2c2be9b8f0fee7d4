"""Money, durations, shares and instants as people read them."""

from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dashboard.formatting import (
    Reader,
    compact_money,
    count_of,
    duration,
    exact_money,
    grouped,
    percent,
    separators,
    utc,
    write_numbers_for,
    zone_named,
)

SPACE = "\u202f"
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        pytest.param("1240000", "EUR", f"€1.24{SPACE}M", id="millions with two decimals"),
        pytest.param("35900", "USD", f"$35.9{SPACE}K", id="tens of thousands with one decimal"),
        pytest.param("208400", "GBP", f"£208{SPACE}K", id="hundreds of thousands with none"),
        pytest.param("900", "JPY", "¥900", id="small amounts in full"),
        pytest.param("-1500", "EUR", f"−€1.50{SPACE}K", id="a credit with its sign in front"),
        pytest.param("1240000", "CHF", f"1.24{SPACE}M CHF", id="a currency without a sign by its code"),
        pytest.param("1240000", None, f"1.24{SPACE}M", id="no currency at all"),
    ],
)
def test_money_is_compact(amount: str, currency: str | None, shown: str) -> None:
    assert compact_money(Decimal(amount), currency) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        pytest.param("1234567.5", "EUR", "1,234,567.50 EUR", id="with the currency's own decimals"),
        pytest.param("1000", "JPY", "1,000 JPY", id="without decimals where the currency has none"),
        pytest.param("-0.25", "EUR", "-0.25 EUR", id="a small credit keeps its sign"),
        pytest.param("5", None, "5, in a currency no system has stated", id="an unknown currency is said"),
    ],
)
def test_exact_money_has_every_digit(amount: str, currency: str | None, shown: str) -> None:
    assert exact_money(Decimal(amount), currency) == shown


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        pytest.param(
            "de-DE", ("12.345 alerts", f"€1,24{SPACE}M", "1.234.567,50 EUR", f"98,6{SPACE}%", ",."), id="German"
        ),
        pytest.param(
            "de-CH",
            ("12\u2019345 alerts", f"€1.24{SPACE}M", "1\u2019234\u2019567.50 EUR", f"98.6{SPACE}%", ".\u2019"),
            id="Swiss",
        ),
        pytest.param(
            "en-US", ("12,345 alerts", f"€1.24{SPACE}M", "1,234,567.50 EUR", f"98.6{SPACE}%", ".,"), id="English"
        ),
        pytest.param(
            "xx", ("12,345 alerts", f"€1.24{SPACE}M", "1,234,567.50 EUR", f"98.6{SPACE}%", ".,"), id="unknown"
        ),
        pytest.param(None, ("12,345 alerts", f"€1.24{SPACE}M", "1,234,567.50 EUR", f"98.6{SPACE}%", ".,"), id="none"),
    ],
)
def test_numbers_have_the_readers_marks(locale: str | None, shown: tuple[str, ...]) -> None:
    def written() -> tuple[str, ...]:
        write_numbers_for(locale)
        amounts = (compact_money(Decimal(1240000), "EUR"), exact_money(Decimal("1234567.5"), "EUR"))
        return count_of(12345, "alert"), *amounts, percent(0.986), separators()

    # As a page runs: what one reader wants is nothing to the next.
    assert copy_context().run(written) == shown
    assert grouped(-1234.5, ",.1f") == "-1,234.5"


def test_what_is_unknown_reads_unknown_and_says_why() -> None:
    assert compact_money(None, "EUR") == "unknown"
    assert exact_money(None, "EUR") == "no system has stated an amount"
    assert percent(None) == "unknown"
    assert duration(None) == "unknown"


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        pytest.param(0.9861, f"98.6{SPACE}%", id="one decimal"),
        pytest.param(1.0, f"100{SPACE}%", id="all of it"),
        pytest.param(0.9999, f"99.9{SPACE}%", id="nearly all is not all"),
        pytest.param(0.0001, f"0.1{SPACE}%", id="nearly none is not none"),
        pytest.param(0.0, f"0{SPACE}%", id="none"),
    ],
)
def test_a_share_is_never_rounded_to_a_claim(share: float, shown: str) -> None:
    assert percent(share) == shown


def test_durations_have_two_units_and_short_ones_milliseconds() -> None:
    assert duration(timedelta(days=3, hours=4, minutes=5)) == "3 d 4 h"
    assert duration(timedelta(milliseconds=40.5)) == "40.5 ms"
    assert duration(timedelta(0)) == "0 s"


def test_counts_agree_with_their_noun() -> None:
    assert count_of(1, "alert") == "1 alert"
    assert count_of(2400, "alert") == "2,400 alerts"


def test_instants_are_on_the_readers_clock_and_in_utc_on_demand() -> None:
    reader = Reader(ZoneInfo("Asia/Tokyo"), NOON)

    assert reader.instant(NOON) == "2 Nov 21:00"
    assert reader.instant(NOON.replace(year=2025)) == "2 Nov 2025 21:00"
    assert reader.instant(NOON, seconds=True) == "2 Nov 21:00:00"
    assert utc(NOON) == "2026-11-02 12:00:00.000 UTC"
    assert reader.in_words("due by 2026-11-02T12:00:00Z.") == "due by 2 Nov 21:00."
    assert reader.ago(NOON - timedelta(minutes=5)) == "5 min ago"
    assert reader.ago(NOON) == "just now"


def test_an_unknown_zone_is_utc() -> None:
    assert zone_named(None) == ZoneInfo("UTC")
    assert zone_named("Mars/Olympus") == ZoneInfo("UTC")
    assert zone_named("../etc/passwd") == ZoneInfo("UTC")
    assert zone_named("Europe/Berlin") == ZoneInfo("Europe/Berlin")
