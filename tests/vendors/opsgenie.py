"""Opsgenie: the parts of the Alert API that create, change and close alerts by alias.

https://docs.opsgenie.com/docs/alert-api and /docs/alert-api-continued on that site.
"""

import re
from collections.abc import Mapping

from tests.vendors.server import Reply, Request, Vendor, check

KEY = "genie-key-secret-0123456789"
RESPONDER = {
    "type": "object",
    "required": ["type"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["team", "user", "escalation", "schedule"]},
        "id": {"type": "string"},
        "name": {"type": "string"},
        "username": {"type": "string"},
    },
}
CREATE = {
    "type": "object",
    "required": ["message"],
    "additionalProperties": False,
    "properties": {
        "message": {"type": "string", "minLength": 1, "maxLength": 130},
        "alias": {"type": "string", "maxLength": 512},
        "description": {"type": "string", "maxLength": 15000},
        "responders": {"type": "array", "maxItems": 50, "items": RESPONDER},
        "tags": {"type": "array", "maxItems": 20, "items": {"type": "string", "minLength": 1, "maxLength": 50}},
        "details": {"type": "object", "additionalProperties": {"type": "string"}},
        "entity": {"type": "string", "maxLength": 512},
        "source": {"type": "string", "maxLength": 100},
        "priority": {"enum": ["P1", "P2", "P3", "P4", "P5"]},
        "note": {"type": "string", "maxLength": 25000},
    },
}
DETAILS_TOGETHER = 8000
ON_ALIAS = {
    "close": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "user": {"type": "string", "maxLength": 100},
            "source": {"type": "string", "maxLength": 100},
            "note": {"type": "string", "maxLength": 25000},
        },
    },
    "message": {
        "type": "object",
        "required": ["message"],
        "additionalProperties": False,
        "properties": {"message": {"type": "string", "minLength": 1, "maxLength": 130}},
    },
    "description": {
        "type": "object",
        "required": ["description"],
        "additionalProperties": False,
        "properties": {"description": {"type": "string", "minLength": 1, "maxLength": 15000}},
    },
}
METHODS = {"close": "POST", "message": "PUT", "description": "PUT"}


class Opsgenie(Vendor):
    """`alerts` holds the open ones by alias, each with how often it was created; `closed` those that are over."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[str, dict[str, object]] = {}
        self.counts: dict[str, int] = {}
        self.closed: list[str] = []

    def answer(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"GenieKey {KEY}":
            return 401, {"message": "Could not authenticate", "took": 0.001, "requestId": "r-1"}
        on_alias = re.fullmatch(r"/v2/alerts/([0-9a-f]{64})/(close|message|description)", request.path)
        if on_alias:
            if request.method != METHODS[on_alias[2]] or request.query.get("identifierType") != ["alias"]:
                return 404, {"message": "not found"}
            check(ON_ALIAS[on_alias[2]], request.json)
            self._change(on_alias[1], on_alias[2], request.json)
        elif (request.method, request.path) == ("POST", "/v2/alerts"):
            check(CREATE, request.json)
            details = request.json.get("details", {})
            if sum(len(name) + len(text) for name, text in details.items()) > DETAILS_TOGETHER:
                raise ValueError("details are too long")
            alias = request.json["alias"]
            self.alerts.setdefault(alias, dict(request.json))
            self.counts[alias] = self.counts.get(alias, 0) + 1
        else:
            return 404, {"message": "not found"}
        return 202, {"result": "Request will be processed", "took": 0.01, "requestId": "r-1"}

    def _change(self, alias: str, what: str, body: Mapping[str, object]) -> None:
        if what == "close":
            if self.alerts.pop(alias, None):
                self.closed.append(alias)
        elif alias in self.alerts:
            self.alerts[alias] |= body
