"""A notification as an event of PagerDuty's Events API v2, without the key that says whose it is.

https://developer.pagerduty.com/docs/events-api-v2-overview
"""

import hashlib
import json
from collections.abc import Mapping

from alerts.messages.story import AlertStory, GroupStory
from alerts.messages.text_limits import fit
from domain.instants import format_instant

_SUMMARY = 1024
# 512 kB for the whole event, of which the key and the other fields take little.
_LONGEST = 500_000
MOST_ALERTS = 100
_FIELD = 500
_SHORT = 255
_SEVERITIES = {
    "critical": "critical",
    "page": "critical",
    "error": "error",
    "high": "error",
    "major": "error",
    "warning": "warning",
    "medium": "warning",
    "minor": "warning",
    "info": "info",
    "low": "info",
    "none": "info",
}


def dedup_key(group_key: str) -> str:
    """The name of a group's incident: the same for its trigger, its acknowledgement and its end."""
    return hashlib.sha256(group_key.encode()).hexdigest()


def trigger_event(story: GroupStory, key: str, look: Mapping[str, str], default_severity: str) -> str:
    """The JSON of an event that opens the incident, or adds to it; `look` are fields of the payload as configured."""
    shown = list(story.alerts)
    while True:
        details = _details(story, shown)
        payload = {
            "summary": fit(story.brief, _SUMMARY),
            "source": "milepost",
            "severity": _SEVERITIES.get(story.severity, default_severity),
            "class": fit(story.name, _SHORT),
            **look,
            "custom_details": details,
        }
        if story.since:
            payload["timestamp"] = format_instant(story.since)
        event: dict[str, object] = {
            "event_action": "trigger",
            "dedup_key": key,
            "client": "Milepost",
            "payload": payload,
        }
        if story.console_url:
            event["client_url"] = story.console_url
        event["links"] = [{"href": one.link, "text": fit(one.object, _SHORT)} for one in shown[:10] if one.link]
        text = json.dumps(event, ensure_ascii=False)
        if len(text.encode()) <= _LONGEST or not shown:
            return text
        shown = shown[: len(shown) // 2]


def closing_event(action: str, key: str) -> str:
    """The JSON of an event that says `acknowledge` or `resolve` of an incident."""
    return json.dumps({"event_action": action, "dedup_key": key})


def _details(story: GroupStory, alerts: list[AlertStory]) -> dict[str, object]:
    more = story.more + len(story.alerts) - len(alerts)
    return {
        "firing": story.firing,
        "resolved": story.resolved,
        "money_at_risk": fit(story.money, _FIELD),
        "sent_because": story.told_because,
        "notification_id": story.notification_id,
        **_incident(story),
        "alerts": [_alert(alert) for alert in alerts],
        **({"more": f"and {more} more"} if more else {}),
    }


def _incident(story: GroupStory) -> dict[str, object]:
    if story.incident is None:
        return {}
    told = {"id": story.incident.id, "hop": story.incident.name, "waiting": story.incident.line}
    return {
        "incident": {name: fit(text, 2 * _FIELD) for name, text in (*told.items(), ("error", story.incident.error))}
    }


def _alert(alert: AlertStory) -> dict[str, str]:
    told = {
        "what": f"{fit(alert.object, _FIELD)}: {fit(alert.name, _FIELD)}",
        "state": "resolved" if alert.is_over else fit(alert.severity, _SHORT),
        "money": fit(alert.money, _SHORT),
        "when": alert.due_line,
        "summary": fit(alert.summary, _FIELD),
        "why": fit(alert.why, _FIELD),
        "what_to_do": fit(alert.todo, 2 * _FIELD),
        "link": alert.link,
    }
    return {name: text for name, text in told.items() if text}
