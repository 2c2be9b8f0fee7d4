"""Inhibition: while one alert fires, others that share its labels need not be told. Semantics as in Alertmanager."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from alerts.matchers import Matcher
from alerts.notification import alert_labels
from domain.alert import Alert, AlertState


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """Which alerts (source) mute which others (target), where the equal labels agree; an absent label is empty."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """A firing alert on the source side of a rule."""

    alert_id: str
    name: str
    is_target: bool


# By equal labels, the first source of all and the first that is no target.
_Index = dict[tuple[str, ...], tuple[_Source, _Source | None]]


class Inhibition:
    """The alerts that fire at an instant, by what they inhibit; one that is muted itself inhibits all the same.

    A rule costs a look per firing alert to prepare and one per alert that is asked about.
    """

    def __init__(self, rules: Sequence[InhibitRule], alerts: Sequence[Alert]) -> None:
        self._alerts = alerts
        self._given = rules

    @cached_property
    def _rules(self) -> list[tuple[InhibitRule, _Index]]:
        # Only when asked: most ticks tell nothing.
        firing = [(one, alert_labels(one)) for one in self._alerts if self._given and one.state is AlertState.FIRING]
        return [(rule, _index(rule, firing)) for rule in self._given]

    def source_of(self, labels: Mapping[str, str]) -> tuple[str, str] | None:
        """The id and the name of an alert that mutes one with these labels, None where none does."""
        for rule, sources in self._rules:
            if not _meets(rule.target, labels):
                continue
            found = sources.get(_key(rule, labels))
            if found is None:
                continue
            # Of alerts that meet both sides none mutes another, so none mutes itself.
            source = found[1] if _meets(rule.source, labels) else found[0]
            if source is not None:
                return source.alert_id, source.name
        return None


def _index(rule: InhibitRule, firing: Sequence[tuple[Alert, Mapping[str, str]]]) -> _Index:
    """The sources of a rule; the first is so by its id, so that any order of alerts gives the same."""
    index: _Index = {}
    for alert, labels in firing:
        if not _meets(rule.source, labels):
            continue
        source = _Source(alert.alert_id, alert.name, _meets(rule.target, labels))
        key = _key(rule, labels)
        first, one_sided = index.get(key, (source, None))
        if not source.is_target and (one_sided is None or source.alert_id < one_sided.alert_id):
            one_sided = source
        index[key] = (min(first, source, key=lambda one: one.alert_id), one_sided)
    return index


def _key(rule: InhibitRule, labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in rule.equal)


def _meets(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    return all(matcher.matches(labels) for matcher in matchers)
