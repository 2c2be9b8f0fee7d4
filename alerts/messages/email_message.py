"""A notification as an e-mail, in text and HTML, so that clients show a group's messages as one thread.

https://www.rfc-editor.org/rfc/rfc5322 and, for Auto-Submitted, https://www.rfc-editor.org/rfc/rfc3834
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from alerts.messages.plain_text import plain_text
from alerts.messages.story import AlertStory, GroupStory
from alerts.messages.text_limits import fit

MOST_ALERTS = 50
_SUBJECT = 150
_CELL = "padding:6px 10px;border-bottom:1px solid #ddd;vertical-align:top;text-align:left"
_RED, _GREEN = "#b3261e", "#1b7f3b"


def message_id(notification_id: str, sender: Address) -> str:
    """The message's own id: the same at every try, so that mailboxes can drop a repeat."""
    return f"<{notification_id}@{sender.domain}>"


def email_message(
    story: GroupStory, sender: Address, recipients: Sequence[Address], sent_at: datetime, thread: str
) -> str:
    """The whole message as it goes over the wire, in ASCII; `thread` is the id of the conversation's first message."""
    # State and figures stand in the first line of the body, which clients show beside the subject: some take
    # messages for one thread only where the subject is the same.
    subject = fit(f"[Milepost] {story.title}", _SUBJECT)
    message = new_message(subject, story.notification_id, sender, recipients, sent_at, thread)
    message.set_content(plain_text(story) + "\n", cte="quoted-printable")
    message.add_alternative(_html(story), subtype="html", cte="quoted-printable")
    # By default chance makes it, and the same notification would be another text after a restart.
    message.set_boundary(f"=_{story.notification_id}")
    return message.as_bytes().decode("ascii")


def new_message(
    subject: str,
    notification_id: str,
    sender: Address,
    recipients: Sequence[Address],
    sent_at: datetime,
    thread: str = "",
) -> EmailMessage:
    """A message with its head and no content yet."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = list(recipients)
    message["Subject"] = subject
    message["Date"] = sent_at
    message["Message-ID"] = message_id(notification_id, sender)
    if thread:
        message["In-Reply-To"] = thread
        message["References"] = thread
    # Out-of-office programs are not to answer.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["X-Milepost-Notification-Id"] = notification_id
    return message


def _html(story: GroupStory) -> str:
    color = _GREEN if story.is_over else _RED
    parts = [
        '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;font-size:14px">',
        f'<p style="font-size:18px;margin:0"><b style="color:{color}">{escape(story.counts)}</b> '
        f"{escape(story.title)}</p>",
    ]
    if story.lead:
        parts.append(f"<p><b>At risk:</b> {escape(story.lead)}</p>")
    parts += [f"<p>{escape(note)}</p>" for note in story.notes]
    parts.append('<table style="border-collapse:collapse">')
    parts += [_row(alert) for alert in story.alerts]
    parts.append("</table>")
    if story.rest:
        parts.append(f"<p>… {escape(story.rest)}</p>")
    parts.append(f'<p style="color:#666">{" · ".join(_footer(story))}</p></body></html>\n')
    return "".join(parts)


def _row(alert: AlertStory) -> str:
    name = f"<b>{escape(alert.object)}</b>"
    if alert.link:
        name = f'<a href="{escape(alert.link)}">{name}</a>'
    state = "resolved" if alert.is_over else alert.severity
    color = _GREEN if alert.is_over else _RED
    lines = [alert.summary, alert.due_line]
    if alert.why:
        lines.append(f"Why: {alert.why}")
    if alert.todo and not alert.is_over:
        lines.append(f"What to do: {alert.todo}")
    told = "<br>".join(escape(line) for line in lines if line)
    return (
        f'<tr><td style="{_CELL}">{name}<br>{escape(alert.name)} '
        f'<span style="color:{color}">{escape(state)}</span></td>'
        f'<td style="{_CELL};white-space:nowrap">{escape(alert.money)}</td><td style="{_CELL}">{told}</td></tr>'
    )


def _footer(story: GroupStory) -> Iterator[str]:
    if story.console_url:
        yield f'<a href="{escape(story.console_url)}">Console</a>'
    if story.told_because:
        yield escape(story.told_because)
    yield f"to {escape(story.receiver)}"
    yield escape(story.notification_id)
