"""The console's reads about rules: how they do, which versions judge which cases, and what budgets are left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

import streamlit as st

from dashboard.reads import FRESH, STEADY, now
from dashboard.session import current
from domain.instants import EARLIEST, parse_instant
from domain.rule import Rule
from domain.series_rule import BurnRateRule
from rules.versions import effective
from storage.alerts import count_open_alerts_by_version
from storage.rule_health import RuleHealth, rule_health
from storage.rule_versions import read_rule_versions
from storage.series import clock_counts, read_states

# Noise is told of what ended in this time.
LOOKED_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of an error budget, of so many cases; below zero where it is overspent."""

    left: Fraction
    cases: int


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version of a rule: the cases from `since` (None: the first) until the next, and its open alerts."""

    rule_version: str
    since: datetime | None
    until: datetime | None
    adopted_at: datetime
    reason: str
    open_alerts: int


def running_rules() -> Mapping[str, Rule]:
    """The rules in force, by name."""
    files = current().rule_files
    return {rule.name: rule for rule in files.running()} if files else {}


@st.cache_data(ttl=STEADY, show_spinner=False)
def health() -> dict[str, RuleHealth]:
    return rule_health(current().store, now() - LOOKED_BACK)


@st.cache_data(ttl=STEADY, show_spinner=False)
def budgets() -> dict[str, Budget]:
    """What is left of each budget, by the name of the rule that watches it; without those of which nothing ended."""
    store, at = current().store, now()
    kept = read_states(store)
    found = {}
    for rule in running_rules().values():
        state = kept.get(rule.target.name) if isinstance(rule, BurnRateRule) else None
        if not isinstance(rule, BurnRateRule) or state is None or not state.state:
            continue
        counts = clock_counts(store, rule.target.name, parse_instant(state.state), at - rule.over)
        good, bad = sum(one.good for one in counts), sum(one.bad for one in counts)
        if good + bad > 0:
            found[rule.name] = Budget(1 - Fraction(bad, good + bad) / (1 - rule.objective), good + bad)
    return found


@st.cache_data(ttl=FRESH, show_spinner=False)
def versions(name: str) -> list[VersionLine]:
    """The versions of a rule that have cases, the newest first."""
    store = current().store
    stored = effective(read_rule_versions(store)).get(name, [])
    open_alerts = count_open_alerts_by_version(store)
    ends = [*(one.from_at for one in stored[1:]), None][: len(stored)]
    return [
        VersionLine(
            one.rule_version,
            None if one.from_at == EARLIEST else one.from_at,
            until,
            one.recorded_at,
            one.reason,
            open_alerts.get((name, one.rule_version), 0),
        )
        for one, until in zip(stored, ends, strict=True)
    ][::-1]


def forget_rules() -> None:
    """What was just changed is read anew."""
    for one in (health, budgets, versions):
        one.clear()
