"""Generated arrivals over some days, and forecast rules on them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from hypothesis import strategies as st

from domain.forecast_rule import ForecastRule
from domain.rule import MilestoneRule, Override, Pairing, Pause
from tests.integration.rules.arrivals import EUROPEAN, Log, logs
from tests.unit.rules.histories import LARGE, PLATINUM, START, ShortPeriods, rule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# What takes minutes in other generated histories takes hours here, so that several instants of the grid lie within.
SLOWER = 150


def forecast(target: MilestoneRule, **changes: object) -> ForecastRule:
    """A forecast of a milestone rule, for few cases, with the changes given."""
    plain = ForecastRule(
        group="g",
        name=f"Likely{target.name}",
        version="f1",
        object_type=target.object_type,
        where=target.where,
        target=target,
        chance=Fraction(1, 2),
        learn_from=30 * DAY,
        at_least=1,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def slow_logs() -> st.SearchStrategy[Log]:
    """Histories of about three days."""

    def slow(log: Log) -> Log:
        return Log(
            [
                replace(
                    arrival,
                    occurred_at=START + (arrival.occurred_at - START) * SLOWER,
                    received_at=START + (arrival.received_at - START) * SLOWER,
                )
                for arrival in log.arrivals
            ]
        )

    return logs().map(slow)


def forecast_rules() -> st.SearchStrategy[ForecastRule]:
    """Forecasts of rules that use every part of the milestone kind which can be forecast."""
    hours = st.integers(1, 30).map(lambda count: count * HOUR)
    target = st.builds(
        rule,
        within=hours,
        pairing=st.sampled_from([Pairing.FIRST, Pairing.EACH]),
        skew=st.sampled_from([0, 0, 2, 4]).map(lambda count: count * HOUR),
        unless=st.sampled_from([(), ("cancelled",)]),
        where=st.sampled_from([None, None, LARGE, EUROPEAN]),
        overrides=st.sampled_from([(), (Override(PLATINUM, 5 * HOUR),)]),
        pause=st.sampled_from([None, None, Pause("held", "released")]),
        close=st.sampled_from([None, None, ShortPeriods()]),
    )
    return st.builds(
        forecast,
        target,
        chance=st.sampled_from([Fraction(3, 10), Fraction(1, 2), Fraction(4, 5)]),
        segment=st.sampled_from([(), ("region",), ("region", "source")]),
        learn_from=st.sampled_from([DAY, 2 * DAY, 30 * DAY]),
        at_least=st.sampled_from([1, 3]),
    )


def named(rules: Sequence[ForecastRule]) -> list[ForecastRule]:
    """The rules, named apart."""
    return [replace(rule, name=f"Forecast{number}", version=f"v{number}") for number, rule in enumerate(rules)]
