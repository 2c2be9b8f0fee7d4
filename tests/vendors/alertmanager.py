"""Alertmanager: the part of API v2 that takes alerts.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml, postableAlerts.
"""

from tests.vendors.server import Reply, Request, Vendor, check

TOKEN = "door-token-secret-0123456789"
INSTANT = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$"}
# Label names as Alertmanager takes them before it took UTF-8; empty values count as absent.
LABELS = {
    "type": "object",
    "minProperties": 1,
    "patternProperties": {"^[a-zA-Z_][a-zA-Z0-9_]*$": {"type": "string"}},
    "additionalProperties": False,
}
ALERTS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["labels"],
        "additionalProperties": False,
        "properties": {
            "labels": LABELS,
            "annotations": {**LABELS, "minProperties": 0},
            "startsAt": INSTANT,
            "endsAt": INSTANT,
            "generatorURL": {"type": "string", "format": "uri"},
        },
    },
}


class Alertmanager(Vendor):
    """Keeps alerts by their labels."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}

    def answer(self, request: Request) -> Reply:
        if request.path != "/api/v2/alerts":
            return 404, "not found"
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, "who are you?"
        check(ALERTS, request.json)
        for alert in request.json:
            if alert["endsAt"] < alert["startsAt"]:
                raise ValueError("start time must be before end time")
            self.alerts[tuple(sorted(alert["labels"].items()))] = alert
        return 200, ""
