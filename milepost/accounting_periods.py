"""The accounting periods that are configured."""

from domain.period import Periods
from milepost.settings import Settings
from rules.calendars import load_calendars
from rules.periods import load_periods


def configured_periods(settings: Settings) -> Periods:
    """The accounting periods of the configured calendars; ConfigError names every problem."""
    path = settings.calendars_path
    return load_periods(path, load_calendars([path]))
