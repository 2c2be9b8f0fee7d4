"""A notification as a message with an adaptive card, as a Teams workflow takes it.

https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using and
https://adaptivecards.microsoft.com. What others wrote stands in text runs, in which Teams reads no markdown.
"""

import json
from collections.abc import Sequence

from alerts.messages.story import AlertStory, GroupStory
from alerts.messages.text_limits import fit

# Teams refuses messages of more than 28 KB; some of it is kept for what the workflow adds.
_LONGEST = 24_000
MOST_ALERTS = 20
_LINE = 300
_TODO = 600
Element = dict[str, object]


def teams_message(story: GroupStory) -> str:
    """The JSON to post, with as many of the story's alerts as there is room for."""
    shown = list(story.alerts)
    while True:
        more = story.more + len(story.alerts) - len(shown)
        text = json.dumps(_message(story, shown, more), ensure_ascii=False)
        if len(text.encode()) <= _LONGEST or not shown:
            return text
        shown.pop()


def _message(story: GroupStory, alerts: Sequence[AlertStory], more: int) -> Element:
    color = "good" if story.is_over else "attention"
    body = [
        _text(_run(fit(story.title, _LINE), weight="bolder", size="large")),
        _text(_run(story.counts, weight="bolder", color=color), *_lead(story)),
        *(_text(_run(fit(note, _LINE))) for note in story.notes),
        *(_alert(alert) for alert in alerts),
    ]
    if more:
        body.append(_text(_run(f"… and {more} more")))
    footer = " · ".join(part for part in (story.told_because, f"to {story.receiver}", story.notification_id) if part)
    body.append(_text(_run(fit(footer, _LINE), size="small", isSubtle=True)))
    card: Element = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "fallbackText": fit(story.headline, _LINE),
        "body": body,
    }
    if story.console_url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open the console", "url": story.console_url}]
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [content]}


def _lead(story: GroupStory) -> list[Element]:
    return [_run(f"  At risk: {fit(story.lead, _LINE)}")] if story.lead else []


def _alert(alert: AlertStory) -> Element:
    state = "resolved" if alert.is_over else fit(alert.severity, 40)
    stuck = _run(fit(alert.object, _LINE), weight="bolder")
    if alert.link:
        stuck["selectAction"] = {"type": "Action.OpenUrl", "url": alert.link}
    items = [
        _text(stuck, _run(f": {fit(alert.name, 100)} ({state}), {fit(alert.money, 100)}")),
        *([_text(_run(fit(alert.summary, _LINE)))] if alert.summary else []),
        _text(_run(alert.due_line)),
    ]
    if alert.why:
        items.append(_text(_run("Why: ", weight="bolder"), _run(fit(alert.why, _LINE))))
    if alert.todo and not alert.is_over:
        items.append(_text(_run("What to do: ", weight="bolder"), _run(fit(alert.todo, _TODO))))
    style = "good" if alert.is_over else "attention" if alert.severity == "critical" else "default"
    return {"type": "Container", "style": style, "separator": True, "items": items}


def _text(*runs: Element) -> Element:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, **look: object) -> Element:
    # A run without text is refused.
    return {"type": "TextRun", "text": text or " ", **look}
