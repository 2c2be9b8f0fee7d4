"""A notification as a Slack message of blocks.

https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/messaging/formatting-message-text
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from alerts.messages.story import AlertStory, GroupStory, say_instant
from alerts.messages.text_limits import fit
from domain.instants import to_micros

# A header takes 150 characters, the text of a section 3,000, a message 50 blocks.
_HEADER = 150
_SECTION = 3000
# Slack also refuses messages whose blocks are too long together, from about 13,000 characters on, which it does
# not document: https://github.com/slackapi/bolt-js/issues/2509. Eight alerts of at most 1,300 stay below.
MOST_ALERTS = 8
_MONEY = 1000
_NOTE = 300
_SHORT, _LONG = 120, 200
_FALLBACK = 500


def slack_message(story: GroupStory, buttons: Sequence[Mapping[str, object]] = ()) -> dict[str, object]:
    """The fields `text` and `blocks`; `text` is what notifications on a screen show. `buttons` is a block of them."""
    light = ":large_green_circle:" if story.is_over else ":red_circle:"
    lines = [f"*{escape(story.counts)}*"]
    if story.incident:
        lines += [fit(line, _NOTE, escape) for line in dict.fromkeys((story.incident.line, *story.notes))]
    elif story.lead and story.since:
        lines.append(f"At risk: {fit(story.money, _MONEY, escape)}, the oldest since {_date(story.since)}")
    blocks: list[Mapping[str, object]] = [
        {"type": "header", "text": {"type": "plain_text", "text": fit(story.title, _HEADER, escape)}},
        _section(f"{light} " + "\n".join(lines)),
        *(_section(_alert(alert)) for alert in story.alerts),
    ]
    if story.rest:
        blocks.append(_section(f"… {story.rest}"))
    blocks += buttons
    blocks.append({"type": "context", "elements": [_mrkdwn(_footer(story))]})
    return {"text": fit(story.brief, _FALLBACK, escape), "blocks": blocks}


def escape(text: str) -> str:
    """The text with the three characters written out by which Slack tells its own marks, mentions among them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _alert(alert: AlertStory) -> str:
    name = fit(alert.object, _SHORT, escape)
    stuck = f"<{escape(alert.link)}|{name.replace('|', '¦')}>" if _is_short(alert.link) else name
    state = "resolved" if alert.is_over else fit(alert.severity, 40, escape)
    lines = [f"*{stuck}*: {fit(alert.name, _SHORT, escape)} ({state}), {fit(alert.money, 100, escape)}"]
    if alert.over is not None:
        lines.append(f"was due {_date(alert.due)}, {alert.over_word} {_date(alert.over)}")
    else:
        lines.append(f"due {_date(alert.due)}, {alert.late}, firing since {_date(alert.since)}")
    if alert.summary:
        lines.insert(1, fit(alert.summary, _LONG, escape))
    if alert.why:
        lines.append(f"_Why:_ {fit(alert.why, _LONG, escape)}")
    if alert.todo and not alert.is_over:
        lines.append(f"_What to do:_ {fit(alert.todo, _LONG, escape)}")
    return "\n".join(lines)


def _is_short(link: str) -> bool:
    # Nothing of a link can be left out, so a long one is.
    return 0 < len(link) <= 200


def _footer(story: GroupStory) -> str:
    console = f"<{escape(story.console_url)}|Console>" if _is_short(story.console_url) else ""
    receiver = f"to {fit(story.receiver, 40, escape)}"
    return " · ".join(part for part in (console, story.told_because, receiver, story.notification_id) if part)


def _date(instant: datetime) -> str:
    # Readers see their own time; what cannot show it shows UTC.
    seconds = to_micros(instant) // 1_000_000
    return f"<!date^{seconds}^{{date_short}} {{time}}|{say_instant(instant)}>"


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, object]:
    if len(text) > _SECTION:
        raise ValueError(f"a text of {len(text)} characters for Slack")
    # Verbatim: Slack looks for no names, channels and addresses in what others wrote.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
