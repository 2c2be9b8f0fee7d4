"""Teams: a workflow that posts the adaptive cards it is sent.

https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using and the
schema at https://adaptivecards.io/schemas/adaptive-card.json, of which the elements that are used are written out.
"""

from tests.vendors.server import Reply, Request, Vendor, check

LONGEST = 28 * 1024
URL = {"type": "string", "pattern": "^https?://[^\\s]+$"}
OPEN_URL = {
    "type": "object",
    "required": ["type", "url"],
    "additionalProperties": False,
    "properties": {"type": {"const": "Action.OpenUrl"}, "title": {"type": "string"}, "url": URL},
}
RICH_TEXT = {
    "type": "object",
    "required": ["type", "inlines"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "RichTextBlock"},
        "inlines": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["type", "text"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "TextRun"},
                    "text": {"type": "string", "minLength": 1},
                    "weight": {"enum": ["default", "lighter", "bolder"]},
                    "size": {"enum": ["default", "small", "medium", "large", "extraLarge"]},
                    "color": {"enum": ["default", "dark", "light", "accent", "good", "warning", "attention"]},
                    "isSubtle": {"type": "boolean"},
                    "selectAction": OPEN_URL,
                },
            },
        },
    },
}
CONTAINER = {
    "type": "object",
    "required": ["type", "items"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "Container"},
        "style": {"enum": ["default", "emphasis", "good", "attention", "warning", "accent"]},
        "separator": {"type": "boolean"},
        "items": {"type": "array", "minItems": 1, "items": RICH_TEXT},
    },
}
CARD = {
    "type": "object",
    "required": ["type", "version", "body"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"const": "http://adaptivecards.io/schemas/adaptive-card.json"},
        "type": {"const": "AdaptiveCard"},
        "version": {"enum": ["1.2", "1.3", "1.4", "1.5"]},
        "msteams": {"type": "object"},
        "fallbackText": {"type": "string", "minLength": 1},
        "body": {"type": "array", "minItems": 1, "items": {"anyOf": [RICH_TEXT, CONTAINER]}},
        "actions": {"type": "array", "maxItems": 6, "items": OPEN_URL},
    },
}
MESSAGE = {
    "type": "object",
    "required": ["type", "attachments"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "message"},
        "attachments": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["contentType", "content"],
                "additionalProperties": False,
                "properties": {
                    "contentType": {"const": "application/vnd.microsoft.card.adaptive"},
                    "contentUrl": {"type": "null"},
                    "content": CARD,
                },
            },
        },
    },
}
SIGNATURE = "workflow-secret-0123456789"
PATH = f"/workflows/w/triggers/manual/paths/invoke?api-version=1&sig={SIGNATURE}"


class Teams(Vendor):
    """Takes a message with status 202 and no body, as a workflow does."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[object] = []

    def answer(self, request: Request) -> Reply:
        if request.query.get("sig") != [SIGNATURE]:
            return 401, {"error": {"code": "DirectApiAuthorizationRequired"}}
        if len(request.body) > LONGEST:
            return 413, "too large"
        check(MESSAGE, request.json)
        self.cards.append(request.json["attachments"][0]["content"])
        return 202, ""
