"""How long a rule may still have something to say of an object of which nothing more becomes known."""

from datetime import datetime, timedelta

from domain.calendar import earliest_start
from domain.forecast_rule import ForecastRule
from domain.instants import EARLIEST
from domain.rule import MilestoneRule, ObjectRule, SequenceRule
from rules.kinds.milestone import share_of
from rules.told import LATE_GRACE
from rules.versions import VersionedRule

# Longer than any period and the business days after it until it closes; see domain/period.py.
_LONGEST_PERIOD = timedelta(days=450)


def known_since(rule: ObjectRule, instant: datetime) -> datetime:
    """No alert of an object changes at `instant` or later if all that concerns the rule was known before this."""
    if isinstance(rule, VersionedRule):
        return min(known_since(version, instant) for version in rule.versions)
    if isinstance(rule, SequenceRule):
        return instant - LATE_GRACE
    if isinstance(rule, ForecastRule) and not rule.target.pause:
        # While a clock is paused, what is learnt may still change what is told.
        return known_since(rule.target, instant)
    if not isinstance(rule, MilestoneRule):
        return EARLIEST
    # After the last thing that was known, even the end of a pause, no more than the longest step's time is left.
    longest = max([rule.within, *(override.within for override in rule.overrides)])
    longest = max(longest, share_of(longest, rule.severity[-1].share))
    last = instant - LATE_GRACE
    # A period closes while a clock is paused, too.
    return min(last - _LONGEST_PERIOD if rule.close else last, earliest_start(rule.calendar, longest, last))
