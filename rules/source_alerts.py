"""The alert on a silent source, which stands for all the alerts that are suspended until it speaks again.

It fires with the first of them and says how many they are and how much money is behind them, again each time that
their number has doubled and when the source speaks. A source that is silent while nobody waits for its word is shown
as silent, and nobody is woken for it: many systems rest at night.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from domain.alert import VERSIONS_PER_MICROSECOND, Alert, AlertState, alert_id
from domain.business_object import BusinessObject
from domain.contract import Contracts
from domain.instants import format_instant, to_micros
from domain.money import format_amount
from domain.source_silence import BACKLOG_GRACE, SOURCE, SOURCE_SILENT, Episode, Silences, SourceSilence, episodes
from rules.suspension import BETWEEN_SOURCES
from storage.alerts import Suspended, alerts_in_stretch, suspended_in_silence
from storage.client import Store
from storage.milestones import Stretch

_GROUP = "sources"
_SEVERITY = "warning"


@dataclass(frozen=True, slots=True)
class _Step:
    """What waits for a source as of an instant."""

    known_at: datetime
    alerts: int
    unknown: int
    amounts: tuple[tuple[str, Decimal], ...]


def source_alerts(
    store: Store, contracts: Contracts, silences: Silences, after: datetime, through: datetime
) -> list[Alert]:
    """What has to be told of the sources silent after `after`, by `through`, and is not stored yet.

    To be asked once all suspensions known by then are stored.
    """
    silent = [one for one in episodes(silences.all) if one.until is None or one.until > after]
    if not silent:
        return []
    stored = {alert.alert_id: alert.version for alert in alerts_in_stretch(store, Stretch(SOURCE))}
    away = [silence for silence in silences.all if silence.source is None]
    return [
        alert
        for episode in silent
        for alert in _told(episode, _steps(store, episode, away, through), contracts, through)
        if alert.version > stored.get(alert.alert_id, -1)
    ]


def _steps(store: Store, episode: Episode, away: Iterable[SourceSilence], through: datetime) -> list[_Step]:
    """When there is something to tell, and what; only the last of what came while Milepost was away."""
    rows = suspended_in_silence(
        store, episode.source, BETWEEN_SOURCES, episode.since, episode.until or through, ended=episode.until is not None
    )
    steps: dict[datetime, _Step] = {}
    for known_at, group in groupby(rows, key=lambda row: row.known_at):
        step = _step(known_at, list(group))
        for absence in away:
            heard_from = (absence.until or through) + BACKLOG_GRACE
            if absence.since <= known_at < heard_from:
                step = replace(step, known_at=heard_from)
        if step.known_at <= (episode.until or through):
            steps[step.known_at] = step
    return list(steps.values())


def _step(known_at: datetime, rows: Sequence[Suspended]) -> _Step:
    return _Step(
        known_at,
        sum(row.alerts for row in rows),
        sum(row.unknown for row in rows),
        tuple((row.currency, row.amount) for row in rows if row.amount is not None),
    )


def _told(episode: Episode, steps: Sequence[_Step], contracts: Contracts, through: datetime) -> Iterator[Alert]:
    if not steps or steps[0].known_at == episode.until:
        return
    object_ = BusinessObject(SOURCE, episode.source)
    owners = {event.owner for event in contracts.events.values() if episode.source in event.sources}
    for step in steps:
        ended = step.known_at == episode.until
        known = not step.unknown and len(step.amounts) == 1 and bool(step.amounts[0][0])
        currency, amount = step.amounts[0] if known else (None, None)
        yield Alert(
            alert_id=alert_id(SOURCE_SILENT, object_, ""),
            name=SOURCE_SILENT,
            business_object=object_,
            state=AlertState.RESOLVED if ended else AlertState.FIRING,
            started_at=episode.silences[0].heard_at,
            deadline_at=episode.since,
            fired_at=steps[0].known_at,
            resolved_at=episode.until if ended else None,
            severity=_SEVERITY,
            amount=amount,
            currency=currency,
            correlation_id=None,
            reason=_reason(episode, step, ended=ended),
            changed_at=step.known_at,
            recorded_at=through,
            version=to_micros(step.known_at) * VERSIONS_PER_MICROSECOND,
            rule_group=_GROUP,
            labels=_labels(episode.source, owners, currency),
            annotations={"suspended": str(step.alerts), "suspended_money": _money(step)},
        )


def _labels(source: str, owners: Iterable[str], currency: str | None) -> dict[str, str]:
    labels = {
        "alertname": SOURCE_SILENT,
        "severity": _SEVERITY,
        "object_type": SOURCE,
        "object_id": source,
        "source": source,
        "owner": ",".join(sorted(owners)),
        "currency": currency or "",
    }
    return {name: value for name, value in labels.items() if value}


def _reason(episode: Episode, step: _Step, *, ended: bool) -> str:
    silences = [one for one in episode.silences if one.since <= step.known_at]
    # Once it says nothing at all, what it does not say in particular is no news.
    telling = [one for one in silences if one.event_type is None] or silences
    parts = [
        f"has said nothing {f'of {one.event_type} ' if one.event_type else ''}since {format_instant(one.heard_at)}"
        for one in telling
    ]
    said = f"{episode.source} {' and '.join(parts)}"
    waiting = f"{step.alerts} {'alert is' if step.alerts == 1 else 'alerts are'} suspended until it speaks"
    if ended:
        said = f"{episode.source} spoke again at {format_instant(step.known_at)}"
        waiting = f"{step.alerts} {'alert was' if step.alerts == 1 else 'alerts were'} suspended by then"
    return f"{said}; {waiting}, money behind them: {_money(step)}."


def _money(step: _Step) -> str:
    """The money of each currency; amounts of different currencies are never added, and what is unknown is not zero."""
    parts = [
        f"{format_amount(amount, currency or None)} {currency or 'without currency'}"
        for currency, amount in step.amounts
    ]
    if step.unknown:
        parts.append(f"unknown for {step.unknown}")
    return ", ".join(parts) or "none"
