"""What the configured rules refer to."""

from alerts.interventions.config import load_interventions
from collector.contract_definitions import load_contracts
from milepost.settings import Settings
from rules.references import References, load_references


def rule_references(settings: Settings) -> References:
    """What the configured rules refer to; ConfigError names every problem."""
    interventions = load_interventions(settings.interventions_path)
    return load_references(
        settings.calendars_path, load_contracts(settings.contracts_path).contracts, interventions.known
    )
