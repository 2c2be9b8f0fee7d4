"""A digest in lines of text, as the JSON of webhooks, and as CSV that is safe to open in a spreadsheet."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alerts.digest_table import DigestLine, DigestTable
from alerts.messages.story import digest_counts, open_money, say_instant, say_money
from alerts.messages.text_limits import one_line
from alerts.notification import Notification
from domain.money import Money
from domain.spreadsheet import harmless

COLUMNS = tuple(DigestLine(None, None, None, None).row())
UNKNOWN = "unknown"
_NUMBERS = ("open_amount", "ended_amount")


def digest_lines_of_text(table: DigestTable) -> Iterator[str]:
    """The table as lines of text, a paragraph for each legal entity."""
    for section in table.sections():
        if not section.lines:
            continue
        name = section.lines[0].legal_entity or "legal entity unknown"
        yield ""
        yield f"{one_line(name)}: {digest_counts(section)}; open {say_totals(section)}"
        for line in section.lines:
            yield f"  {one_line(line.severity or UNKNOWN)} {one_line(line.alert or UNKNOWN)}: {_say_line(line)}"


def say_totals(table: DigestTable) -> str:
    """The money of what is open, currencies beside each other; an object with two alerts counts once."""
    return say_money(*open_money(table.totals)) or "nothing"


def digest_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows with a header; empty fields are what is not known."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([_field(name, row[name]) for name in COLUMNS])
    return text.getvalue()


def digest_body(notification: Notification, table: DigestTable, console_url: str) -> str:
    """The JSON of a digest, which `reason` and `digest` tell from that of alerts."""
    message = {
        "receiver": notification.conversation.receiver,
        "status": "digest",
        "reason": notification.reason,
        "externalURL": console_url,
        "notificationId": notification.notification_id,
        **table.document(),
    }
    return json.dumps(message, ensure_ascii=False)


def _say_line(line: DigestLine) -> str:
    parts = []
    if line.open:
        since = f", the oldest since {say_instant(line.oldest_since)}" if line.oldest_since else ""
        parts.append(f"{line.open} open ({say_money(*open_money([line]))}{since})")
    if line.ended:
        parts.append(f"{line.ended} ended ({say_money(*_ended_money(line))})")
    if line.withdrawn:
        parts.append(f"{line.withdrawn} withdrawn")
    return ", ".join(parts)


def _ended_money(line: DigestLine) -> tuple[list[Money], int]:
    known = line.ended_amount is not None and line.currency is not None
    return [Money(line.ended_amount, line.currency)] if known else [], line.ended_unknown  # type: ignore[arg-type]


def _field(name: str, value: Any) -> Any:
    if value is None:
        return ""
    # Digits, of which a negative amount is no formula.
    if not isinstance(value, str) or name in _NUMBERS:
        return value
    return harmless(value)
