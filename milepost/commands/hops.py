"""`milepost hops`: how calls and queues between systems go, and what money waits behind each."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from domain.clock import SystemClock
from domain.duration import format_duration
from milepost.answers.from_store import open_answers
from milepost.commands.options import Output, OutputOption, duration_of, instant_of
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings

Row = Mapping[str, Any]
_COLUMNS = ("hop", "rate", "errors", "p50", "p95", "p99", "backlog", "parked", "waiting", "money", "in all")
_OUTLOOK_COLUMNS = ("legal_entity", "period", "cutoff_at", "waiting now", "arrives until then", "at the cutoff", "sure")

hops_app = typer.Typer(no_args_is_help=True, help="See how calls between systems go, and what waits behind each hop.")
AtOption = Annotated[str | None, typer.Option("--at", help="Calls up to this instant (RFC 3339); now by default.")]
OverOption = Annotated[str, typer.Option("--over", help="The stretch of time that ends then, such as 24h.")]


@hops_app.command("list")
def hops_list(at: AtOption = None, over: OverOption = "1h", output: OutputOption = Output.TABLE) -> None:
    """Show every hop: calls a minute, errors, latency, backlog, and what waits behind it, the gravest first."""
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        found = answers.hops(settings, *_stretch(at, over))
    if output is Output.JSON:
        print_json(found)
        return
    print_table([_cells(row) for row in found["hops"]], _COLUMNS, "no calls, no queues, and nothing that waits")
    if found["counted_through"]:
        echo(f"calls are counted up to {found['counted_through']}")


@hops_app.command("show")
def hops_show(
    hop: Annotated[str, typer.Argument(help="A hop as `milepost hops list` shows it, such as 'middleware->erp'.")],
    at: AtOption = None,
    over: OverOption = "1h",
    output: OutputOption = Output.TABLE,
) -> None:
    """Show one hop, and what would wait behind it if it stayed down until the cutoff, legal entity by legal entity."""
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        row = answers.hop(settings, hop, *_stretch(at, over))
    if output is Output.JSON:
        print_json(row)
        return
    for line in _page(row):
        echo(line)
    print_table(
        [_outlook(one) for one in row["until_cutoff"]], _OUTLOOK_COLUMNS, "nothing waits, and nothing is known to"
    )


def _stretch(at: str | None, over: str) -> tuple[datetime, datetime]:
    until = instant_of("--at", at) if at else SystemClock().now()
    return until - duration_of("--over", over), until


def _cells(row: Row) -> dict[str, Any]:
    waiting = row["waiting"]
    is_call = row["kind"] == "call"
    return {
        "hop": row["hop"],
        "rate": _number(row["rate_per_minute"], "/min") if is_call else "",
        "errors": _share(row["error_rate"]) if is_call else "",
        **{name: _seconds(row[f"{name}_seconds"]) if is_call else "" for name in ("p50", "p95", "p99")},
        "backlog": "unknown" if row["backlog"] is None else row["backlog"],
        "parked": "" if row["parked"] is None else row["parked"],
        "waiting": _objects(waiting["objects"], waiting["alerting"]),
        "money": _money(waiting),
        "in all": _total(waiting["total"], waiting["currency"], waiting["unconverted"]),
    }


def _page(row: Row) -> Iterator[str]:
    yield row["name"]
    facts = {name: str(text) for name, text in _cells(row).items() if name != "hop" and text != ""}
    facts["since"] = row["waiting"]["oldest_at"] or "nothing waits"
    width = max(map(len, facts))
    yield from (f"  {name.ljust(width)}  {text}" for name, text in facts.items())
    yield "if it stays down until the cutoff"


def _outlook(row: Row) -> dict[str, Any]:
    now, expected, currency = row["waiting"], row["expected"], row["currency"]
    arrives = _total(expected["amount"], currency, expected["unconverted"])
    if expected["weeks"]:
        arrives += (
            f" ({expected['least'] or 'unknown'} to {expected['most'] or 'unknown'} in {expected['weeks']} weeks)"
        )
    return {
        "legal_entity": row["legal_entity"] or "unknown",
        "period": row["period"],
        "cutoff_at": row["cutoff_at"],
        "waiting now": _total(now["amount"], currency, now["unconverted"]),
        "arrives until then": arrives,
        "at the cutoff": "unknown" if row["at_cutoff"] is None else f"{row['at_cutoff']} {currency}",
        "sure": row["confidence"],
    }


def _objects(objects: int, alerting: int) -> str:
    return f"{objects}, {alerting} with an alert" if objects else "0"


def _money(waiting: Row) -> str:
    parts = [f"{one['amount']} {one['currency']}" for one in waiting["money"]]
    if waiting["unknown"]:
        parts.append(f"{waiting['unknown']} of unknown amount")
    return ", ".join(parts) or "none"


def _total(amount: str | None, currency: str, unconverted: int) -> str:
    total = "unknown" if amount is None else f"{amount} {currency}"
    return f"{total}, {unconverted} unknown" if unconverted and amount is not None else total


def _number(value: float | None, unit: str) -> str:
    return "unknown" if value is None else f"{value:.3g}{unit}"


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"


def _seconds(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value * 1000:.3g} ms" if value < 1 else format_duration(timedelta(seconds=round(value, 1)))
