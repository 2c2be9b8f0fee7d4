"""`milepost flow`: how work goes from milestone to milestone, how long that takes, and what waits on the way."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer

from domain.clock import SystemClock
from domain.duration import format_duration
from milepost.answers.from_store import open_answers
from milepost.commands.options import Output, OutputOption, duration_of, instant_of
from milepost.flow_wish import FlowWish
from milepost.output import print_json, print_table
from milepost.settings import load_settings

_COLUMNS = (
    "object_type", "from", "to", "kind", "times", "share", "reached_before", "median", "p90", "in time", "waiting",
    "money waiting",
)  # fmt: skip


def flow(
    at: Annotated[str | None, typer.Option("--at", help="As of this instant (RFC 3339); now by default.")] = None,
    over: Annotated[str, typer.Option("--over", help="The stretch of time that ends then, such as 24h.")] = "7d",
    object_type: Annotated[list[str] | None, typer.Option("--object-type", help="Only objects of this type.")] = None,
    legal_entity: Annotated[list[str] | None, typer.Option("--legal-entity", help="Only of this entity.")] = None,
    region: Annotated[list[str] | None, typer.Option("--region", help="Only of this region.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the handoffs between milestones as they were made, in whole hours, and where objects wait now."""
    settings = load_settings()
    until = instant_of("--at", at) if at else SystemClock().now()
    wish = FlowWish(
        until - duration_of("--over", over),
        until,
        tuple(object_type or ()),
        tuple(legal_entity or ()),
        tuple(region or ()),
    )
    with open_answers(settings, SystemClock()) as answers:
        row = answers.flow(settings, wish)
    if output is Output.JSON:
        print_json(row)
    else:
        print_table([_cells(one) for one in row["handoffs"]], _COLUMNS, "no handoffs in this stretch of time")


def _cells(row: Mapping[str, Any]) -> dict[str, Any]:
    money = row["money_waiting"]
    kind = f"skips {', '.join(row['skipped'])}" if row["skipped"] else row["kind"]
    in_time = "" if row["share_in_time"] is None else f"{row['share_in_time']:.1%} ({row['rule']})"
    return {
        **row,
        "kind": kind,
        "share": f"{row['share']:.1%}",
        "median": _length(row["median_seconds"]),
        "p90": _length(row["p90_seconds"]),
        "in time": in_time,
        "money waiting": "" if money is None else _money(money),
    }


def _length(seconds: float | None) -> str:
    return "unknown" if seconds is None else format_duration(timedelta(seconds=seconds))


def _money(money: Mapping[str, Any]) -> str:
    total = "unknown" if money["total"] is None else f"{money['total']} {money['currency']}"
    return total + (f", {money['unconverted']} unknown" if money["unconverted"] else "")
