"""The JSON that webhooks receive: Alertmanager's message, version 4, with our fields added.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from alerts.extent import money_behind
from alerts.messages.story import trace_url
from alerts.notification import Notification, NotifyReason, alert_labels, in_detail, is_resolved
from domain.alert import Alert
from domain.alert_why import why_with_cause
from domain.incident import incident_document
from domain.instants import format_instant
from domain.money import format_amount

# Go's zero time, which Alertmanager's receivers take as "not over".
_NOT_OVER = "0001-01-01T00:00:00Z"
_WORD = re.compile("_([a-z])")


def webhook_body(notification: Notification, *, max_alerts: int, console_url: str) -> str:
    """The message about a notification; of more than `max_alerts` alerts (0: no limit) it counts the rest.

    Of an incident, of which there may be very many, it always counts those that are not told in detail.
    """
    alerts = in_detail(notification)[0][: max_alerts or None]
    firing = [alert for alert in notification.alerts if not is_resolved(alert)]
    labels = [alert_labels(alert) for alert in alerts]
    sums, unknown = money_behind(firing)
    step = notification.escalation if notification.reason is NotifyReason.ESCALATED else None
    message: dict[str, object] = {
        "receiver": notification.conversation.receiver,
        "status": "firing" if firing else "resolved",
        "alerts": [_alert(*one, console_url) for one in zip(alerts, labels, strict=True)],
        "groupLabels": dict(notification.group_labels),
        "commonLabels": _common(labels),
        "commonAnnotations": _common([alert.annotations for alert in alerts]),
        "externalURL": console_url,
        "version": "4",
        "groupKey": notification.conversation.group_key,
        "truncatedAlerts": len(notification.alerts) - len(alerts),
        "notificationId": notification.notification_id,
        "reason": notification.reason,
        "escalation": None if step is None else {"policy": step.policy, "step": step.step, "round": step.round},
        "moneyAtRisk": [
            {"currency": money.currency, "amount": format_amount(money.amount, money.currency)} for money in sums
        ],
        "moneyAtRiskUnknown": unknown,
    }
    if notification.incident:
        message["incident"] = _in_camel_case(incident_document(notification.incident))
    return json.dumps(message, ensure_ascii=False)


def _alert(alert: Alert, labels: Mapping[str, str], console_url: str) -> dict[str, object]:
    over_at = alert.resolved_at or alert.changed_at
    return {
        "status": "resolved" if is_resolved(alert) else "firing",
        "labels": labels,
        "annotations": dict(alert.annotations),
        "startsAt": format_instant(alert.fired_at or alert.deadline_at),
        "endsAt": format_instant(over_at) if is_resolved(alert) else _NOT_OVER,
        "generatorURL": trace_url(console_url, alert.business_object),
        "fingerprint": alert.alert_id[:16],
        "alertId": alert.alert_id,
        "state": alert.state,
        "objectType": alert.business_object.type,
        "objectId": alert.business_object.id,
        "deadlineAt": format_instant(alert.deadline_at),
        "firedAt": format_instant(alert.fired_at) if alert.fired_at else None,
        "resolvedAt": format_instant(alert.resolved_at) if alert.resolved_at else None,
        "amount": None if alert.amount is None else format_amount(alert.amount, alert.currency),
        "currency": alert.currency,
        "correlationId": alert.correlation_id,
        "traceIds": list(alert.trace_ids),
        "reason": alert.reason,
        "intervention": alert.intervention or None,
        "why": _in_camel_case(why_with_cause(alert)),
    }


def _in_camel_case(value: Any) -> Any:
    """A document with its names written as the others of the message are."""
    if isinstance(value, dict):
        return {_WORD.sub(lambda word: word[1].upper(), name): _in_camel_case(inner) for name, inner in value.items()}
    return [_in_camel_case(inner) for inner in value] if isinstance(value, list) else value


def _common(mappings: Sequence[Mapping[str, str]]) -> dict[str, str]:
    if not mappings:
        return {}
    first, *others = mappings
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
