"""Dated rates as a file gives them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from domain.errors import ConfigError
from kpis.config import load_kpi_settings
from kpis.fx import load_rates
from storage.fx_rates import Rate

HEADER = "date,currency,rate\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "rates.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_rate_has_the_digits_that_are_kept(tmp_path: Path) -> None:
    """With more it would differ from the store's at every look, and be loaded again each time."""
    path = written(tmp_path, HEADER + "2026-11-02,USD,0.12345678901234567891\n")

    assert load_rates(path) == [Rate("USD", date(2026, 11, 2), Decimal("0.123456789012345679"))]


def test_rates_are_read_exactly_and_in_order(tmp_path: Path) -> None:
    path = written(
        tmp_path, HEADER + "2026-11-02,USD,0.921500000000000001\n\n2026-11-01,USD,0.92\n2026-11-02,GBP,1.2\n"
    )

    assert load_rates(path) == [
        Rate("GBP", date(2026, 11, 2), Decimal("1.2")),
        Rate("USD", date(2026, 11, 1), Decimal("0.92")),
        Rate("USD", date(2026, 11, 2), Decimal("0.921500000000000001")),
    ]


def test_every_wrong_line_is_told(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEADER
        + "02.11.2026,USD,0.9\n2026-11-02,usd,0.9\n2026-11-02,USD,0\n2026-11-02,USD,NaN\n2026-11-02,USD\n"
        + "2026-11-02,USD,0.9\n2026-11-02,USD,0.8\n",
    )

    with pytest.raises(ConfigError) as raised:
        load_rates(path)

    accepted = "give what one unit is worth in the reporting currency, such as 0.9215"
    assert str(raised.value).splitlines() == [
        f"{path}:2: date is '02.11.2026'; give a day such as 2026-11-02",
        f"{path}:3: currency is 'usd'; give three capital letters, such as USD",
        f"{path}:4: rate is '0'; {accepted}",
        f"{path}:5: rate is 'NaN'; {accepted}",
        f"{path}:6: has 2 fields; give date, currency, rate",
        f"{path}:8: USD has two rates of 2026-11-02; give one",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "1: begins with nothing; give the header date,currency,rate", id="nothing at all"),
        pytest.param("day,rate\n", "1: begins with day,rate; give the header date,currency,rate", id="another header"),
    ],
)
def test_a_file_without_the_header_is_told(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_rates(written(tmp_path, text))

    assert str(raised.value) == f"{tmp_path / 'rates.csv'}:{problem}"


def test_the_settings_name_the_file_beside_them(tmp_path: Path) -> None:
    written(tmp_path, HEADER + "2026-11-02,EUR,1.1\n")
    path = tmp_path / "kpis.yaml"
    path.write_text("{reporting_currency: USD, rates_file: rates.csv, rate_days: 3}", encoding="utf-8")

    settings = load_kpi_settings(path)

    assert (settings.pricing.currency, settings.pricing.rate_days, len(settings.rates)) == ("USD", 3, 1)


def test_a_missing_file_of_rates_is_told(tmp_path: Path) -> None:
    path = tmp_path / "kpis.yaml"
    path.write_text("{reporting_currency: USD, rates_file: rates.csv}", encoding="utf-8")

    with pytest.raises(ConfigError) as raised:
        load_kpi_settings(path)

    assert str(raised.value) == f"{tmp_path / 'rates.csv'}: cannot be read: No such file or directory"
