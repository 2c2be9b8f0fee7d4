"""Slack: incoming webhooks and the methods of the Web API that post and change messages.

Schemas from https://docs.slack.dev/reference/block-kit/blocks, /reference/methods/chat.postMessage,
/reference/methods/chat.update and /messaging/sending-messages-using-incoming-webhooks on docs.slack.dev.
"""

import json
import re
from collections.abc import Mapping

from tests.vendors.server import Reply, Request, Vendor, check

MRKDWN = {
    "type": "object",
    "required": ["type", "text"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "mrkdwn"},
        "text": {"type": "string", "minLength": 1, "maxLength": 3000},
        "verbatim": {"type": "boolean"},
    },
}
BLOCK = {
    "oneOf": [
        {
            "type": "object",
            "required": ["type", "text"],
            "additionalProperties": False,
            "properties": {
                "type": {"const": "header"},
                "text": {
                    "type": "object",
                    "required": ["type", "text"],
                    "additionalProperties": False,
                    "properties": {
                        "type": {"const": "plain_text"},
                        "text": {"type": "string", "minLength": 1, "maxLength": 150},
                        "emoji": {"type": "boolean"},
                    },
                },
            },
        },
        {
            "type": "object",
            "required": ["type", "text"],
            "additionalProperties": False,
            "properties": {"type": {"const": "section"}, "text": MRKDWN},
        },
        {
            "type": "object",
            "required": ["type", "elements"],
            "additionalProperties": False,
            "properties": {
                "type": {"const": "context"},
                "elements": {"type": "array", "minItems": 1, "maxItems": 10, "items": MRKDWN},
            },
        },
    ]
}
FIELDS: Mapping[str, object] = {
    "text": {"type": "string", "minLength": 1, "maxLength": 4000},
    "blocks": {"type": "array", "maxItems": 50, "items": BLOCK},
    "channel": {"type": "string", "minLength": 1},
    "username": {"type": "string"},
    "icon_emoji": {"type": "string", "pattern": "^:.+:$"},
    "icon_url": {"type": "string", "format": "uri"},
    "unfurl_links": {"type": "boolean"},
    "unfurl_media": {"type": "boolean"},
}
WEBHOOK = {"type": "object", "required": ["text"], "additionalProperties": False, "properties": FIELDS}
TS = {"type": "string", "pattern": "^[0-9]{10}\\.[0-9]{6}$"}
POST = {
    "type": "object",
    "required": ["channel", "text"],
    "additionalProperties": False,
    "properties": {**FIELDS, "thread_ts": TS, "reply_broadcast": {"type": "boolean"}},
}
UPDATE = {**POST, "required": ["channel", "ts", "text"], "properties": {**FIELDS, "ts": TS}}
HOOK_PATH = "/services/T0/B0/hook-secret-0123456789"
TOKEN = "xoxb-token-secret-0123456789"
CHANNEL_ID = "C0123456"
# Not documented, but seen: https://github.com/slackapi/bolt-js/issues/2509
BLOCKS_TOGETHER = 13_000
# A mark is one that Slack reads: a link, a date or a mention.
MARK = re.compile(r"<([^<>]*)>")


def check_text(body: Mapping[str, object]) -> None:
    """ValueError where an ampersand or a bracket stands that Slack would take for its own, or a mention."""
    text = json.dumps(body["blocks"], ensure_ascii=False)
    if len(text) > BLOCKS_TOGETHER:
        raise ValueError(f"msg_blocks_too_long: {len(text)}")
    for mark in MARK.findall(text):
        if not mark.startswith(("http://", "https://", "!date^")):
            raise ValueError(f"a mark nobody meant: <{mark}>")
    rest = MARK.sub("", text)
    if re.search(r"[<>]|&(?!amp;|lt;|gt;)", rest):
        raise ValueError("an unescaped character")


class Slack(Vendor):
    """One channel, whose messages can be looked at by their ts."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: dict[str, Mapping[str, object]] = {}
        self.webhook_messages: list[Mapping[str, object]] = []

    def answer(self, request: Request) -> Reply:
        body = request.json
        if request.path == HOOK_PATH:
            check(WEBHOOK, body)
            check_text(body)
            self.webhook_messages.append(body)
            return 200, "ok"
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 200, {"ok": False, "error": "invalid_auth"}
        if request.headers["Content-Type"] != "application/json; charset=utf-8":
            raise ValueError("missing_charset")
        check_text(body)
        if request.path == "/api/chat.postMessage":
            check(POST, body)
            if "thread_ts" in body and body["thread_ts"] not in self.messages:
                return 200, {"ok": False, "error": "thread_not_found"}
            ts = f"{1_700_000_000 + len(self.messages)}.000100"
        elif request.path == "/api/chat.update":
            check(UPDATE, body)
            ts = body["ts"]
            if body["channel"] != CHANNEL_ID:
                return 200, {"ok": False, "error": "channel_not_found"}
            if ts not in self.messages:
                return 200, {"ok": False, "error": "message_not_found"}
        else:
            return 404, "no such method"
        self.messages[ts] = body
        return 200, {"ok": True, "channel": CHANNEL_ID, "ts": ts, "message": body}
