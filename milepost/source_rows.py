"""How sources do, as `milepost sources list --output json` and the API show it: plain JSON values."""

from datetime import datetime, timedelta
from typing import Any

from domain.contract import Contracts
from domain.duration import write_duration
from domain.errors import UsageError
from domain.instants import format_instant
from rules.engine import ENGINE
from storage.client import Store
from storage.freshness import KEPT, MINUTE, SourceFreshness, known_through, source_freshness


def source_rows(store: Store, contracts: Contracts, now: datetime, window: timedelta) -> list[dict[str, Any]]:
    """Each source and event type by what the engine has come to; UsageError for a window that is not kept."""
    if not MINUTE <= window <= KEPT:
        raise UsageError(f"window is {write_duration(window)}; give 1m to {write_duration(KEPT)}")
    at = known_through(store, ENGINE, now)
    return [_row(reading) for reading in source_freshness(store, contracts, at, window)]


def _row(reading: SourceFreshness) -> dict[str, Any]:
    lag = reading.lag
    lags = {"p50": lag.p50, "p95": lag.p95, "p99": lag.p99, "longest": lag.longest} if lag else {}
    seconds = {name: length.total_seconds() for name, length in lags.items()}
    return {
        "source": reading.source,
        "type": reading.event_type,
        "last_received_at": _instant(reading.last_received_at),
        "last_occurred_at": _instant(reading.last_occurred_at),
        "events": reading.events,
        "events_per_second": reading.events_per_second,
        **{f"lag_{name}_seconds": seconds.get(name) for name in ("p50", "p95", "p99", "longest")},
        "silent": reading.is_silent,
        "silent_since": _instant(reading.silent_since),
        "silent_after": write_duration(reading.silent_after) if reading.silent_after else None,
    }


def _instant(at: datetime | None) -> str | None:
    return format_instant(at) if at else None
