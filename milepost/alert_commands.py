"""`milepost alerts show`, `history`, `receiver-test`: why an alert stands, how it came to that, who hears of it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from alerts.config import load_routing
from alerts.config_parts import Surroundings
from alerts.receiver_trial import try_receiver
from domain.business_object import BusinessObject
from domain.clock import SystemClock
from domain.errors import UsageError
from domain.instants import EARLIEST, LATEST
from milepost.alert_page import alert_page
from milepost.answers import open_answers
from milepost.command_options import LimitOption, Output, OutputOption, instant_of
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings
from storage.alert_history import AlertFilter

_COLUMNS = ("known_at", "alert", "object_type", "object_id", "state", "severity", "changed_at", "amount", "currency")


def alerts_history(
    alert: Annotated[str, typer.Option(help="Only alerts of this rule.")] = "",
    business_object: Annotated[
        str | None, typer.Option("--object", help="Only alerts of this object, as type/id.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="Only what became known from then on (RFC 3339).")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Only what became known before then (RFC 3339).")] = None,
    limit: LimitOption = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show every change of alerts as it was stored, the newest first."""
    asked = AlertFilter(
        alert=alert,
        business_object=_object_of(business_object) if business_object is not None else None,
        since=instant_of("--from", since) if since else EARLIEST,
        until=instant_of("--to", until) if until else LATEST,
    )
    with open_answers(load_settings(), SystemClock()) as answers:
        rows = answers.alert_history(asked, limit)
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table([*rows], (*_COLUMNS, "reason"), "no changes of alerts")


def alerts_show(
    alert_id: Annotated[str, typer.Argument(help="An alert's id, or enough of its beginning.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Show one alert with everything that explains it: events, window, pauses, the hop that failed, the dead letter."""
    with open_answers(load_settings(), SystemClock()) as answers:
        row = answers.alert(alert_id)
    if output is Output.JSON:
        print_json(row)
    else:
        for line in alert_page(row):
            echo(line)


def alerts_receiver_test(
    name: Annotated[str, typer.Argument(help="The receiver, as the routing file names it.")],
    routing: Annotated[Path | None, typer.Option(help="The routing file; the configured one by default.")] = None,
) -> None:
    """Send a message marked as a test to every integration of a receiver, and its end; exit code 1 if one fails."""
    settings = load_settings()
    config = load_routing(routing or settings.routing_path)
    surroundings = Surroundings(f"http://{settings.host}:{settings.console_port}", os.environ)
    failed = False
    for trial in try_receiver(config, name, surroundings, SystemClock().now()):
        failed |= bool(trial.error)
        echo(f"{trial.integration} {trial.message}: {trial.error or 'taken'}")
    if failed:
        raise typer.Exit(1)


def _object_of(text: str) -> BusinessObject:
    try:
        return BusinessObject.parse(text)
    except ValueError as error:
        raise UsageError(f"--object: {error}") from None
