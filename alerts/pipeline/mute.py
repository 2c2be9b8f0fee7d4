"""Leaves out of a notification what nobody is to be told of now: inhibited, outside the route's times, silenced.

What is left out stays in its group, so that the first flush after the mute tells of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from alerts.muting import MutedBy, Mutes
from alerts.notification import Notification, alert_labels, alert_of_entry


class Inhibit:
    """Leaves out alerts that another one makes needless."""

    def __init__(self, mutes: Callable[[], Mutes]) -> None:
        self._mutes = mutes

    def run(self, notification: Notification, now: datetime) -> Notification:
        return _without(notification, self._mutes().inhibiting)


class KeepTimes:
    """Leaves out everything while an interval closes the route."""

    def __init__(self, mutes: Callable[[], Mutes]) -> None:
        self._mutes = mutes

    def run(self, notification: Notification, now: datetime) -> Notification:
        closed = self._mutes().closing(notification.mute_time_intervals, notification.active_time_intervals)
        return _without(notification, lambda labels: closed) if closed else notification


class Silence:
    """Leaves out alerts that somebody silenced."""

    def __init__(self, mutes: Callable[[], Mutes]) -> None:
        self._mutes = mutes

    def run(self, notification: Notification, now: datetime) -> Notification:
        return _without(notification, self._mutes().silencing)


def _without(notification: Notification, muting: Callable[[Mapping[str, str]], MutedBy | None]) -> Notification:
    # Also those that are over: whoever must not hear of an alert must not hear of its end.
    muted = {alert.alert_id for alert in notification.alerts if muting(alert_labels(alert))}
    if not muted:
        return notification
    return replace(
        notification,
        alerts=tuple(alert for alert in notification.alerts if alert.alert_id not in muted),
        firing=tuple(entry for entry in notification.firing if alert_of_entry(entry) not in muted),
        resolved=tuple(alert_id for alert_id in notification.resolved if alert_id not in muted),
        muted=notification.muted | muted,
    )
