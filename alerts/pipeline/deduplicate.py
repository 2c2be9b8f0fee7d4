"""Decides whether an integration needs to hear about a group, from what it was last told."""

from dataclasses import replace
from datetime import datetime, timedelta

from alerts.extent import Extent, extent_of
from alerts.notification import Notification, NotifyReason, is_resolved, notification_id
from alerts.notification_log import NotificationLog, Told


def needs_update(
    told: Told | None,
    firing: frozenset[str],
    resolved: frozenset[str],
    *,
    send_resolved: bool,
    repeat_interval: timedelta,
    now: datetime,
) -> NotifyReason | None:
    """Why to tell, or None; Alertmanager's decision, in its order."""
    if told is None or not told.firing:
        # Who believes nothing to be firing has nothing to be told of what is over already.
        return NotifyReason.FIRST_NOTIFICATION if firing else None
    if not firing <= told.firing:
        return NotifyReason.NEW_ALERTS
    if not firing:
        # Even where resolved alerts are not sent: the log has to forget the firing ones.
        return NotifyReason.ALL_RESOLVED
    if send_resolved and not resolved <= told.resolved:
        return NotifyReason.SOME_RESOLVED
    # Strictly later, so that a flush at exactly the interval waits for the next one, as in Alertmanager.
    return NotifyReason.REPEAT_INTERVAL_ELAPSED if told.sent_at < now - repeat_interval else None


def incident_needs_update(
    told: Told | None,
    firing: frozenset[str],
    muted: frozenset[str],
    extent: Extent,
    *,
    repeat_interval: timedelta,
    now: datetime,
) -> NotifyReason | None:
    """Why to tell of an incident, or None: one cause is one page.

    More of the same is told when it is materially more, and else, as single ends are, with the next message. What was
    told to fire and is muted now is no end.
    """
    if told is None or not told.firing:
        return NotifyReason.FIRST_NOTIFICATION if firing else None
    if not firing:
        return None if muted & told.alert_ids else NotifyReason.ALL_RESOLVED
    if told.extent is not None and extent.is_material_since(told.extent):
        return NotifyReason.MATERIAL_CHANGE
    return NotifyReason.REPEAT_INTERVAL_ELAPSED if told.sent_at < now - repeat_interval else None


class Deduplicate:
    """Gives a notification its reason and its id, or neither when there is nothing to tell."""

    def __init__(self, log: NotificationLog, *, send_resolved: bool) -> None:
        self._log = log
        self._send_resolved = send_resolved

    def run(self, notification: Notification, now: datetime) -> Notification:
        if not notification.alerts:
            # All are muted, which is no end: nothing is told, and the log keeps what was.
            return notification
        told = self._log.told(notification.conversation)
        is_incident = bool(notification.incident_id)
        extent = extent_of(one for one in notification.alerts if not is_resolved(one)) if is_incident else None
        reason = _step_or_snooze(notification, told, now) or self._reason(notification, told, extent, now)
        if reason is None:
            return notification
        alerts = notification.alerts
        if not self._send_resolved:
            alerts = tuple(alert for alert in alerts if not is_resolved(alert))
        version = told.version if told else 0
        step = notification.escalated_us if reason is NotifyReason.ESCALATED else 0
        identity = notification_id(notification.conversation, alerts, version, step)
        thread = told.receipt if told else ""
        return replace(
            notification,
            reason=reason,
            notification_id=identity,
            alerts=alerts,
            thread=thread,
            extent=extent.write() if extent else "",
        )

    def _reason(
        self, notification: Notification, told: Told | None, extent: Extent | None, now: datetime
    ) -> NotifyReason | None:
        firing, repeat_interval = frozenset(notification.firing), notification.repeat_interval
        if extent is not None:
            muted = notification.muted
            return incident_needs_update(told, firing, muted, extent, repeat_interval=repeat_interval, now=now)
        return needs_update(
            told,
            firing,
            frozenset(notification.resolved),
            send_resolved=self._send_resolved,
            repeat_interval=repeat_interval,
            now=now,
        )


def _step_or_snooze(notification: Notification, told: Told | None, now: datetime) -> NotifyReason | None:
    """Why to tell of what fires, besides Alertmanager's reasons, before which these come."""
    if not notification.firing:
        return None
    if notification.escalated_us > (told.escalated_us if told else 0):
        return NotifyReason.ESCALATED
    until = notification.snoozed_until
    if told is not None and until is not None and told.sent_at < until <= now:
        return NotifyReason.SNOOZE_ENDED
    return None
