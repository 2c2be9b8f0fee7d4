"""The `milepost` command: thin; every command parses its words, calls one function and prints.

Exit codes: 0 fine, 1 found something, 2 wrong use or bad configuration.
"""

import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from alerts.config import load_routing
from alerts.routing import matching_receivers, parse_labels
from collector.contract_definitions import load_contracts
from collector.files.drop_folder import DropFolder
from collector.files.formats import ACCEPTED, Format
from collector.files.ingestion import Ingestion, IngestSummary, Interrupted
from collector.files.items import checked_reading
from domain.clock import SystemClock
from domain.errors import MilepostError, UsageError
from milepost.alert_action_commands import alerts_ack, alerts_assign, alerts_comment, alerts_mark, alerts_unack
from milepost.alert_commands import alerts_history, alerts_receiver_test, alerts_show
from milepost.alert_handling import people_cell
from milepost.alert_page import muted_by
from milepost.answers import open_answers
from milepost.audit_commands import audit_app
from milepost.backtest_commands import rules_backtest
from milepost.calibration_commands import rules_calibration
from milepost.collection import collect_rarely
from milepost.command_options import LimitOption, Output, OutputOption, duration_of, instant_of
from milepost.contract_commands import (
    CONTRACT_COLUMNS,
    check_contracts,
    configured_uses,
    contract_cells,
    contract_rows,
)
from milepost.dead_letter_commands import dead_letters_app
from milepost.demo.run import DemoSettings, run_demo
from milepost.export.file_export import export_csv, export_ocel
from milepost.ingest_progress import shown_progress
from milepost.logs import configure_logging
from milepost.migration import bring_up_to_date
from milepost.output import echo, print_json, print_table, problem
from milepost.pull_commands import tell_pull
from milepost.rule_commands import check_rules, heard_types, rule_references, rules_schema, test_rules
from milepost.rule_version_commands import rules_migrate, rules_versions
from milepost.settings import load_settings
from milepost.silence_commands import silence_app
from milepost.source_commands import SOURCE_COLUMNS, check_sources, source_cells
from milepost.token_commands import tokens_app

# As much of an alert's id as webhooks give for its fingerprint; `milepost alerts show` takes it.
_ID_SHOWN = 16
_ALERT_COLUMNS = (
    "id",
    "state",
    "muted_by",
    "severity",
    "alert",
    "object_id",
    "amount",
    "currency",
    "deadline_at",
    "people",
    "reason",
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
rules_app = typer.Typer(no_args_is_help=True, help="Check and test rule definitions.")
contracts_app = typer.Typer(no_args_is_help=True, help="Check and show the contracts of event types.")
alerts_app = typer.Typer(no_args_is_help=True, help="Look at alerts, act on them, and see how they are routed.")
sources_app = typer.Typer(no_args_is_help=True, help="Look at sources, and check how vendors' webhooks are read.")
export_app = typer.Typer(no_args_is_help=True, help="Write stored events to files for other tools.")
app.add_typer(rules_app, name="rules")
app.add_typer(contracts_app, name="contracts")
app.add_typer(alerts_app, name="alerts")
alerts_app.add_typer(silence_app, name="silence")
app.add_typer(sources_app, name="sources")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(export_app, name="export")
app.add_typer(tokens_app, name="tokens")
app.add_typer(audit_app, name="audit")


@app.command()
def up(demo: Annotated[bool, typer.Option("--demo", help="Also send the demo company's traffic.")] = False) -> None:
    """Run everything in one process: collector, rules, alerts and console."""
    # Only here: the console's framework takes a second to import.
    from milepost.service import Service

    settings = load_settings()
    configure_logging(settings.log)
    stop = _stop_on_signals()
    service = Service(settings, SystemClock(), echo, demo=demo)
    try:
        service.start()
        stop.wait()
        echo("stopping: storing what was acknowledged")
    finally:
        service.stop()


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
    settings, stop = load_settings(), _stop_on_signals()
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
    stop = _stop_on_signals()
    target = endpoint or f"http://{settings.host}:{settings.collector_port}"
    run_demo(DemoSettings(target, seed=seed, days=days, rate=rate, token=settings.token), SystemClock(), stop, echo)


@app.command()
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be applied.")] = False,
) -> None:
    """Bring the store's schema to this program's."""
    names = bring_up_to_date(load_settings().store, SystemClock().now(), dry_run=dry_run)
    for name in names:
        echo(f"{'would apply' if dry_run else 'applied'} {name}")
    if not names:
        echo("the schema is up to date")


@rules_app.command("check")
def rules_check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Rule files or folders.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings make the check fail.")] = False,
) -> None:
    """Find every error in rule definitions, with file, line and column, and warn of what can hardly be meant."""
    settings = load_settings()
    outcome = check_rules(paths or [settings.rules_path], rule_references(settings), heard_types(settings))
    for warning in outcome.warnings:
        problem(f"warning: {warning}")
    echo(outcome.text)
    if strict and outcome.warnings:
        raise typer.Exit(1)


@rules_app.command("test")
def rules_test(paths: Annotated[list[Path] | None, typer.Argument(help="Rule files or folders.")] = None) -> None:
    """Run the tests beside rule definitions."""
    settings = load_settings()
    outcome = test_rules(paths or [settings.rules_path], rule_references(settings))
    echo(outcome.text)
    if not outcome.passed:
        raise typer.Exit(1)


rules_app.command("backtest")(rules_backtest)
rules_app.command("calibration")(rules_calibration)
rules_app.command("schema")(rules_schema)
rules_app.command("versions")(rules_versions)
rules_app.command("migrate")(rules_migrate)
alerts_app.command("history")(alerts_history)
alerts_app.command("show")(alerts_show)
alerts_app.command("ack")(alerts_ack)
alerts_app.command("unack")(alerts_unack)
alerts_app.command("assign")(alerts_assign)
alerts_app.command("comment")(alerts_comment)
alerts_app.command("mark")(alerts_mark)
alerts_app.command("receiver-test")(alerts_receiver_test)


@contracts_app.command("check")
def contracts_check(
    folder: Annotated[Path | None, typer.Argument(help="A folder of contracts; the configured one by default.")] = None,
    against: Annotated[
        str | None, typer.Option(help="A git revision; a change that breaks what held there is refused.")
    ] = None,
) -> None:
    """Find every error in contracts, every breaking change since a git revision, and sources that none knows."""
    settings = load_settings()
    outcome = check_contracts(folder or settings.contracts_path, against, configured_uses(settings))
    echo(outcome.text)
    if not outcome.passed:
        raise typer.Exit(1)


@contracts_app.command("list")
def contracts_list(
    folder: Annotated[Path | None, typer.Argument(help="A folder of contracts; the configured one by default.")] = None,
    output: OutputOption = Output.TABLE,
    json_: Annotated[bool, typer.Option("--json", help="The same as --output json.")] = False,
) -> None:
    """Show what is agreed of each event type: who owns it, whose word counts, and after how long one is silent."""
    rows = contract_rows(load_contracts(folder or load_settings().contracts_path).contracts)
    if json_ or output is Output.JSON:
        print_json(rows)
    else:
        print_table(contract_cells(rows), CONTRACT_COLUMNS, "no event types have a contract")


@sources_app.command("check")
def sources_check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Definition files or folders of them.")] = None,
) -> None:
    """Find every error in source definitions and run the samples beside them."""
    settings = load_settings()
    outcome = check_sources(paths or settings.sources_paths, settings.contracts_path)
    echo(outcome.text)
    if not outcome.passed:
        raise typer.Exit(1)


@sources_app.command("list")
def sources_list(
    window: Annotated[str, typer.Option(help="Counts and lag of events received in this long, such as 1h.")] = "1h",
    output: OutputOption = Output.TABLE,
) -> None:
    """Show when each source last spoke, how late and how much it sends, and which are silent by their contracts."""
    length = duration_of("--window", window)
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        rows = answers.sources(settings, length)
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table(source_cells(rows), SOURCE_COLUMNS, "no source has spoken, and no contract names one")


@alerts_app.command("list")
def alerts_list(
    state: Annotated[str | None, typer.Option(help="Only alerts in this state, such as firing.")] = None,
    limit: LimitOption = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show alerts as they stand, the newest first."""
    with open_answers(load_settings(), SystemClock()) as answers:
        rows = answers.alerts(state, limit)
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table([{**row, **_shown(row)} for row in rows], _ALERT_COLUMNS, "no alerts")


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    muted = ", ".join(map(muted_by, row["muted_by"]))
    return {"id": row["alert_id"][:_ID_SHOWN], "muted_by": muted, "people": people_cell(row)}


@alerts_app.command("route-test")
def alerts_route_test(
    labels: Annotated[list[str] | None, typer.Argument(help="The labels of an alert, as LABEL=VALUE.")] = None,
    routing: Annotated[Path | None, typer.Option(help="The routing file; the configured one by default.")] = None,
) -> None:
    """Print the receivers that an alert with these labels reaches."""
    path = routing or load_settings().routing_path
    echo(",".join(matching_receivers(load_routing(path), parse_labels(labels or []))))


def _stop_on_signals() -> threading.Event:
    """Set by the first SIGINT or SIGTERM, to stop in order; a second one ends the process at once."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def begin(*_: object) -> None:
        stop.set()
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)

    for number in numbers:
        signal.signal(number, begin)
    return stop


def main() -> None:
    """Runs the command line; a user's mistake ends in a sentence and exit code 2."""
    try:
        app()
    except MilepostError as error:
        problem(str(error))
        sys.exit(2)
