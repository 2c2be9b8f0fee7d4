"""Durations as users write them (4h, 1h30m, 2d) and as people read them (3 d 4 h)."""

import re
from datetime import timedelta

# Prometheus' duration syntax, units in falling order, each at most once; years are left out because
# nothing in revenue work is promised in units whose length is a convention.
# https://prometheus.io/docs/prometheus/latest/querying/basics/#float-literals-and-time-durations
_PATTERN = re.compile(r"(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?")
ACCEPTED = "a duration such as 4h, 90m, 1h30m or 2d (units w, d, h, m, s, ms)"
_LONGEST = timedelta(days=36500)


def parse_duration(text: str) -> timedelta:
    """The duration a text such as 1h30m names, zero to 100 years; ValueError says what is accepted."""
    match = _PATTERN.fullmatch(text) if text else None
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is not a duration; give {ACCEPTED}")
    weeks, days, hours, minutes, seconds, millis = (int(part or 0) for part in match.groups())
    try:
        duration = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=millis)
    except OverflowError:
        duration = timedelta.max
    if duration > _LONGEST:
        raise ValueError(f"{text!r} is longer than 100 years; give {ACCEPTED}")
    return duration


def format_duration(duration: timedelta) -> str:
    """The two largest units of a duration, such as `3 d 4 h`; under a second reads `0 s`."""
    seconds = int(abs(duration).total_seconds())
    parts: list[str] = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
        if len(parts) == 2:
            break
    text = " ".join(parts) or "0 s"
    return f"-{text}" if duration < timedelta(0) else text


def write_duration(duration: timedelta) -> str:
    """A duration in the syntax `parse_duration` reads, exact to the millisecond."""
    millis = duration // timedelta(milliseconds=1)
    parts: list[str] = []
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, millis = divmod(millis, length)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
