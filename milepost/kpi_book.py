"""The configured KPIs with how amounts are priced, and what commands and the API ask of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.errors import UsageError
from domain.instants import format_instant
from domain.kpi import Dimension, JudgedRule, Kpi
from domain.kpi_watch import KpiWatch
from domain.period import Periods
from domain.rule import MilestoneRule, Rule
from domain.series_rule import KpiThresholdRule
from kpis.catalog import load_kpis
from kpis.config import KpiSettings, load_kpi_settings
from kpis.figures import Question
from kpis.fx import bring_rates_in
from kpis.keeper import KpiKeeper
from kpis.statements import check_statements
from milepost.rule_setup import rule_references
from milepost.settings import Settings
from rules.compiler import compile_condition
from rules.loader import load_rules
from storage.client import Store
from storage.fx_rates import Rate
from storage.kpi_cases import CaseFilter

USUAL_STRETCH = timedelta(days=30)
_LONGEST_STRETCH = timedelta(days=3660)


class KpiBook(NamedTuple):
    """The KPIs by id, the settings that all share, the accounting periods, and the figures that rules watch."""

    kpis: Mapping[str, Kpi]
    settings: KpiSettings
    periods: Periods = Periods()
    watches: tuple[KpiWatch, ...] = ()

    def of(self, name: str) -> Kpi:
        """The KPI of an id; UsageError where there is none."""
        if name not in self.kpis:
            raise UsageError(f"there is no KPI {name!r}; there are {', '.join(sorted(self.kpis))}")
        return self.kpis[name]

    def question(self, wish: "KpiWish") -> Question:
        """What is asked for; UsageError for names and stretches that there are not."""
        dimension, cases = wish.checked()
        if not wish.period:
            return Question(wish.since, wish.until, dimension, cases)
        entities = wish.only.get(Dimension.LEGAL_ENTITY, ())
        # Several of them may cut their years in several ways: then the usual one counts.
        scheme = self.periods.scheme(entities[0] if len(entities) == 1 else None)
        try:
            period = scheme.require(wish.period)
        except ValueError as error:
            raise UsageError(f"period {error}") from None
        since, until = scheme.bounds(period)
        before_since, _ = scheme.bounds(scheme.before(period))
        return Question(since, until, dimension, cases, before_since)

    def with_rates(self, rates: list[Rate]) -> "KpiBook":
        """The same with other rates."""
        return self._replace(settings=self.settings._replace(rates=rates))

    def watching(self, rules: Iterable[Rule]) -> "KpiBook":
        """The same with the figures that these rules watch."""
        return self._replace(watches=tuple(rule.watch for rule in rules if isinstance(rule, KpiThresholdRule)))

    def check(self, store: Store) -> None:
        """Returns where every statement that finds cases is one; ConfigError names the files of those that are not."""
        check_statements(store, self.kpis.values())

    def keep(self, store: Store, through: datetime, now: datetime) -> int:
        """Brings rates and cases up to date with what was received by `through`; how many KPIs changed."""
        bring_rates_in(store, self.settings.rates, now)
        return KpiKeeper(store, self.kpis, self.settings, self.watches).tick(through)


@dataclass(frozen=True, slots=True)
class KpiWish:
    """Over which stretch of time, of which cases, and told apart by what; a `period` by its name is that stretch."""

    since: datetime
    until: datetime
    by: str = ""
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    period: str = ""

    def checked(self) -> tuple[Dimension | None, CaseFilter]:
        """The dimension and the filter; UsageError for names and stretches that there are not."""
        check_stretch(self.since, self.until)
        return _dimension(self.by) if self.by else None, CaseFilter(
            {_dimension(name): values for name, values in self.only.items()}
        )


def load_kpi_book(settings: Settings) -> KpiBook:
    """The configured KPIs over the duties of the configured rules; ConfigError names every problem of their files."""
    references = rule_references(settings)
    rules = load_rules([settings.rules_path], references)
    kpis = {name: kpi.with_rules(judged(rules)) for name, kpi in load_kpis(settings.kpis_paths).items()}
    book = KpiBook(kpis, load_kpi_settings(settings.kpi_settings_path), references.periods)
    return book.watching(rules)


def judged(rules: Iterable[Rule]) -> tuple[JudgedRule, ...]:
    """The rules that watch over duties, each with what its own condition is to the store."""
    return tuple(
        JudgedRule(rule, compile_condition(rule.where).sql if rule.where else "")
        for rule in rules
        if isinstance(rule, MilestoneRule)
    )


def check_stretch(since: datetime, until: datetime) -> None:
    """UsageError for a stretch that ends before it begins, or that is too long."""
    if not timedelta(0) < until - since <= _LONGEST_STRETCH:
        raise UsageError(
            f"from is {format_instant(since)} and to is {format_instant(until)}; "
            "give a later to, and no more than ten years"
        )


def _dimension(name: str) -> Dimension:
    if name not in list(Dimension):
        raise UsageError(f"{name!r} is nothing that cases are told apart by; give one of {', '.join(Dimension)}")
    return Dimension(name)
