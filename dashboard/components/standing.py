"""How things stand now, in the words that more than one page begins with: pages must not contradict each other."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from dashboard.formatting import Reader, compact_money, count_of
from dashboard.framing import Frame
from domain.alert import AlertState
from domain.close import CellState, EntityClose
from storage.overview import MoneyAtRisk, RuleCount

_IN_SENTENCE = 3
# Rules are evaluated every few seconds; longer than that they have something to catch up on.
_BEHIND = timedelta(minutes=5)


def at_rates_words(frame: Frame) -> str:
    """How amounts of several currencies are compared."""
    return f"open alerts now, in {frame.currency} at today's rates; what has no rate stands as it was stated"


def past_window(money: Sequence[MoneyAtRisk]) -> str:
    """How many objects are past their window and what they are worth; empty where none is."""
    firing = [row for row in money if row.state is AlertState.FIRING]
    objects = sum(row.objects for row in firing)
    if not objects:
        return ""
    worth = [compact_money(row.amount, row.currency) for row in firing if row.amount is not None]
    behind = listed(worth) if worth else "an unknown amount"
    verb = "is past its" if objects == 1 else "are past their"
    return f"{count_of(objects, 'object')} worth {behind} {verb} service window"


def standing_words(
    counts: Sequence[RuleCount], money: Sequence[MoneyAtRisk], judged_through: datetime | None, reader: Reader
) -> tuple[list[str], str]:
    """What is late, at risk and not to be judged, as parts of a sentence, and the sentence's tone.

    Nothing is said to be in time by rules that have not judged what arrived.
    """
    by_state: Counter[AlertState] = Counter()
    for count in counts:
        by_state[count.state] += count.alerts
    firing, risk, unsure = (by_state[state] for state in (AlertState.FIRING, AlertState.AT_RISK, AlertState.SUSPENDED))
    past = past_window(money)
    parts = [past] if past else []
    if risk:
        parts.append(f"{count_of(risk, 'more alert' if firing else 'alert')} will fire unless work moves")
    if unsure:
        parts.append(f"{count_of(unsure, 'alert')} cannot be judged while a source is silent")
    if not parts:
        return _calm(judged_through, reader)
    return parts, AlertState.FIRING if firing else AlertState.AT_RISK if risk else AlertState.SUSPENDED


def _calm(judged_through: datetime | None, reader: Reader) -> tuple[list[str], str]:
    if judged_through is None:
        return ["no rule has judged yet what arrived"], AlertState.SUSPENDED
    if reader.now - judged_through > _BEHIND:
        through = reader.instant(judged_through)
        return [
            f"nothing is late by what arrived until {through}; what came since is not judged yet"
        ], AlertState.SUSPENDED
    return ["all watched work is inside its service window"], "in_time"


def listed(words: Sequence[str]) -> str:
    """Some words as a list in a sentence."""
    shown = list(words[:_IN_SENTENCE])
    if len(words) > _IN_SENTENCE:
        shown.append("more in other currencies")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def close_words(closes: Sequence[EntityClose], target: float, reader: Reader) -> str:
    """Whose close will miss its target, and by when it must not; empty where there is nothing to close."""
    judged = [close for close in closes if close.state is not CellState.NOTHING_TO_DO]
    if not judged:
        return ""
    missing = [close for close in judged if not _is_on_course(close, target)]
    cutoff = reader.instant(min(close.period.cutoff_at for close in judged))
    period = judged[0].period.name
    if not missing:
        return f"the close of {period} is on course for {cutoff}"
    names = [close.legal_entity or "the unknown entity" for close in missing]
    whose = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"the close of {period} is at risk in {whose} by {cutoff}"


def _is_on_course(close: EntityClose, target: float) -> bool:
    if close.state is CellState.READY or _reaches(close, target):
        return True
    # Where nobody can say how it ends, what is in flight and not late is no reason to warn.
    return close.state is CellState.IN_FLIGHT and (close.forecast is None or close.forecast.share is None)


def _reaches(close: EntityClose, target: float) -> bool:
    """Whether the target is reached at the cutoff even at the worst."""
    forecast = close.forecast
    if forecast is None:
        return False
    expected = forecast.share if forecast.share is not None else forecast.at_least
    return expected is not None and expected >= target
