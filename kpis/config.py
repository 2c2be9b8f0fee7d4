"""Reads kpis.yaml: in which currency amounts are added up, by which rates, and what tells segments apart."""

from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from domain.config_file import ConfigModel, load_model, show
from domain.money import is_currency
from kpis.fx import load_rates
from storage.fx_rates import Rate
from storage.kpi_cases import Pricing

SHIPPED = Path(__file__).parent / "kpis.yaml"


class KpiSettings(NamedTuple):
    """How amounts are priced, the attribute that names a customer's segment, and the rates."""

    pricing: Pricing
    segment: str
    rates: list[Rate]


def _currency(value: str) -> str:
    if not is_currency(value):
        raise ValueError(f"is {show(value)}; give three capital letters, such as EUR")
    return value


class _FileConfig(ConfigModel):
    reporting_currency: Annotated[str, AfterValidator(_currency)]
    segment: Annotated[str, Field(min_length=1)] = "tier"
    rates_file: str | None = None
    rate_days: Annotated[int, Field(ge=0, le=366)] = 7


def load_kpi_settings(path: Path = SHIPPED) -> KpiSettings:
    """What the file says, with the rates of the file that it names beside it; ConfigError names every problem."""
    model = load_model(path, _FileConfig)
    rates = load_rates(path.parent / model.rates_file) if model.rates_file else []
    return KpiSettings(Pricing(model.reporting_currency, model.rate_days), model.segment, rates)
