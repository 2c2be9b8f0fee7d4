"""`milepost audit`: proves that the log of what people did is unbroken, and writes a period of it down."""

import csv
import io
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Any

import typer

from domain.clock import SystemClock
from domain.instants import EARLIEST, LATEST
from domain.spreadsheet import harmless
from milepost.answers.from_store import open_answers
from milepost.answers.protocol import Answers
from milepost.audit_rows import COLUMNS
from milepost.commands.options import Output, OutputOption, instant_of
from milepost.output import echo, print_json, problem
from milepost.settings import load_settings
from storage.audit import AuditPeriod

audit_app = typer.Typer(no_args_is_help=True, help="Verify and export the log of what people did.")
Row = dict[str, Any]


class ExportFormat(StrEnum):
    """What an export is written as."""

    JSON = "json"
    CSV = "csv"


@audit_app.command("verify")
def verify(
    head: Annotated[
        str | None, typer.Option(help="A head that an earlier run printed, as NUMBER:HASH: the log must hold it.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Prove that no entry was changed, removed, inserted or moved; exit code 1 where one was.

    A log whose end was cut off shows only against a head that was kept elsewhere.
    """
    with open_answers(load_settings(), SystemClock()) as answers:
        found = answers.audit_verification(head)
    if output is Output.JSON:
        print_json(found)
    else:
        _print_found(found)
    if found["flaws"]:
        raise typer.Exit(1)


@audit_app.command("export")
def export(
    since: Annotated[str | None, typer.Option("--from", help="Only entries from then on (RFC 3339).")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Only entries before then (RFC 3339).")] = None,
    format_: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.JSON,
) -> None:
    """Print the entries of a period in order, with their hashes."""
    period = AuditPeriod(
        instant_of("--from", since) if since else EARLIEST, instant_of("--to", until) if until else LATEST
    )
    with open_answers(load_settings(), SystemClock()) as answers:
        rows = _entries(answers, period)
        if format_ is ExportFormat.CSV:
            _print_csv(rows)
        else:
            print_json(list(rows))


def _print_found(found: Row) -> None:
    for flaw in found["flaws"]:
        problem(f"entry {flaw['number']}: {flaw['problem']}")
    unnamed = found["flaws_in_all"] - len(found["flaws"])
    if unnamed:
        problem(f"… and {unnamed} more")
    verdict = "broken" if found["flaws"] else "unbroken"
    echo(f"{found['entries']} entries, {verdict}; head {found['head']}")


def _entries(answers: Answers, period: AuditPeriod) -> Iterator[Row]:
    page = answers.audit_page(period, 0)
    while page:
        yield from page
        page = answers.audit_page(period, page[-1]["number"] + 1)


def _print_csv(rows: Iterable[Row]) -> None:
    line = io.StringIO()
    # A field that holds a character of the line's end is quoted.
    table = csv.writer(line, lineterminator="\r\n")
    for cells in (COLUMNS, *([harmless(str(row[name])) for name in COLUMNS] for row in rows)):
        table.writerow(cells)
        echo(line.getvalue().removesuffix("\r\n"))
        line.seek(0)
        line.truncate()
