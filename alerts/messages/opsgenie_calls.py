"""A notification as the calls of Opsgenie's Alert API that tell it, in the order in which they are made.

https://docs.opsgenie.com/docs/alert-api; Jira Service Management takes the same calls.
"""

from collections.abc import Mapping, Sequence

from alerts.messages.plain_text import plain_text
from alerts.messages.story import GroupStory
from alerts.messages.text_limits import fit

_MESSAGE = 130
_DESCRIPTION = 15_000
_NOTE = 25_000
_TAG = 50
_MOST_TAGS = 20
# All keys and values together may have 8,000 characters.
_DETAIL = 300
MOST_ALERTS = 50
_PRIORITIES = {"critical": "P1", "page": "P1", "error": "P2", "high": "P2", "warning": "P3", "low": "P4", "info": "P5"}
_DEFAULT_PRIORITY = "P3"
SOURCE = "Milepost"
Calls = list[dict[str, object]]


def opening_calls(story: GroupStory, alias: str, look: Mapping[str, object], *, update: bool) -> Calls:
    """Creates the group's alert; an open one only counts the call, and with `update` takes the new texts."""
    message = fit(story.brief, _MESSAGE)
    description = plain_text(story, _DESCRIPTION)
    details = {
        "firing": str(story.firing),
        "money_at_risk": fit(story.money, _DETAIL),
        "receiver": fit(story.receiver, _DETAIL),
        "notification_id": story.notification_id,
        "console": fit(story.console_url, _DETAIL),
        "incident": story.incident.id if story.incident else "",
        "error": fit(story.incident.error, _DETAIL) if story.incident else "",
    }
    alert = {
        "message": message,
        "alias": alias,
        "description": description,
        "details": {name: text for name, text in details.items() if text},
        "source": SOURCE,
        "priority": _PRIORITIES.get(story.severity, _DEFAULT_PRIORITY),
        **look,
    }
    calls: Calls = [{"method": "POST", "path": "v2/alerts", "json": alert}]
    if update:
        calls.append(_on(alias, "PUT", "message", {"message": message}))
        calls.append(_on(alias, "PUT", "description", {"description": description}))
    return calls


def closing_calls(story: GroupStory, alias: str) -> Calls:
    """Closes the group's alert."""
    note = fit(f"{story.headline}: {story.told_because}", _NOTE)
    return [_on(alias, "POST", "close", {"source": SOURCE, "note": note})]


def tags(texts: Sequence[str]) -> list[str]:
    """As many tags as Opsgenie takes, each as long as it takes."""
    return [fit(text.strip(), _TAG) for text in texts if text.strip()][:_MOST_TAGS]


def _on(alias: str, method: str, what: str, body: Mapping[str, object]) -> dict[str, object]:
    return {"method": method, "path": f"v2/alerts/{alias}/{what}?identifierType=alias", "json": body}
