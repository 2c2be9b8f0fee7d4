"""Slack: incoming webhooks and the methods of the Web API that post and change messages.

Schemas from https://docs.slack.dev/reference/block-kit/blocks, /reference/methods/chat.postMessage,
/reference/methods/chat.update and /messaging/sending-messages-using-incoming-webhooks on docs.slack.dev.
"""

import hashlib
import hmac
import json
import queue
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

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


def plain(longest: int) -> Mapping[str, object]:
    """The schema of a text without marks."""
    return {
        "type": "object",
        "required": ["type", "text"],
        "additionalProperties": False,
        "properties": {
            "type": {"const": "plain_text"},
            "text": {"type": "string", "minLength": 1, "maxLength": longest},
            "emoji": {"type": "boolean"},
        },
    }


BUTTON = {
    "type": "object",
    "required": ["type", "text"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "button"},
        "text": plain(75),
        "action_id": {"type": "string", "maxLength": 255},
        "value": {"type": "string", "maxLength": 2000},
        "style": {"enum": ["primary", "danger"]},
        "confirm": {
            "type": "object",
            "required": ["title", "text", "confirm", "deny"],
            "additionalProperties": False,
            "properties": {"title": plain(100), "text": plain(300), "confirm": plain(30), "deny": plain(30)},
        },
    },
}
BLOCK = {
    "oneOf": [
        {
            "type": "object",
            "required": ["type", "elements"],
            "additionalProperties": False,
            "properties": {
                "type": {"const": "actions"},
                "block_id": {"type": "string", "maxLength": 255},
                "elements": {"type": "array", "minItems": 1, "maxItems": 25, "items": BUTTON},
            },
        },
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


ANSWER = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {
        "text": {"type": "string", "minLength": 1},
        "response_type": {"enum": ["ephemeral", "in_channel"]},
        "replace_original": {"type": "boolean"},
    },
}
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def clicked(message: Mapping[str, Any], label: str, response_url: str, action_ts: str = "1600000001.123456") -> bytes:
    """The form that Slack sends when somebody clicks the button of that label under a message, not signed yet.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    [block] = [block for block in message["blocks"] if block["type"] == "actions"]
    [button] = [button for button in block["elements"] if button["text"]["text"] == label]
    payload: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": "U012AB3CD", "username": "ana", "name": "ana", "team_id": "T0"},
        "api_app_id": "A02",
        "token": "not-used-any-more",
        "container": {"type": "message", "message_ts": "1548261231.000200", "channel_id": CHANNEL_ID},
        "trigger_id": "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
        "team": {"id": "T0", "domain": "example"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": CHANNEL_ID, "name": "order-to-cash"},
        "message": {**message, "bot_id": "B0", "ts": "1548261231.000200"},
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [
            {
                "action_id": button["action_id"],
                "block_id": block["block_id"],
                "text": {**button["text"], "emoji": True},
                "value": button["value"],
                "type": "button",
                "action_ts": action_ts,
            }
        ],
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


def signed(body: bytes, at: datetime, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """The headers by which Slack proves a request.

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    seconds = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"v0:{seconds}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": seconds,
        "X-Slack-Signature": f"v0={digest}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


class Slack(Vendor):
    """One channel, whose messages can be looked at by their ts."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: dict[str, Mapping[str, object]] = {}
        self.webhook_messages: list[Mapping[str, object]] = []
        self.answers: queue.Queue[Mapping[str, Any]] = queue.Queue()

    def answer(self, request: Request) -> Reply:
        body = request.json
        if request.path.startswith("/actions/"):
            check(ANSWER, body)
            self.answers.put(body)
            return 200, "ok"
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
