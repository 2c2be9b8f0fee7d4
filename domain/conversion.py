"""Converts amounts between currencies by rates that lead into one of them."""

from collections.abc import Callable, Mapping
from decimal import Context, Decimal

# What an amount in a currency is in the wanted one; None where a rate is missing.
Convert = Callable[[Decimal, str], Decimal | None]
# As the store keeps amounts; Decimal's own context has too few digits for them, and refuses to round them.
NINE_DIGITS, EXACT = Decimal("1e-9"), Context(prec=400)


def conversion(rates: Mapping[str, Decimal], rates_in: str, wanted: str) -> Convert:
    """A converter into `wanted`; `rates` say what one unit of each currency is worth in `rates_in`."""
    known = {**rates, rates_in: Decimal(1)}

    def convert(amount: Decimal, currency: str) -> Decimal | None:
        if currency == wanted:
            return amount
        rate, rate_of_wanted = known.get(currency), known.get(wanted)
        if rate is None or rate_of_wanted is None:
            return None
        return EXACT.quantize(EXACT.divide(EXACT.multiply(amount, rate), rate_of_wanted), NINE_DIGITS)

    return convert
