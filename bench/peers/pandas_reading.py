"""The rules of rules.yaml as an analyst would read them with pandas from a table of events: once, at one instant.

It knows neither receipt nor late events, keeps nothing and tells nothing when an alert ends; for that it is short.
"""

from datetime import datetime

import holidays
import pandas as pd

_APPROVED, _TRANSMITTED, _POSTED = "order.approved", "order.transmitted", "order.posted"


def read_rules(events: pd.DataFrame, now: datetime) -> dict[str, pd.Series]:
    """For each rule the instants at which it fired by `now`, by order; `events` has a row an event and order."""
    of_type = dict(iter(events.groupby("type", observed=True)))
    approved, transmitted, posted = of_type[_APPROVED], of_type[_TRANSMITTED], of_type[_POSTED]
    start = _first(approved)
    large = _first(approved[(approved["amount"] >= 50_000) & (approved["legal_entity"] == "DE01")])
    tier = approved.sort_values("at", kind="stable").drop_duplicates("order").set_index("order")["tier"]
    window = pd.Series(pd.Timedelta(hours=8), index=start.index).mask(tier == "platinum", pd.Timedelta(hours=1))
    invoiced_or_cancelled = pd.concat([of_type["order.invoiced"], of_type["order.cancelled"]])
    return {
        "OrderNotPosted": _late(start, start + pd.Timedelta(hours=4), posted, now),
        "LargeOrderNotPosted": _late(large, large + pd.Timedelta(hours=2), posted, now),
        "PlatinumOrderNotPosted": _late(start, start + window, posted, now),
        "OrderNotPostedInOfficeHours": _late(start, _office_hours_later(start, pd.Timedelta(hours=6)), posted, now),
        "OrderNotTransmitted": _late(start, start + pd.Timedelta(minutes=30), transmitted, now),
        "OrderNotInvoiced": _late(_first(posted), _first(posted) + pd.Timedelta(hours=10), invoiced_or_cancelled, now),
        "EachApprovalNotPosted": _each_late(approved, pd.Timedelta(hours=3), posted, now),
        "PostedUntransmitted": _without(_first(posted), _first(transmitted)),
        "TransmittedBeforeApproval": _before(_first(transmitted), start),
        "PostedTwice": _second(posted),
    }


def _first(events: pd.DataFrame) -> pd.Series:
    """The first instant of each order."""
    return events.groupby("order")["at"].min()


def _late(start: pd.Series, deadline: pd.Series, ends: pd.DataFrame, now: datetime) -> pd.Series:
    """The deadlines passed by `now` of those clocks that none of `ends` stopped in time."""
    since = ends[["order", "at"]].join(start.rename("start"), on="order", how="inner")
    ended = since[since["at"] >= since["start"]].groupby("order")["at"].min().reindex(start.index)
    return deadline[(deadline <= now) & (ended.isna() | (ended > deadline))]


def _each_late(starts: pd.DataFrame, within: pd.Timedelta, ends: pd.DataFrame, now: datetime) -> pd.Series:
    """As `_late` with a clock at every start."""
    stops = ends[["order", "at"]].sort_values("at").rename(columns={"at": "ended"})
    clocks = pd.merge_asof(
        starts[["order", "at"]].sort_values("at"), stops, left_on="at", right_on="ended", by="order",
        direction="forward",
    )  # fmt: skip
    deadline = (clocks["at"] + within).set_axis(clocks["order"])
    ended = clocks["ended"].set_axis(clocks["order"])
    return deadline[(deadline <= now) & (ended.isna() | (ended > deadline))]


def _without(first: pd.Series, required: pd.Series) -> pd.Series:
    """The first events that what they require does not precede."""
    before = required.reindex(first.index)
    return first[before.isna() | (before > first)]


def _before(first: pd.Series, other: pd.Series) -> pd.Series:
    """The instants of those others that came strictly after what they should precede."""
    both = pd.concat([first.rename("first"), other.rename("other")], axis="columns", join="inner")
    return both.loc[both["first"] < both["other"], "other"]


def _second(events: pd.DataFrame) -> pd.Series:
    """The second instant of each order that has one."""
    in_order = events.sort_values("at", kind="stable")
    return in_order[in_order.groupby("order").cumcount() == 1].set_index("order")["at"]


def _office_hours_later(start: pd.Series, window: pd.Timedelta) -> pd.Series:
    """The instants so many open hours later: Berlin, Monday to Friday from nine to five but on German holidays."""
    days = pd.date_range(start.min().date() - pd.Timedelta(days=7), start.max().date() + pd.Timedelta(days=30))
    free = holidays.country_holidays("DE", years=range(days[0].year, days[-1].year + 1))
    open_days = days[(days.weekday < 5) & ~days.normalize().isin(pd.to_datetime(sorted(free)))]
    opens, closes = (
        (open_days + pd.Timedelta(hours=hour)).tz_localize("Europe/Berlin").tz_convert("UTC").as_unit("us").asi8
        for hour in (9, 17)
    )
    used_by_close = (closes - opens).cumsum()
    used_by_open = used_by_close - (closes - opens)
    begun = start.dt.as_unit("us").astype("int64").to_numpy()
    day = closes.searchsorted(begun, side="right")
    target = used_by_open[day] + (begun - opens[day]).clip(min=0) + window // pd.Timedelta(microseconds=1)
    last_day = used_by_close.searchsorted(target, side="left")
    due = opens[last_day] + target - used_by_open[last_day]
    return pd.Series(pd.to_datetime(due, unit="us", utc=True), index=start.index)
