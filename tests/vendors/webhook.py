"""A webhook of one's own, which believes what is signed with its key and fresh, and checks the message's form.

The README and https://prometheus.io/docs/alerting/latest/configuration/#webhook_config say what is sent.
"""

import hashlib
import hmac
import re

from tests.vendors.server import Reply, Request, Vendor, check

KEY = "signing-key-secret-0123456789"
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
INSTANT = {"type": "string", "pattern": "Z$"}
ALERT = {
    "type": "object",
    "required": ["status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"],
    "properties": {
        "status": {"enum": ["firing", "resolved"]},
        "labels": TEXTS,
        "annotations": TEXTS,
        "startsAt": INSTANT,
        "endsAt": INSTANT,
        "generatorURL": {"type": "string"},
        "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "amount": {"type": ["string", "null"], "pattern": "^-?[0-9]+(\\.[0-9]+)?$"},
    },
}
MESSAGE = {
    "type": "object",
    "required": ["version", "groupKey", "status", "receiver", "groupLabels", "commonLabels", "alerts"],
    "properties": {
        "version": {"const": "4"},
        "groupKey": {"type": "string"},
        "status": {"enum": ["firing", "resolved"]},
        "receiver": {"type": "string"},
        "groupLabels": TEXTS,
        "commonLabels": TEXTS,
        "commonAnnotations": TEXTS,
        "externalURL": {"type": "string"},
        "truncatedAlerts": {"type": "integer"},
        "alerts": {"type": "array", "items": ALERT},
    },
}


class Webhook(Vendor):
    """Drops what it has had under the same id; `messages` holds the others."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: dict[str, object] = {}

    def answer(self, request: Request) -> Reply:
        signed = re.fullmatch(r"t=([0-9]+),v1=([0-9a-f]{64})", request.headers["X-Milepost-Signature"])
        if signed is None:
            return 401, "not signed"
        expected = hmac.new(KEY.encode(), f"{signed[1]}.".encode() + request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signed[2]):
            return 401, "signed with another key"
        check(MESSAGE, request.json)
        self.messages.setdefault(request.headers["X-Milepost-Notification-Id"], request.json)
        return 200, ""
