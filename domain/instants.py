"""Instants as text and as microseconds: RFC 3339, aware, UTC, exact to the microsecond."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# ClickHouse stores DateTime64 from 1900 to the end of 2299; an instant outside cannot be kept.
# https://clickhouse.com/docs/sql-reference/data-types/datetime64
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2299, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """Whole microseconds since 1970-01-01T00:00:00Z; negative before it. Exact, unlike `timestamp()`."""
    return (instant - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The instant that many microseconds after 1970-01-01T00:00:00Z."""
    return EPOCH + timedelta(microseconds=micros)


def parse_instant(text: str) -> datetime:
    """The aware UTC instant an RFC 3339 text names; ValueError says what is accepted."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an instant; give RFC 3339, such as 2026-11-02T09:30:00Z") from None
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; give RFC 3339, such as 2026-11-02T09:30:00Z")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is before year 1 or after year 9999 in UTC; give an instant between") from None


def parse_storable_instant(text: str) -> datetime:
    """As `parse_instant`, of the instants that can be stored and asked for; ValueError says which."""
    instant = parse_instant(text)
    if not EARLIEST <= instant <= LATEST:
        raise ValueError(f"{text!r} is not within 1900 to 2299 in UTC; give an instant between")
    return instant


def format_instant(instant: datetime) -> str:
    """RFC 3339 with Z, and six fractional digits only where there are microseconds."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
