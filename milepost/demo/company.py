"""Who the demo company is: legal entities, customers, products, and when its people are at work."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

NAME = "Northlight Industrial Supply"
CASES_PER_DAY = 150
# A weekend brings what a web form and a few emergency repairs bring; five weekdays make up for it, so that the
# mean over a week stays CASES_PER_DAY.
WEEKEND_SHARE = 0.15
WEEKDAY_SHARE = (7 - 2 * WEEKEND_SHARE) / 5
_HOUR_WEIGHTS = [0.05] * 7 + [0.4] + [1.0] * 10 + [0.4] * 2 + [0.05] * 4


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """One company code: its books, its clock, its share of the cases and the middle of its order values."""

    code: str
    currency: str
    region: str
    zone: ZoneInfo
    share: float
    median_amount: float


@dataclass(frozen=True, slots=True)
class Customer:
    """A buyer; `tier` decides how soon an order has to be in the ERP."""

    id: str
    name: str
    tier: str


@dataclass(frozen=True, slots=True)
class Product:
    """A product line; `scale` is how its price compares with the entity's median order."""

    name: str
    scale: float


ENTITIES = (
    LegalEntity("DE01", "EUR", "EMEA", ZoneInfo("Europe/Berlin"), 0.27, 38_000),
    LegalEntity("FR01", "EUR", "EMEA", ZoneInfo("Europe/Paris"), 0.16, 31_000),
    LegalEntity("GB01", "GBP", "EMEA", ZoneInfo("Europe/London"), 0.15, 27_000),
    LegalEntity("US01", "USD", "AMER", ZoneInfo("America/Chicago"), 0.28, 46_000),
    LegalEntity("JP01", "JPY", "APAC", ZoneInfo("Asia/Tokyo"), 0.14, 5_400_000),
)
ENTITY_BY_CODE = {entity.code: entity for entity in ENTITIES}
# A company that is being wound down: what it sold is posted, billed and paid, so that it is ready to close. It takes no
# part in what goes wrong.
WOUND_DOWN = LegalEntity("AT01", "EUR", "EMEA", ZoneInfo("Europe/Vienna"), 0.02, 12_000)
PRODUCTS = (
    Product("compressor station", 2.2),
    Product("conveyor drive", 0.9),
    Product("hydraulic press", 3.0),
    Product("pump set", 0.6),
    Product("robot cell", 4.5),
    Product("sensor kit", 0.2),
    Product("spare parts", 0.1),
    Product("valve manifold", 0.4),
)
_CUSTOMER_NAMES = {
    "DE01": ("Alpenrand", "Brückwerk", "Donaugrund", "Eisenhain", "Nordhafen", "Rheinbogen", "Silberwald", "Talmühle"),
    "FR01": ("Belrivage", "Clairmonte", "Grandpré", "Hautecombe", "Montverre", "Rochefleur", "Valbrune", "Vertelande"),
    "GB01": ("Ashmere", "Brackenford", "Coldharrow", "Dunmoor", "Fenwater", "Highcombe", "Ravenshore", "Thornbeck"),
    "US01": ("Bluemesa", "Cedarfork", "Lonepeak", "Prairiegate", "Redcanyon", "Silverlake", "Tallpine", "Westbluff"),
    "AT01": ("Bergwinkel", "Hochsteg", "Innfeld", "Seetal", "Steinbach", "Traungrund", "Waldegg", "Ziller"),
    "JP01": ("Aomine", "Harukaze", "Kitahama", "Minatogawa", "Shiratori", "Tsukimori", "Wakaba", "Yamanami"),
}
_BUSINESSES = {
    "DE01": ("Anlagenbau", "Fördertechnik"),
    "FR01": ("Industrie", "Mécanique"),
    "GB01": ("Engineering", "Works"),
    "US01": ("Manufacturing", "Process Systems"),
    "JP01": ("Seiki", "Kogyo"),
    "AT01": ("Maschinenbau", "Technik"),
}
_TIERS = ("platinum", "standard", "gold", "standard", "standard", "gold", "standard", "standard")


def _customers(entity: LegalEntity, first_number: int) -> tuple[Customer, ...]:
    names = [f"{name} {business}" for business in _BUSINESSES[entity.code] for name in _CUSTOMER_NAMES[entity.code]]
    return tuple(
        Customer(f"C-{first_number + index}", name, _TIERS[index % len(_TIERS)]) for index, name in enumerate(names)
    )


CUSTOMERS = {
    entity.code: _customers(entity, 1001 + 100 * index) for index, entity in enumerate((*ENTITIES, WOUND_DOWN))
}


def dice(*parts: object) -> random.Random:
    """The random numbers that belong to these parts, the same at every run and on every machine."""
    return random.Random("/".join(map(str, parts)))  # noqa: S311 - repeatable traffic is wanted, not secrecy


def draw_amount(rng: random.Random, entity: LegalEntity, product: Product) -> Decimal:
    """A log-normal order value, exact to the last decimal that the entity's currency has."""
    decimals = get_currency_precision(entity.currency)
    value = entity.median_amount * product.scale * rng.lognormvariate(0, 0.7)
    # Prices end on a round number of the smallest note, not on a stray cent.
    rounded = max(round(value / 50), 1) * 50 if decimals else max(round(value / 1000), 1) * 1000
    return Decimal(rounded).quantize(Decimal(1).scaleb(-decimals))


def share_of(amount: Decimal, share: float, currency: str) -> Decimal:
    """That share of an amount, rounded to the currency's own decimals."""
    return (amount * Decimal(str(round(share, 4)))).quantize(Decimal(1).scaleb(-get_currency_precision(currency)))


def case_starts(rng: random.Random, entity: LegalEntity, day: date) -> list[datetime]:
    """When the entity's cases of one local calendar day begin, in order: dense in office hours, thin at night."""
    rhythm = WEEKEND_SHARE if day.weekday() >= 5 else WEEKDAY_SHARE
    expected = CASES_PER_DAY * entity.share * rhythm
    count = max(0, round(rng.gauss(expected, expected**0.5)))
    hours = rng.choices(range(24), _HOUR_WEIGHTS, k=count)
    local_times = [time(hour, rng.randrange(60), rng.randrange(60), rng.randrange(10**6)) for hour in hours]
    starts = (datetime.combine(day, at, entity.zone).astimezone(UTC) for at in local_times)
    return sorted(starts)


def midnight(day: date) -> datetime:
    """The first instant of a day in UTC."""
    return datetime.combine(day, time(), UTC)


# An entity's local day begins up to this long before the same day in UTC (Tokyo: nine hours).
EARLIEST_LOCAL_START = timedelta(hours=9)
