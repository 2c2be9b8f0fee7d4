"""What the configured rules refer to."""

from alerts.interventions.config import load_interventions
from collector.contract_definitions import load_contracts
from domain.kpi_watch import KnownKpis
from kpis.catalog import load_kpis
from kpis.config import load_kpi_settings
from milepost.settings import Settings
from rules.references import References, load_references


def rule_references(settings: Settings) -> References:
    """What the configured rules refer to; ConfigError names every problem."""
    interventions = load_interventions(settings.interventions_path)
    return load_references(
        settings.calendars_path,
        load_contracts(settings.contracts_path).contracts,
        interventions.known,
        known_kpis(settings),
    )


def known_kpis(settings: Settings) -> KnownKpis:
    """The units of the configured KPIs, and their currency; ConfigError names every problem of their files."""
    units = {name: kpi.unit for name, kpi in load_kpis(settings.kpis_paths).items()}
    return KnownKpis(units, load_kpi_settings(settings.kpi_settings_path).pricing.currency)
