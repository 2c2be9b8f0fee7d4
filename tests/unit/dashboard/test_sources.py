"""What the console says of sources: who is silent by contract, who was never heard, how late events come."""

from datetime import datetime, timedelta
from typing import Any

from dashboard.components.sources import source_strip, sources_table
from storage.freshness import Lag, SourceFreshness
from tests.builders import NOW
from tests.unit.dashboard.journeys import READER

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def heard(source: str, at: datetime | None = NOW, event_type: str | None = None, **changes: Any) -> SourceFreshness:
    """A source heard at an instant that may be quiet for four hours, and sent nothing in the last one."""
    given: dict[str, Any] = {
        "last_occurred_at": at,
        "events": 0,
        "events_per_second": 0.0,
        "lag": None,
        "silent_after": 4 * HOUR,
        "is_silent": None if at is None else NOW - at > 4 * HOUR,
        "silent_since": None,
    }
    return SourceFreshness(source, event_type, at, **{**given, **changes})


def test_silent_sources_are_named_first_and_those_never_heard_last() -> None:
    strip = source_strip([heard("billing", None), heard("crm"), heard("erp", NOW - 5 * HOUR)], READER)

    assert strip.index("erp") < strip.index("crm") < strip.index("billing")
    assert "erp</b> silent for 5 h" in strip
    assert "crm</b> just now" in strip
    assert "billing</b> not yet" in strip
    assert strip.count("mp-source-silent") == strip.count("mp-source-unknown") == 1


def test_a_source_is_not_called_silent_before_its_contract_does() -> None:
    strip = source_strip([heard("erp", NOW - 3 * HOUR), heard("legacy", NOW - 90 * HOUR, is_silent=None)], READER)

    assert "erp</b> 3 h ago" in strip
    assert "legacy</b> 3 d 18 h ago" in strip
    assert "mp-source-silent" not in strip


def test_a_silent_event_type_shows_at_its_source() -> None:
    posted = heard("erp", NOW - 6 * HOUR, "order.posted")

    one = source_strip([heard("erp"), posted, heard("erp", NOW, "invoice.issued")], READER)
    two = source_strip([heard("erp"), posted, heard("erp", NOW - 5 * HOUR, "order.created")], READER)

    assert "erp</b> just now, order.posted silent for 6 h" in one
    assert "erp</b> just now, 2 event types silent" in two


def test_the_lag_and_what_was_agreed_stand_on_hover() -> None:
    lag = Lag(2 * SECOND, 5 * SECOND, 60 * SECOND, HOUR)

    strip = source_strip([heard("erp", events=1200, lag=lag)], READER)
    unagreed = source_strip([heard("legacy", silent_after=None, is_silent=None)], READER)

    assert "1,200 events in the last hour" in strip
    assert "received after it happened: p50 2 s, p95 5 s, p99 1 min, longest 1 h" in strip
    assert "silent after 4 h without a word, by its contract" in strip
    assert "no contract says when it is silent" in unagreed
    assert "p50" not in unagreed


def test_the_table_leaves_out_what_nobody_waits_for() -> None:
    waited_for = heard("erp", None, "order.posted")
    not_agreed = heard("erp", None, "order.shipped", silent_after=None)

    rows = sources_table([heard("erp"), waited_for, not_agreed], READER)

    assert "order.posted" in rows
    assert "order.shipped" not in rows


def test_the_table_tells_silent_from_heard_from_unknown() -> None:
    rows = sources_table([heard("erp", NOW - 5 * HOUR), heard("erp", NOW, "x"), heard("crm", None)], READER)

    assert [rows.count(f">{word}</span>") for word in ("silent", "heard", "unknown")] == [1, 1, 1]
    assert ">never</td>" in rows
