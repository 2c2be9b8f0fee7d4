"""Each macro of Grafana's ClickHouse plugin by example, as its own documentation and tests have it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.grafana.plugin_macros import ALL, Sight, expanded

SIGHT = Sight(
    datetime(2026, 11, 2, 12, tzinfo=UTC),
    datetime(2026, 11, 2, 13, 0, 0, 250_000, tzinfo=UTC),
    timedelta(seconds=30),
    {"entity": ["DE01", "O'Brien"], "all": ALL},
)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("$__fromTime", "toDateTime(1793620800)"),
        ("$__toTime", "toDateTime(1793624400)"),
        ("$__fromTime_ms", "fromUnixTimestamp64Milli(1793620800000)"),
        ("$__toTime_ms", "fromUnixTimestamp64Milli(1793624400250)"),
        ("$__timeFilter(at)", "at >= toDateTime(1793620800) AND at <= toDateTime(1793624400)"),
        (
            "$__timeFilter_ms(at)",
            "at >= fromUnixTimestamp64Milli(1793620800000) AND at <= fromUnixTimestamp64Milli(1793624400250)",
        ),
        ("$__timeInterval(at)", "toStartOfInterval(toDateTime(at), INTERVAL 30 second)"),
        ("$__timeInterval_ms(at)", "toStartOfInterval(toDateTime64(at, 3), INTERVAL 30000 millisecond)"),
        ("$__interval_s", "30"),
        ("${entity:singlequote}", "'DE01','O\\'Brien'"),
        ("$__conditionalAll(f(entity) IN (${entity:singlequote}), $entity)", "f(entity) IN ('DE01','O\\'Brien')"),
        ("$__conditionalAll(entity IN (${all:singlequote}), $all)", "1=1"),
    ],
)
def test_a_macro_is_filled_in(written: str, sent: str) -> None:
    assert expanded(written, SIGHT) == sent


def test_a_point_is_no_narrower_than_the_clock_tells() -> None:
    narrow = replace(SIGHT, interval=timedelta(microseconds=10))
    assert expanded("$__interval_s", narrow) == "1"
    assert expanded("$__timeInterval_ms(at)", narrow).endswith("INTERVAL 1 millisecond)")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("$__timeGroup(at)", "there is no macro $__timeGroup"),
        ("$__now", "there is no macro $__now"),
        ("${region:singlequote}", "there is no variable region"),
        ("$entity", "something is left to fill in: $entity"),
    ],
)
def test_what_the_plugin_does_not_know_is_refused(written: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        expanded(written, SIGHT)
    assert str(refusal.value) == message
