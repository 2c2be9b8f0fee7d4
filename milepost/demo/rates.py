"""Rates for the demo company's currencies, so that its amounts add up: made up, and the same for the same day."""

import math
import random
from datetime import date, timedelta
from decimal import Decimal

from storage.fx_rates import Rate

# About what one unit was worth in euros in 2026; the days around them are drawn.
_AROUND = {"GBP": 1.16, "USD": 0.88, "JPY": 0.0056}
_DAYS = 120


def demo_rates(until: date) -> list[Rate]:
    """A rate of every currency and day up to and with a day, by currency and day."""
    days = [until - timedelta(days=back) for back in reversed(range(_DAYS))]
    return [
        Rate(currency, day, _drawn(currency, middle, day))
        for currency, middle in sorted(_AROUND.items())
        for day in days
    ]


def _drawn(currency: str, middle: float, day: date) -> Decimal:
    """A slow swing with a little noise, that needs to remember nothing."""
    noise = random.Random(f"{currency} {day.isoformat()}").gauss(0, 0.002)  # noqa: S311 - of a made-up company
    rate = middle * (1 + 0.02 * math.sin(day.toordinal() / 23) + noise)
    return Decimal(f"{rate:.6g}")
