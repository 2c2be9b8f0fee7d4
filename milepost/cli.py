"""The `milepost` command: thin; every command parses its words, calls one function and prints.

Exit codes: 0 fine, 1 found something, 2 wrong use or bad configuration.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from collector.contract_definitions import load_contracts
from collector.files.drop_folder import DropFolder
from collector.files.formats import ACCEPTED, Format
from collector.files.ingestion import Ingestion, IngestSummary, Interrupted
from collector.files.items import checked_reading
from domain.clock import SystemClock
from domain.errors import MilepostError, UsageError
from milepost.answers.from_store import open_answers
from milepost.collection import collect_rarely
from milepost.commands.alerts import alerts_app
from milepost.commands.audit import audit_app
from milepost.commands.backup import backup, restore
from milepost.commands.close import close_app
from milepost.commands.contracts import contracts_app
from milepost.commands.dead_letters import dead_letters_app
from milepost.commands.flow import flow
from milepost.commands.hops import hops_app
from milepost.commands.incidents import incidents_app
from milepost.commands.interventions import interventions_app
from milepost.commands.kpi import kpi_app
from milepost.commands.options import Output, OutputOption, instant_of
from milepost.commands.pulls import tell_pull
from milepost.commands.roles import roles_app, stop_on_signals
from milepost.commands.rules import rules_app
from milepost.commands.sources import sources_app
from milepost.commands.tokens import tokens_app
from milepost.demo.run import DemoSettings, run_demo
from milepost.export.file_export import export_csv, export_ocel
from milepost.ingest_progress import shown_progress
from milepost.migration import bring_up_to_date, foreseen_statements
from milepost.output import echo, print_json, print_table, problem
from milepost.settings import load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
export_app = typer.Typer(no_args_is_help=True, help="Write stored events to files for other tools.")
app.add_typer(roles_app)
app.add_typer(rules_app, name="rules")
app.add_typer(contracts_app, name="contracts")
app.add_typer(alerts_app, name="alerts")
app.add_typer(incidents_app, name="incidents")
app.add_typer(close_app, name="close")
app.add_typer(interventions_app, name="interventions")
app.add_typer(sources_app, name="sources")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(export_app, name="export")
app.add_typer(tokens_app, name="tokens")
app.add_typer(audit_app, name="audit")
app.add_typer(hops_app, name="hops")
app.add_typer(kpi_app, name="kpi")
app.command()(flow)
app.command()(backup)
app.command()(restore)


@app.command()
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help=f"Files: {ACCEPTED}.")] = None,
    format_: Annotated[
        Format | None, typer.Option("--format", help="What the files are; else found out by content and name.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="For CSV: the file that says which columns make an event.")
    ] = None,
    object_type: Annotated[str, typer.Option(help="For XES: what the traces are, such as order.")] = "case",
    source: Annotated[str, typer.Option(help="The source of events whose file names none.")] = "",
    watch: Annotated[Path | None, typer.Option(help="Follow this folder: take what is put there.")] = None,
) -> None:
    """Take files through the collector's door; twice changes nothing, and a run goes on where it stopped."""
    if not paths and not watch:
        raise UsageError("give files to ingest, or a folder to follow with --watch")
    reading = checked_reading(source, object_type, mapping)
    settings, stop = load_settings(), stop_on_signals()
    summary = IngestSummary()
    with open_answers(settings, SystemClock()) as answers:
        ingestion = Ingestion(answers.door(settings), answers.checkpoints(), reading, format_, is_stopped=stop.is_set)
        collect_rarely()
        if paths:
            _ingest_files(paths, ingestion, summary)
        if watch:
            DropFolder(watch, ingestion, SystemClock(), echo).follow(stop)
        answers.correlate(settings)
    if summary.rejected:
        raise typer.Exit(1)


@app.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Names of pulls; all by default.")] = None,
) -> None:
    """Take what is new in databases, buckets and files, by the definitions in MILEPOST_CONFIG/pulls."""
    settings, passed = load_settings(), True
    with open_answers(settings, SystemClock()) as answers:
        for row in answers.pull(settings, names or []):
            passed = tell_pull(row) and passed
        answers.correlate(settings)
    if not passed:
        raise typer.Exit(1)


def _ingest_files(paths: list[Path], ingestion: Ingestion, summary: IngestSummary) -> None:
    with shown_progress() as progress:
        try:
            replace(ingestion, progress=progress).take(paths, summary)
        except Interrupted:
            raise UsageError(f"{summary}; interrupted: the same command goes on from here") from None
    for line in summary.problems:
        problem(line)
    if summary.rejected > len(summary.problems):
        problem(f"… and {summary.rejected - len(summary.problems)} more; `milepost dead-letters list` shows them")
    echo(str(summary))


@export_app.command("ocel")
def export_ocel_command(
    path: Annotated[Path, typer.Argument(help="The file to write: .json, .xml or .sqlite says as what.")],
) -> None:
    """Write all stored events as an OCEL 2.0 log."""
    with open_answers(load_settings(), SystemClock()) as answers:
        echo(f"{export_ocel(answers, path)} events in {path}")


@export_app.command("csv")
def export_csv_command(path: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write all stored events as a table, safe to open in a spreadsheet."""
    with open_answers(load_settings(), SystemClock()) as answers:
        echo(f"{export_csv(answers, path)} events in {path}")


@app.command()
def evaluate(
    at: Annotated[str, typer.Option(help="The instant to ask about, in business time (RFC 3339).")],
    known_at: Annotated[str | None, typer.Option(help="Only what had been received by this instant.")] = None,
    rules: Annotated[
        Path | None, typer.Option(help="A rule file or a folder of them; the running ones by default.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say which alerts stand at an instant; writes nothing."""
    settings = load_settings()
    instant, known = instant_of("--at", at), instant_of("--known-at", known_at) if known_at else None
    contracts = load_contracts(settings.contracts_path).contracts
    with open_answers(settings, SystemClock()) as answers:
        rows = answers.evaluation(
            rules or settings.rules_path,
            settings.calendars_path,
            contracts,
            instant,
            known,
            configured=rules is None,
        )
    if output is Output.JSON:
        print_json(rows)
    else:
        columns = ("alert", "object_type", "object_id", "state", "severity", "deadline_at", "amount", "currency")
        print_table(rows, columns, "no alerts at that instant")


@app.command()
def demo(
    rate: Annotated[int, typer.Option(help="Live orders a minute.")] = 20,
    seed: Annotated[int, typer.Option(help="The same seed and day give the same company.")] = 7,
    days: Annotated[int, typer.Option(help="Days of history to send first.")] = 30,
    endpoint: Annotated[
        str | None, typer.Option(help="The collector to send to; the configured one by default.")
    ] = None,
) -> None:
    """Send the demo company's traffic to a running collector: history first, then live until interrupted."""
    settings = load_settings()
    stop = stop_on_signals()
    target = endpoint or f"http://{settings.host}:{settings.collector_port}"
    run_demo(DemoSettings(target, seed=seed, days=days, rate=rate, token=settings.token), SystemClock(), stop, echo)


@app.command()
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be applied, with its SQL.")] = False,
) -> None:
    """Bring the store's schema to this program's."""
    settings = load_settings()
    names = bring_up_to_date(settings.store, SystemClock().now(), dry_run=dry_run, cluster=settings.cluster)
    foreseen = foreseen_statements(settings.store, names, settings.cluster) if dry_run else {}
    for name in names:
        echo(f"{'would apply' if dry_run else 'applied'} {name}")
        for statement in foreseen.get(name, ()):
            echo(statement.rstrip() + "\n")
    if not names:
        echo("the schema is up to date")


def main() -> None:
    """Runs the command line; a user's mistake ends in a sentence and exit code 2."""
    try:
        app()
    except MilepostError as error:
        problem(str(error))
        sys.exit(2)
