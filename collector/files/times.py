"""Instants as files write them, brought to RFC 3339 in UTC."""

import re
from datetime import UTC, datetime, tzinfo

# ISO 8601 with a T or a space, or a date alone; also with slashes, as spreadsheets and ProM write it.
_KNOWN = re.compile(r"\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d.*)?")


def rfc3339(text: str, zone: tzinfo = UTC, time_format: str | None = None) -> str:
    """The instant that a text names, in `zone` where it gives none; a text that names none comes back as it is.

    So it reaches the door, which refuses it with a reason and keeps it. Digits beyond microseconds are dropped.
    """
    try:
        if time_format:
            instant = datetime.strptime(text, time_format)  # noqa: DTZ007 - a zone is set below
        elif _KNOWN.fullmatch(text):
            instant = datetime.fromisoformat(text.replace("/", "-"))
        else:
            return text
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=zone)
        return instant.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return text
