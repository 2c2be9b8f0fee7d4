"""The `milepost` command: thin; every command parses its words, calls one function and prints.

Exit codes: 0 fine, 1 found something, 2 wrong use or bad configuration.
"""

import signal
import sys
import threading
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from alerts.config import load_routing
from alerts.routing import matching_receivers, parse_labels
from collector.receivers.files import IngestSummary, ingest_files
from domain.clock import SystemClock
from domain.errors import MilepostError, UsageError
from domain.instants import parse_instant
from milepost.answers import open_answers
from milepost.contract_commands import check_contracts
from milepost.demo.run import DemoSettings, run_demo
from milepost.logs import configure_logging
from milepost.migration import bring_up_to_date
from milepost.output import echo, print_json, print_table, problem
from milepost.rule_commands import check_rules, test_rules
from milepost.settings import load_settings
from milepost.source_commands import check_sources

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
rules_app = typer.Typer(no_args_is_help=True, help="Check and test rule definitions.")
contracts_app = typer.Typer(no_args_is_help=True, help="Check the contracts of event types.")
alerts_app = typer.Typer(no_args_is_help=True, help="Look at alerts and how they are routed.")
sources_app = typer.Typer(no_args_is_help=True, help="Check how vendors' webhooks are read.")
dead_letters_app = typer.Typer(no_args_is_help=True, help="Look at inputs that could not be taken.")
app.add_typer(rules_app, name="rules")
app.add_typer(contracts_app, name="contracts")
app.add_typer(alerts_app, name="alerts")
app.add_typer(sources_app, name="sources")
app.add_typer(dead_letters_app, name="dead-letters")


class Output(StrEnum):
    """How a command prints what it found."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", help="A table to read or JSON to process.")]
LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help="How many rows at most, newest first.")]


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
def ingest(paths: Annotated[list[Path], typer.Argument(help="CloudEvents as JSON or NDJSON, plain or .gz.")]) -> None:
    """Take files of CloudEvents through the collector's door; ingesting one twice changes nothing."""
    settings = load_settings()
    with open_answers(settings, SystemClock()) as answers:
        summary = ingest_files(paths, answers.door(settings), _ingest_progress)
        answers.correlate(settings)
    if sys.stderr.isatty():
        echo("", err=True)
    for line in summary.problems:
        problem(line)
    if summary.rejected > len(summary.problems):
        problem(f"… and {summary.rejected - len(summary.problems)} more; `milepost dead-letters list` shows them")
    echo(f"{summary.accepted} accepted, {summary.duplicates} duplicates, {summary.rejected} rejected")
    if summary.rejected:
        raise typer.Exit(1)


def _ingest_progress(path: Path, summary: IngestSummary) -> None:
    if sys.stderr.isatty():
        done = summary.accepted + summary.duplicates + summary.rejected
        sys.stderr.write(f"\r{path.name}: {done:,} events")
        sys.stderr.flush()


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
    instant, known = _instant("--at", at), _instant("--known-at", known_at) if known_at else None
    with open_answers(settings, SystemClock()) as answers:
        rows = answers.evaluation(rules or settings.rules_path, settings.calendars_path, instant, known)
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
    run_demo(DemoSettings(target, seed=seed, days=days, rate=rate), SystemClock(), stop, echo)


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
def rules_check(paths: Annotated[list[Path] | None, typer.Argument(help="Rule files or folders.")] = None) -> None:
    """Find every error in rule definitions, with file, line and column."""
    settings = load_settings()
    echo(check_rules(paths or [settings.rules_path], settings.calendars_path))


@rules_app.command("test")
def rules_test(paths: Annotated[list[Path] | None, typer.Argument(help="Rule files or folders.")] = None) -> None:
    """Run the tests beside rule definitions."""
    settings = load_settings()
    outcome = test_rules(paths or [settings.rules_path], settings.calendars_path)
    echo(outcome.text)
    if not outcome.passed:
        raise typer.Exit(1)


@contracts_app.command("check")
def contracts_check(
    folder: Annotated[Path | None, typer.Argument(help="A folder of contracts; the configured one by default.")] = None,
    against: Annotated[
        str | None, typer.Option(help="A git revision; a change that breaks what held there is refused.")
    ] = None,
) -> None:
    """Find every error in contracts, and every breaking change since a git revision."""
    outcome = check_contracts(folder or load_settings().contracts_path, against)
    echo(outcome.text)
    if not outcome.passed:
        raise typer.Exit(1)


@sources_app.command("check")
def sources_check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Definition files or folders of them.")] = None,
) -> None:
    """Find every error in source definitions and run the samples beside them."""
    outcome = check_sources(paths or load_settings().sources_paths)
    echo(outcome.text)
    if not outcome.passed:
        raise typer.Exit(1)


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
        columns = ("state", "severity", "alert", "object_id", "amount", "currency", "deadline_at", "reason")
        print_table(rows, columns, "no alerts")


@alerts_app.command("route-test")
def alerts_route_test(
    labels: Annotated[list[str] | None, typer.Argument(help="The labels of an alert, as LABEL=VALUE.")] = None,
    routing: Annotated[Path | None, typer.Option(help="The routing file; the configured one by default.")] = None,
) -> None:
    """Print the receivers that an alert with these labels reaches."""
    path = routing or load_settings().routing_path
    echo(",".join(matching_receivers(load_routing(path), parse_labels(labels or []))))


@dead_letters_app.command("list")
def dead_letters_list(limit: LimitOption = 100, output: OutputOption = Output.TABLE) -> None:
    """Show inputs that could not be taken, the newest first."""
    with open_answers(load_settings(), SystemClock()) as answers:
        rows = answers.dead_letters(limit)
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table(
            rows,
            ("dead_letter_id", "received_at", "channel", "code", "source", "event_id", "reason"),
            "no dead letters",
        )


@dead_letters_app.command("show")
def dead_letters_show(dead_letter_id: str) -> None:
    """Show one dead letter whole, its body in base64."""
    with open_answers(load_settings(), SystemClock()) as answers:
        print_json(answers.dead_letter(dead_letter_id))


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


def _instant(option: str, text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def main() -> None:
    """Runs the command line; a user's mistake ends in a sentence and exit code 2."""
    try:
        app()
    except MilepostError as error:
        problem(str(error))
        sys.exit(2)
