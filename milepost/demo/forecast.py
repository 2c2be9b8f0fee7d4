"""What the demo company expects to bill: one forecast for each legal entity and month."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from milepost.demo.case import Case, Happening, ObjectRef
from milepost.demo.company import CASES_PER_DAY, CUSTOMERS, PRODUCTS, LegalEntity

PLANNING = "planning"
# How an order compares with the entity's median one in the mean: amounts are log-normal, and products differ.
_MEAN_SHARE = Decimal("1.7")
_DAY, _SOON = timedelta(days=1), timedelta(minutes=10)


def forecast_case(entity: LegalEntity, day: date, since: datetime) -> Case:
    """The forecast of the month of a day, stated on its first day, or soon after the history begins."""
    first = day.replace(day=1)
    last = (first + 31 * _DAY).replace(day=1) - _DAY
    case = Case(f"F{entity.code}{first:%Y%m}", entity, CUSTOMERS[entity.code][0], PRODUCTS[0], PLANNING)
    monthly = Decimal(entity.median_amount) * Decimal(str(entity.share)) * CASES_PER_DAY * last.day * _MEAN_SHARE
    happening = Happening(
        "forecast.stated",
        max(datetime(first.year, first.month, 1, 6, tzinfo=UTC), since + _SOON),
        None,
        (ObjectRef("forecast", f"{entity.code}-{first:%Y-%m}"),),
        monthly // 1000 * 1000,
        attributes={"from": f"{first:%Y-%m-%d}", "until": f"{last:%Y-%m-%d}"},
    )
    case.happenings.append(happening)
    return case
