"""A backtest as `milepost rules backtest --output json` shows it: plain JSON values; what is unknown is None."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from domain.alert_action import Mark
from domain.duration import write_duration
from domain.instants import format_instant
from domain.money import format_amount
from domain.rule import Rule
from rules.backtest import Backtest, overrides_of
from rules.backtest_outcome import WEEK, Fired, RuleOutcome
from rules.versions import versions_of

Row = dict[str, Any]
_EXAMPLES = 5


def backtest_report(backtest: Backtest, running: Sequence[Rule], candidate: Sequence[Rule] | None) -> Row:
    """What the running rules would have told, and beside it what a candidate would, where one is given."""
    span = backtest.span
    report: Row = {
        "from": format_instant(span.since),
        "to": format_instant(span.until),
        "by": backtest.by.value,
        "running": _side(backtest, running),
        "candidate": None,
        "comparison": None,
    }
    if candidate is not None:
        report["candidate"] = _side(backtest, candidate)
        report["comparison"] = _comparison(backtest.of(running), backtest.of(candidate))
    return report


def _side(backtest: Backtest, rules: Sequence[Rule]) -> Row:
    outcomes = backtest.of(rules)
    weeks = (backtest.span.until - backtest.span.since) / WEEK
    pages: Counter[tuple[int, str]] = Counter()
    for outcome in outcomes:
        pages.update(outcome.pages)
    by_week = [
        {
            "from": format_instant(backtest.span.since + week * WEEK),
            "pages": {severity: count for (of_week, severity), count in sorted(pages.items()) if of_week == week},
        }
        for week in range(-((backtest.span.since - backtest.span.until) // WEEK))
    ]
    return {
        "rules": [_rule_row(outcome, weeks) for outcome in outcomes],
        "total": _figures(outcomes, weeks),
        "weeks": by_week,
        "unanswered": [
            {"alert": one.rule.name, "reason": one.reason, "replayed": not one.is_all}
            for one in backtest.unanswered_of(rules)
        ],
    }


def _rule_row(outcome: RuleOutcome, weeks: float) -> Row:
    rule = outcome.rule
    return {
        "alert": rule.name,
        "rule_version": versions_of(rule)[-1].version,
        "object_type": outcome.object_type,
        "started": outcome.started,
        **_figures([outcome], weeks),
        "overrides": [
            {
                "where": override.where,
                "within": write_duration(override.within),
                "applied": outcome.overrides.get(override, 0),
            }
            for override in overrides_of(rule)
        ],
        "examples": [_place(fired) for fired in _first(outcome.fired.values())],
    }


def _figures(outcomes: Sequence[RuleOutcome], weeks: float) -> Row:
    fired = [fired for outcome in outcomes for fired in outcome.fired.values()]
    pages: Counter[str] = Counter()
    for outcome in outcomes:
        for (_, severity), count in outcome.pages.items():
            pages[severity] += count
    return {
        "fired": len(fired),
        "firing_at_end": sum(outcome.standing for outcome in outcomes),
        "resolved": sum(outcome.resolved for outcome in outcomes),
        "retracted": sum(outcome.retracted for outcome in outcomes),
        "at_risk": sum(outcome.at_risk for outcome in outcomes),
        "averted": sum(outcome.averted for outcome in outcomes),
        "suspended": sum(outcome.suspended for outcome in outcomes),
        **_precision(Counter(alert.mark for alert in fired)),
        "pages": dict(sorted(pages.items())),
        "pages_per_week": {severity: round(count / weeks, 3) for severity, count in sorted(pages.items())},
        "money": _money(fired),
        "money_unknown": sum(alert.amount is None or alert.currency is None for alert in fired),
        "resolution_seconds": _spread([time for outcome in outcomes for time in outcome.lead_times]),
        "warning_seconds": _spread([time for outcome in outcomes for time in outcome.early]),
    }


def _precision(marks: Mapping[Mark | None, int]) -> Row:
    """The share of useful ones among the fired alerts that people marked; unknown where they marked none."""
    useful, noise = marks.get(Mark.USEFUL, 0), marks.get(Mark.NOISE, 0)
    marked = useful + noise
    return {"useful": useful, "noise": noise, "precision": round(useful / marked, 4) if marked else None}


def _money(fired: Iterable[Fired]) -> list[Row]:
    sums: dict[str, Decimal] = {}
    counts: Counter[str] = Counter()
    for alert in fired:
        if alert.amount is not None and alert.currency is not None:
            sums[alert.currency] = sums.get(alert.currency, Decimal(0)) + alert.amount
            counts[alert.currency] += 1
    return [
        {"currency": currency, "amount": format_amount(amount, currency), "alerts": counts[currency]}
        for currency, amount in sorted(sums.items())
    ]


def _spread(times: Sequence[timedelta]) -> Row | None:
    """Of n times in order the ones at rank ⌊q · (n - 1)⌋, and the longest; None where there is none."""
    if not times:
        return None
    ordered = sorted(time.total_seconds() for time in times)
    last = len(ordered) - 1
    return {"count": len(ordered), "p50": ordered[last // 2], "p90": ordered[last * 9 // 10], "longest": ordered[-1]}


def _comparison(running: Sequence[RuleOutcome], candidate: Sequence[RuleOutcome]) -> Row:
    """By rule what fired under both, under the running rules only and under the candidate only."""
    before = {outcome.rule.name: outcome for outcome in running}
    after = {outcome.rule.name: outcome for outcome in candidate}
    rows = [_compared(name, before.get(name), after.get(name)) for name in sorted(before.keys() | after.keys())]
    return {
        "rules": rows,
        "total": {key: sum(row[key] for row in rows) for key in _COUNTED},
    }


_COUNTED = ("both", "only_running", "only_candidate", "fires_otherwise", "other_severity")


def _compared(name: str, before: RuleOutcome | None, after: RuleOutcome | None) -> Row:
    old, new = (before.fired if before else {}), (after.fired if after else {})
    both = old.keys() & new.keys()
    moved = sorted(key for key in both if old[key].fired_at != new[key].fired_at)
    other = sorted(key for key in both if old[key].severity != new[key].severity)
    gone, come = old.keys() - new.keys(), new.keys() - old.keys()
    return {
        "alert": name,
        "both": len(both),
        "only_running": len(gone),
        "only_candidate": len(come),
        "fires_otherwise": len(moved),
        "other_severity": len(other),
        "only_running_examples": [_place(fired) for fired in _first(old[key] for key in gone)],
        "only_candidate_examples": [_place(fired) for fired in _first(new[key] for key in come)],
        "changed_examples": [
            {"running": _place(old[key]), "candidate": _place(new[key])}
            for key in sorted({*moved, *other}, key=lambda key: _place_key(old[key]))[:_EXAMPLES]
        ],
    }


def _first(fired: Iterable[Fired]) -> list[Fired]:
    return sorted(fired, key=_place_key)[:_EXAMPLES]


def _place_key(fired: Fired) -> tuple[object, ...]:
    return (fired.fired_at, fired.business_object)


def _place(fired: Fired) -> Row:
    return {
        "object_type": fired.business_object.type,
        "object_id": fired.business_object.id,
        "fired_at": format_instant(fired.fired_at),
        "severity": fired.severity,
        "amount": None if fired.amount is None else format_amount(fired.amount, fired.currency),
        "currency": fired.currency,
    }
