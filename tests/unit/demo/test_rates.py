"""The demo company's rates."""

from datetime import date, timedelta

from milepost.demo.company import ENTITIES
from milepost.demo.rates import demo_rates

TODAY = date(2026, 11, 2)


def test_every_currency_has_a_rate_of_every_day_of_its_history() -> None:
    rates = {(rate.currency, rate.valid_on) for rate in demo_rates(TODAY)}

    needed = {entity.currency for entity in ENTITIES} - {"EUR"}
    assert {(currency, TODAY - timedelta(days=back)) for currency in needed for back in range(91)} <= rates


def test_the_rate_of_a_day_stays_what_it_is() -> None:
    later = {(rate.currency, rate.valid_on): rate.rate for rate in demo_rates(TODAY + timedelta(days=5))}

    assert all(later.get((rate.currency, rate.valid_on), rate.rate) == rate.rate for rate in demo_rates(TODAY))
    assert len({rate.rate for rate in demo_rates(TODAY) if rate.currency == "USD"}) > 50
