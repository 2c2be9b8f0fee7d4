"""What is asked of a calibration, the rule that it is about, and the answer as it is shown."""

import difflib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.contract import Contracts
from domain.errors import UsageError
from domain.forecast_rule import ForecastRule
from domain.instants import format_instant
from domain.rule import Rule
from rules.forecast_calibration import Calibration
from rules.loader import load_rules
from rules.references import load_references

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CalibrationWish:
    """The forecast rule, and between which instants the cases started that it is judged by."""

    alert: str
    rules: Path
    calendars: Path
    since: datetime
    until: datetime


def forecast_rule(wish: CalibrationWish, contracts: Contracts) -> ForecastRule:
    """The rule that is asked for; UsageError where there is no such forecast, or no time to judge it by."""
    if wish.since >= wish.until:
        raise UsageError(
            f"from is {format_instant(wish.since)} and to is {format_instant(wish.until)}; give a later to"
        )
    loaded = load_rules([wish.rules], load_references(wish.calendars, contracts))
    return _forecast_named(wish.alert, loaded)


def _forecast_named(name: str, rules: Sequence[Rule]) -> ForecastRule:
    forecasts = {rule.name: rule for rule in rules if isinstance(rule, ForecastRule)}
    if name in forecasts:
        return forecasts[name]
    near = difflib.get_close_matches(name, forecasts, n=1)
    accepted = f"one of {', '.join(sorted(forecasts))}" if forecasts else "none: no rule forecasts"
    hint = f'did you mean "{near[0]}"?' if near else f"give {accepted}"
    what = "is no forecast" if name in {rule.name for rule in rules} else "is no rule"
    raise UsageError(f'"{name}" {what}; {hint}')


def calibration_report(wish: CalibrationWish, rule: ForecastRule, found: Calibration) -> Row:
    """A calibration as `--output json` shows it; what is not known is None."""
    return {
        "alert": rule.name,
        "rule_version": rule.version,
        "of": rule.target.name,
        "from": format_instant(wish.since),
        "to": format_instant(wish.until),
        "cases": found.cases,
        "unpredicted": found.unpredicted,
        "unsettled": found.unsettled,
        "predictions": found.predictions,
        "brier_score": found.brier,
        "brier_score_of_base_rate": found.brier_of_base_rate,
        "skill": found.skill,
        "bands": [{**asdict(band), "well_calibrated": band.is_calibrated} for band in found.bands],
    }
