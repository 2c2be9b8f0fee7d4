"""One rule of each kind that judges traffic."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from domain.series_rule import AbsenceRule, Bound, BurnRateRule, BurnWindows, ThresholdRule
from tests.unit.rules.histories import rule

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MISSING = AbsenceRule(
    group="cash", name="PaymentsMissing", version="1", event_type="payment.received", stretch=HOUR, per=("source",)
)
LATE = ThresholdRule(
    group="integration",
    name="MessagesLate",
    version="1",
    signal="message_latency",
    bound=Bound.ABOVE,
    value=Decimal(60),
    stretch=timedelta(0),
    window=5 * MINUTE,
)
POSTED = rule(within=20 * MINUTE, version="1")
BURNING = BurnRateRule(
    group="slo",
    name="PostingBurns",
    version="1",
    objective=Fraction(9, 10),
    target=POSTED,
    over=timedelta(days=30),
    windows=(BurnWindows(Fraction(5), HOUR, 30 * MINUTE, "critical"),),
    minimum=2,
)
