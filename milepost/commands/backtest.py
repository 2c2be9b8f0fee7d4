"""`milepost rules backtest`: what rules would have told in a stretch of the stored history."""

import contextlib
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from collector.contract_definitions import load_contracts
from domain.clock import SystemClock
from domain.duration import format_duration
from milepost.answers.from_store import open_answers
from milepost.backtest_wish import BacktestWish, unseen
from milepost.commands.options import Output, OutputOption, instant_of
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings
from rules.replay import By, Progress

Row = dict[str, Any]
_COLUMNS = (
    *("alert", "started", "fired", "firing_at_end", "resolved", "retracted", "at_risk", "averted", "suspended"),
    *("precision", "pages_per_week", "money", "money_unknown", "resolution", "warning"),
)
_COMPARED = ("alert", "both", "only_running", "only_candidate", "fires_otherwise", "other_severity")


def rules_backtest(
    since: Annotated[str, typer.Option("--from", help="The first instant of the stretch (RFC 3339).")],
    until: Annotated[str, typer.Option("--to", help="The instant before which the stretch ends (RFC 3339).")],
    candidate: Annotated[
        Path | None,
        typer.Option(help="A rule file, or a folder of them, to compare with the running rules of the same names."),
    ] = None,
    by: Annotated[
        By,
        typer.Option(help="When an event counts as known; imported history was received in one go: by occurrence."),
    ] = By.RECEIPT,
    rules: Annotated[
        Path | None, typer.Option(help="A rule file or a folder of them; the running ones by default.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Replay stored history: what would have fired, how often it pages, how much money it concerns, how early."""
    settings = load_settings()
    wish = BacktestWish(
        rules=rules or settings.rules_path,
        candidate=candidate,
        calendars=settings.calendars_path,
        since=instant_of("--from", since),
        until=instant_of("--to", until),
        by=by,
        configured=rules is None,
    )
    contracts = load_contracts(settings.contracts_path).contracts
    with open_answers(settings, SystemClock()) as answers, _shown_progress() as progress:
        report = answers.backtest(wish, contracts, progress)
    if output is Output.JSON:
        print_json(report)
    else:
        _print_report(report)


def _print_report(report: Row) -> None:
    echo(f"from {report['from']} to {report['to']}, events known by {report['by']}")
    for name in ("running", "candidate"):
        if side := report[name]:
            echo(f"\n{name} rules")
            rows = [_cells(row) for row in side["rules"]]
            print_table([*rows, {**_cells(side["total"]), "alert": "all", "started": ""}], _COLUMNS, "no rules")
            _print_overrides(side["rules"])
            _print_unanswered(side["unanswered"])
    if comparison := report["comparison"]:
        echo("\nthe candidate beside the running rules: alerts that fire under")
        print_table([*comparison["rules"], {**comparison["total"], "alert": "all"}], _COMPARED, "no rules")
        _print_examples(comparison["rules"])


def _print_overrides(rules: list[Row]) -> None:
    rows = [{"alert": row["alert"], **override} for row in rules for override in row["overrides"]]
    if rows:
        echo("")
        print_table(rows, ("alert", "where", "within", "applied"), "")


def _print_unanswered(unanswered: list[Row]) -> None:
    if unanswered:
        echo("")
    for row in unanswered:
        told = "not all is known" if row["replayed"] else "not replayed"
        echo(f"{row['alert']}: {told}, {row['reason']}")


def _print_examples(rules: list[Row]) -> None:
    for title, key in (
        ("only the candidate", "only_candidate_examples"),
        ("only the running", "only_running_examples"),
    ):
        for row in rules:
            for place in row[key]:
                echo(f"{title}: {row['alert']} {_place(place)}")
    for row in rules:
        for pair in row["changed_examples"]:
            echo(f"changed: {row['alert']} {_place(pair['running'])}; candidate {_place(pair['candidate'])}")


def _place(place: Row) -> str:
    return f"{place['object_type']}/{place['object_id']} at {place['fired_at']} ({place['severity']})"


def _cells(row: Row) -> Row:
    pages = ", ".join(f"{severity} {count:g}" for severity, count in row["pages_per_week"].items())
    money = ", ".join(f"{sum_['amount']} {sum_['currency']}" for sum_ in row["money"])
    spreads = {name: _spread(row[f"{name}_seconds"]) for name in ("resolution", "warning")}
    marked = row["useful"] + row["noise"]
    precision = f"{row['precision']:.0%} of {marked}" if marked else None
    # No clocks are started by what judges no single object: that is nothing, and not unknown.
    started = "" if row.get("started") is None else row["started"]
    return {
        **row,
        "started": started,
        "precision": precision,
        "pages_per_week": pages or "none",
        "money": money or "none",
        **spreads,
    }


def _spread(spread: Row | None) -> str:
    if spread is None:
        return ""
    p50, p90 = (format_duration(timedelta(seconds=spread[name])) for name in ("p50", "p90"))
    return f"{p50}, p90 {p90}"


@contextlib.contextmanager
def _shown_progress() -> Iterator[Progress]:
    """A bar on standard error where it is a terminal; without a word on how far it is, it only moves."""
    if not sys.stderr.isatty():
        yield unseen
        return
    columns = (TextColumn("replaying"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=None)

        def advance(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield advance
