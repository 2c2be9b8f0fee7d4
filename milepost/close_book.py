"""The configured close: its gates, the periods of legal entities, and how amounts are compared."""

import functools
from collections.abc import Collection

from close.book import CloseBook
from close.catalog import load_close
from close.keeper import CloseKeeper
from collector.contract_definitions import load_contracts
from kpis.config import load_kpi_settings
from milepost.settings import Settings
from rules.engine import ENGINE
from rules.loader import load_rules
from rules.references import References, load_references
from storage.client import Store


def load_close_book(settings: Settings, references: References | None = None) -> CloseBook:
    """The close as the files say; ConfigError names every problem of theirs."""
    if references is None:
        contracts = load_contracts(settings.contracts_path).contracts
        references = load_references(settings.calendars_path, contracts)
    definition = load_close(settings.close_paths, known_alerts(settings, references))
    pricing = load_kpi_settings(settings.kpi_settings_path).pricing
    return CloseBook(definition, references.periods, references.contracts, pricing)


@functools.cache
def shipped_close_book() -> CloseBook:
    """The close as the shipped files say, read once."""
    return load_close_book(Settings())


def known_alerts(settings: Settings, references: References) -> Collection[str]:
    """The names of the alerts that the configured rules raise."""
    return {rule.name for rule in load_rules([settings.rules_path], references)}


def close_keeper(store: Store, book: CloseBook) -> CloseKeeper:
    """What keeps the cases of the gates, beside the rules engine of this program."""
    return CloseKeeper(store, book.gates, ENGINE)
