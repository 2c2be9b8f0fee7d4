"""Who is on call by a rotation: against a reference that walks along the wall's clock, and in nights with a change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.escalation_config import RotationConfig
from alerts.local_times import first_instant, wall_time
from alerts.rotations import Rotation, Shift
from alerts.time_intervals import TimeIntervalConfig

MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
OFFICE = TimeIntervalConfig.model_validate(
    {
        "name": "office",
        "time_intervals": [
            {
                "weekdays": ["monday:friday"],
                "times": [{"start_time": "02:15", "end_time": "18:00"}],
                "location": "Europe/Berlin",
            }
        ],
    }
)


def rotation(**changes: object) -> Rotation:
    """A daily rotation of three in Berlin, unless said otherwise."""
    given = {
        "name": "first_line",
        "time_zone": "Europe/Berlin",
        "starts_on": "2026-10-01",
        "handover": "09:00",
        "length": "daily",
        "members": ["ana", "ben", "cem"],
        **changes,
    }
    return Rotation(RotationConfig.model_validate(given), {"office": OFFICE})


def berlin(text: str) -> datetime:
    """An instant as a clock in Berlin reads it; the first of two."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def override(member: str, since: str, until: str) -> dict[str, str]:
    return {"member": member, "from": f"{since}Z", "until": f"{until}Z"}


@pytest.mark.parametrize(
    ("at", "member"),
    [
        pytest.param("2026-10-01T08:59:59", None, id="before it starts nobody is"),
        pytest.param("2026-10-01T09:00", "ana", id="from the first handover on the first member is"),
        pytest.param("2026-10-02T08:59:59", "ana", id="until the next handover"),
        pytest.param("2026-10-02T09:00", "ben", id="then the second"),
        pytest.param("2026-10-04T09:00", "ana", id="after the last the first again"),
        pytest.param("2026-10-25T08:59:59", "cem", id="the day on which clocks are put back has 25 hours"),
        pytest.param("2026-10-25T09:00", "ana", id="and the handover keeps its hour"),
        pytest.param("2027-03-28T08:59:59", "ana", id="the day on which they are put forward has 23"),
        pytest.param("2027-03-28T09:00", "ben", id="and the handover keeps its hour there too"),
    ],
)
def test_members_take_turns_by_the_walls_clock(at: str, member: str | None) -> None:
    assert rotation().on_call(berlin(at)) == member


def test_in_the_night_whose_clock_is_put_back_a_turn_does_not_come_twice() -> None:
    turns = rotation(handover="02:30")
    first, second = (datetime(2026, 10, 25, hour, 29, 59, tzinfo=UTC) for hour in (0, 1))

    assert wall_time(first, BERLIN) == wall_time(second, BERLIN) == datetime.fromisoformat("2026-10-25T02:29:59")
    assert turns.on_call(first) == "cem"
    assert {turns.on_call(first + timedelta(seconds=seconds)) for seconds in (1, 1801, 3600, 3601)} == {"ana"}


def test_a_handover_that_the_clock_skips_comes_when_it_reads_a_later_time() -> None:
    turns = rotation(handover="02:30")
    change = datetime(2027, 3, 28, 1, tzinfo=UTC)

    assert first_instant(datetime.fromisoformat("2027-03-28T02:30"), BERLIN) == change
    assert turns.on_call(change - timedelta(seconds=1)) != turns.on_call(change)


def test_somebody_stands_in_for_the_time_of_an_override_even_when_nobody_would_be_on_call() -> None:
    covered = rotation(
        active_time_intervals=["office"],
        overrides=[
            override("dora", "2026-10-06T10:00:00", "2026-10-06T12:00:00"),
            override("eve", "2026-10-10T12:00:00", "2026-10-10T13:00:00"),
        ],
    )

    def on_call(*times: str) -> list[str | None]:
        return [covered.on_call(datetime.fromisoformat(f"2026-10-{time}:00Z")) for time in times]

    assert on_call("06T09:59", "06T10:00", "06T11:59", "06T12:00") == ["cem", "dora", "dora", "cem"]
    # A Saturday, closed but for the override.
    assert on_call("10T11:59", "10T12:00", "10T13:00") == [None, "eve", None]


def test_shifts_name_who_is_on_call_until_when_and_who_is_next() -> None:
    monday = datetime(2026, 10, 5, 8, tzinfo=UTC)
    office = rotation(length="weekly", active_time_intervals=["office"], starts_on="2026-10-05")

    assert office.shifts(monday) == [
        Shift("ana", monday, berlin("2026-10-05T18:00")),
        Shift("ana", berlin("2026-10-06T02:15"), berlin("2026-10-06T18:00")),
    ]
    # On Saturday nobody is, and on Monday the turn is still that of the first until nine.
    assert office.shifts(berlin("2026-10-10T12:00"), 3) == [
        Shift(None, berlin("2026-10-10T12:00"), berlin("2026-10-12T02:15")),
        Shift("ana", berlin("2026-10-12T02:15"), berlin("2026-10-12T09:00")),
        Shift("ben", berlin("2026-10-12T09:00"), berlin("2026-10-12T18:00")),
    ]


def test_who_is_on_call_alone_is_so_without_an_end() -> None:
    assert rotation(members=["ana"]).shifts(berlin("2026-10-05T12:00")) == [
        Shift("ana", berlin("2026-10-05T12:00"), None)
    ]


ROTATIONS = st.fixed_dictionaries(
    {
        "time_zone": st.sampled_from(ZONES),
        "handover": st.sampled_from(["00:00", "02:00", "02:15", "02:30", "03:00", "09:00", "23:59"]),
        "length": st.sampled_from(["daily", "weekly", "1h", "5h", "12h", "3d"]),
        "members": st.lists(st.sampled_from(["ana", "ben", "cem"]), min_size=1, max_size=4),
        "active_time_intervals": st.sampled_from([[], ["office"]]),
        "overrides": st.sampled_from(
            [
                [],
                [override("dora", "2026-03-29T00:30:00", "2026-03-29T01:10:00")],
                [
                    override("dora", "2026-03-28T00:00:00", "2026-03-29T00:00:00"),
                    override("eve", "2026-03-29T00:00:00", "2026-03-29T04:00:00"),
                ],
            ]
        ),
    }
)
# Around the nights on which one of the zones changes its clock.
NIGHTS = st.sampled_from(
    [datetime(2026, *night, tzinfo=UTC) for night in ((3, 28, 12), (4, 4, 6), (10, 24, 12), (11, 1, 0))]
)


def walked(given: dict[str, object], at: datetime) -> str | None:
    """Who is on call, found by walking from the start, minute by minute, and handing over when the wall says so."""
    config = RotationConfig.model_validate({"name": "naive", **given})
    for one in config.overrides:
        if one.from_ <= at < one.until:
            return one.member
    if config.active_time_intervals and not OFFICE.contains(at):
        return None
    zone = ZoneInfo(config.time_zone)
    next_handover = datetime.combine(config.starts_on, datetime.min.time()) + timedelta(minutes=config.handover)
    turn = -1
    instant = next_handover.replace(tzinfo=UTC) - timedelta(days=1)
    # Whole days are walked in strides for as long as no handover and no change of the clock is near.
    while instant <= at:
        while wall_time(instant, zone) >= next_handover:
            turn, next_handover = turn + 1, next_handover + config.length
        near = next_handover - wall_time(instant, zone) < timedelta(hours=3)
        instant += MINUTE if near else timedelta(hours=1)
    return config.members[turn % len(config.members)] if turn >= 0 else None


def started(given: dict[str, object], night: datetime, days: int) -> dict[str, object]:
    return {**given, "starts_on": (night - timedelta(days=days)).date().isoformat()}


@settings(max_examples=100, deadline=None)
@given(ROTATIONS, NIGHTS, st.integers(-1, 15), st.integers(0, 36 * 60))
def test_who_is_on_call_is_what_a_walk_along_the_clock_says(
    given: dict[str, object], night: datetime, days: int, minutes: int
) -> None:
    given, at = started(given, night, days), night + minutes * MINUTE

    assert rotation(**given).on_call(at) == walked(given, at)


@settings(max_examples=25, deadline=None)
@given(ROTATIONS, NIGHTS, st.integers(-1, 15), st.integers(0, 36 * 60))
def test_a_shift_holds_until_its_end_and_not_at_it(
    given: dict[str, object], night: datetime, days: int, minutes: int
) -> None:
    turns, at = rotation(**started(given, night, days)), night + minutes * MINUTE

    now, *later = turns.shifts(at)

    assert now.member == turns.on_call(at)
    if now.until is not None:
        states = {turns.on_call(at + part * (now.until - at) / 7) for part in range(7)}
        assert states == {now.member}
        assert turns.on_call(now.until - timedelta(seconds=1)) == now.member
    for one in later:
        assert turns.on_call(one.since) == one.member
        assert now.until is not None
        assert one.since >= now.until
