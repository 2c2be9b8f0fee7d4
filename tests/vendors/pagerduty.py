"""PagerDuty: the Events API v2 with its incidents by dedup key.

https://developer.pagerduty.com/docs/events-api-v2-overview and /docs/send-alert-event on that site.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.vendors.server import Reply, Request, Vendor, check

LONGEST = 512 * 1000
KEY = "0123456789abcdef0123456789abcdef"
PATH = "/v2/enqueue"
TEXT = {"type": "string", "minLength": 1}
KEYS = {
    "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
    "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
}
TRIGGER = {
    "type": "object",
    "required": ["routing_key", "event_action", "payload"],
    "additionalProperties": False,
    "properties": {
        **KEYS,
        "event_action": {"const": "trigger"},
        "client": TEXT,
        "client_url": {"type": "string", "pattern": "^https?://"},
        "images": {"type": "array"},
        "links": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["href"],
                "additionalProperties": False,
                "properties": {"href": {"type": "string", "pattern": "^https?://"}, "text": TEXT},
            },
        },
        "payload": {
            "type": "object",
            "required": ["summary", "source", "severity"],
            "additionalProperties": False,
            "properties": {
                "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
                "source": TEXT,
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$"},
                "component": TEXT,
                "group": TEXT,
                "class": TEXT,
                "custom_details": {"type": "object"},
            },
        },
    },
}
FOLLOWING = {
    "type": "object",
    "required": ["routing_key", "event_action", "dedup_key"],
    "additionalProperties": False,
    "properties": {**KEYS, "event_action": {"enum": ["acknowledge", "resolve"]}},
}


class PagerDuty(Vendor):
    """One service: `incidents` holds the state of each, `opened` how often somebody was called."""

    def __init__(self) -> None:
        super().__init__()
        self.incidents: dict[str, str] = {}
        self.opened = 0

    def answer(self, request: Request) -> Reply:
        event = request.json
        if request.path != PATH:
            return 404, "Not Found"
        if len(request.body) > LONGEST:
            return 413, "Payload Too Large"
        check(TRIGGER if event.get("event_action") == "trigger" else FOLLOWING, event)
        if event["routing_key"] != KEY:
            return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": ["routing_key"]}
        key = event["dedup_key"]
        if event["event_action"] == "trigger":
            if key not in self.incidents:
                self.opened += 1
                self.incidents[key] = "triggered"
        elif event["event_action"] == "resolve":
            self.incidents.pop(key, None)
        elif key in self.incidents:
            self.incidents[key] = "acknowledged"
        return 202, {"status": "success", "message": "Event processed", "dedup_key": key}


SECRET = "4uXqNhVDqv0pYKkZB9G2pWNwSZ3Tjkm1"
INCIDENT = "PGR0VU2"
ANA = {
    "html_url": "https://example.pagerduty.com/users/PLH1HKV",
    "id": "PLH1HKV",
    "self": "https://api.pagerduty.com/users/PLH1HKV",
    "summary": "Ana Engineer",
    "type": "user_reference",
}


def webhook(
    event_type: str,
    at: datetime,
    *,
    incident_key: str | None = None,
    agent: Mapping[str, Any] | None = ANA,
    note: str | None = None,
    event_id: str = "01BWR5GUZQDZM2MK0MSDXTI7TA",
) -> bytes:
    """The body of a v3 webhook about an incident, or a note on one.

    https://developer.pagerduty.com/docs/webhooks-overview
    """
    about = {"id": INCIDENT, "self": f"https://api.pagerduty.com/incidents/{INCIDENT}"}
    incident = {
        **about,
        "type": "incident",
        "html_url": f"https://example.pagerduty.com/incidents/{INCIDENT}",
        "number": 2,
        "status": "acknowledged",
        "incident_key": incident_key,
        "created_at": "2026-11-02T11:59:00Z",
        "title": "[1 firing] OrderNotPosted",
        "service": {**about, "id": "PF9KMXH", "summary": "Order to cash", "type": "service_reference"},
        "assignees": [{**ANA, "id": "PTUXL6G", "summary": "Ben Engineer"}],
        "escalation_policy": {**about, "id": "PUS0KTE", "summary": "Default", "type": "escalation_policy_reference"},
        "teams": [],
        "priority": None,
        "urgency": "high",
        "conference_bridge": None,
        "resolve_reason": None,
    }
    of_note = {
        "incident": {**about, "summary": "[1 firing] OrderNotPosted", "type": "incident_reference"},
        "id": "P2LA89X",
        "content": note,
        "trimmed": False,
        "type": "incident_note",
    }
    event = {
        "id": event_id,
        "event_type": event_type,
        "resource_type": "incident",
        "occurred_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "agent": agent,
        "client": None,
        "data": incident if note is None else of_note,
    }
    return json.dumps({"event": event}, ensure_ascii=False).encode()


def signed(body: bytes, *secrets: str) -> dict[str, str]:
    """The headers by which PagerDuty proves a webhook; of several secrets while one takes the place of another.

    https://developer.pagerduty.com/docs/verifying-webhook-signatures
    """
    digests = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets or (SECRET,)]
    return {
        "X-PagerDuty-Signature": ",".join(f"v1={digest}" for digest in digests),
        "X-Webhook-Id": "9f1c",
        "Content-Type": "application/json",
    }
