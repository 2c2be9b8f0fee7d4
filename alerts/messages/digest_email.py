"""A digest as an e-mail: the table in text and HTML, and attached as CSV."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from html import escape

from alerts.digest_table import DigestLine, DigestTable
from alerts.messages.digest_message import UNKNOWN, digest_csv, digest_lines_of_text, say_totals
from alerts.messages.email_message import new_message
from alerts.messages.story import GroupStory, digest_counts, digest_note, say_instant
from alerts.messages.text_limits import fit, one_line
from domain.money import format_amount

# Beyond that the HTML says how many lines there are besides; the attachment has all.
_MOST_LINES = 500
_SUBJECT = 150
_CELL = "padding:4px 10px;border-bottom:1px solid #ddd;vertical-align:top;text-align:left"
_NUMBER = f"{_CELL};text-align:right;white-space:nowrap"
_HEADS = ("Severity", "Rule", "Open", "Money", "Oldest since", "Ended", "Money", "Withdrawn")


def digest_email(
    story: GroupStory, table: DigestTable, sender: Address, recipients: Sequence[Address], sent_at: datetime
) -> str:
    """The whole message as it goes over the wire, in ASCII."""
    subject = fit(f"[Milepost] {story.title}: {digest_counts(table)}", _SUBJECT)
    message: EmailMessage = new_message(subject, story.notification_id, sender, recipients, sent_at)
    message.set_content("\n".join([*_head(story, table), *digest_lines_of_text(table)]) + "\n", cte="quoted-printable")
    message.add_alternative(_html(story, table), subtype="html", cte="quoted-printable")
    rows = [line.row() for line in table.lines]
    name = f"{table.name}-{table.due_at:%Y-%m-%d}{f'-{table.section}' if table.section else ''}.csv"
    message.add_attachment(
        digest_csv(rows).encode(),
        maintype="text",
        subtype="csv",
        filename=_file_name(name),
        params={"charset": "utf-8"},
    )
    # By default chance makes them, and the same notification would be another text after a restart.
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{story.notification_id}_{number}")
    return message.as_bytes().decode("ascii")


def _head(story: GroupStory, table: DigestTable) -> Iterator[str]:
    yield f"{story.title}: {digest_counts(table)}"
    yield f"This is the {digest_note(table)}."
    if table.open:
        yield f"Open, by currency and each object once: {say_totals(table)}."
    if story.console_url:
        yield f"Console: {story.console_url}"


def _html(story: GroupStory, table: DigestTable) -> str:
    parts = [
        '<!DOCTYPE html><html lang="en"><body style="font-family:sans-serif;font-size:14px">',
        f'<p style="font-size:18px;margin:0"><b>{escape(digest_counts(table))}</b> {escape(story.title)}</p>',
        f"<p>This is the {escape(digest_note(table))}.</p>",
    ]
    if table.open:
        parts.append(f"<p><b>Open, by currency and each object once:</b> {escape(say_totals(table))}</p>")
    if table.lines:
        parts += _html_table(table)
    footer = [f'<a href="{escape(story.console_url)}">Console</a>'] if story.console_url else []
    footer += [f"to {escape(story.receiver)}", escape(story.notification_id)]
    parts.append(f'<p style="color:#666">{" · ".join(footer)}</p></body></html>\n')
    return "".join(parts)


def _html_table(table: DigestTable) -> Iterator[str]:
    yield '<table style="border-collapse:collapse">'
    left = _MOST_LINES
    for section in table.sections():
        name = one_line(section.lines[0].legal_entity or "legal entity unknown")
        yield (
            f'<tr><th colspan="{len(_HEADS)}" style="{_CELL};padding-top:14px">{escape(name)}: '
            f"{escape(digest_counts(section))}; open {escape(say_totals(section))}</th></tr>"
        )
        yield _row("th", ((_CELL, head) for head in _HEADS))
        yield from (_html_row(line) for line in section.lines[:left])
        left = max(left - len(section.lines), 0)
    yield "</table>"
    if (more := len(table.lines) - _MOST_LINES) > 0:
        yield f"<p>… and {more} more lines; the attached table has all.</p>"


def _html_row(line: DigestLine) -> str:
    cells = [
        (_CELL, one_line(line.severity or UNKNOWN)),
        (_CELL, one_line(line.alert or UNKNOWN)),
        (_NUMBER, str(line.open)),
        (_NUMBER, _say(line.open, line.open_amount is not None, _amount(line, ended=False), line.open_unknown)),
        (_CELL, say_instant(line.oldest_since) if line.oldest_since else ""),
        (_NUMBER, str(line.ended)),
        (_NUMBER, _say(line.ended, line.ended_amount is not None, _amount(line, ended=True), line.ended_unknown)),
        (_NUMBER, str(line.withdrawn)),
    ]
    return _row("td", cells)


def _row(tag: str, cells: Iterable[tuple[str, str]]) -> str:
    written = (f'<{tag} style="{style}">{escape(text)}</{tag}>' for style, text in cells)
    return f"<tr>{''.join(written)}</tr>"


def _amount(line: DigestLine, *, ended: bool) -> str:
    amount = line.ended_amount if ended else line.open_amount
    return "" if amount is None else f"{format_amount(amount, line.currency)} {one_line(line.currency or UNKNOWN)}"


def _say(count: int, is_known: bool, amount: str, unknown: int) -> str:
    if not count:
        return ""
    if not is_known:
        return UNKNOWN
    return f"{amount} and {unknown} unknown" if unknown else amount


def _file_name(text: str) -> str:
    return "".join(
        character if character.isascii() and (character.isalnum() or character in "-_.") else "_" for character in text
    )
