"""PagerDuty: the Events API v2 with its incidents by dedup key.

https://developer.pagerduty.com/docs/events-api-v2-overview and /docs/send-alert-event on that site.
"""

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
