"""`milepost alerts`: what stands and why, how it came to that, who hears of it, and what people do about it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from alerts.config import load_routing
from alerts.config_parts import Surroundings
from alerts.receiver_trial import try_receiver
from alerts.routing import matching_receivers, parse_labels
from domain.business_object import BusinessObject
from domain.clock import SystemClock
from domain.errors import UsageError
from domain.instants import EARLIEST, LATEST
from milepost.alert_handling import people_cell
from milepost.alert_page import alert_page, muted_by
from milepost.answers.from_store import open_answers
from milepost.commands.alert_actions import (
    alerts_accept,
    alerts_ack,
    alerts_assign,
    alerts_comment,
    alerts_escalate,
    alerts_mark,
    alerts_request_replay,
    alerts_snooze,
    alerts_unack,
)
from milepost.commands.escalation import alerts_digest, alerts_escalation
from milepost.commands.options import LimitOption, Output, OutputOption, instant_of
from milepost.commands.silences import silence_app
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings
from storage.alert_history import AlertFilter

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
_CHANGE_COLUMNS = (
    "known_at",
    "alert",
    "object_type",
    "object_id",
    "state",
    "severity",
    "changed_at",
    "amount",
    "currency",
)


alerts_app = typer.Typer(no_args_is_help=True, help="Look at alerts, act on them, and see how they are routed.")
alerts_app.add_typer(silence_app, name="silence")
alerts_app.command("ack")(alerts_ack)
alerts_app.command("unack")(alerts_unack)
alerts_app.command("snooze")(alerts_snooze)
alerts_app.command("escalate")(alerts_escalate)
alerts_app.command("escalation")(alerts_escalation)
alerts_app.command("digest")(alerts_digest)
alerts_app.command("assign")(alerts_assign)
alerts_app.command("comment")(alerts_comment)
alerts_app.command("request-replay")(alerts_request_replay)
alerts_app.command("accept")(alerts_accept)
alerts_app.command("mark")(alerts_mark)


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


@alerts_app.command("history")
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
        print_table([*rows], (*_CHANGE_COLUMNS, "reason"), "no changes of alerts")


@alerts_app.command("show")
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


@alerts_app.command("receiver-test")
def alerts_receiver_test(
    name: Annotated[str, typer.Argument(help="The receiver, as the routing file names it.")],
    routing: Annotated[Path | None, typer.Option(help="The routing file; the configured one by default.")] = None,
) -> None:
    """Send a message marked as a test to every integration of a receiver, and its end; exit code 1 if one fails."""
    settings = load_settings()
    config = load_routing(routing or settings.routing_path)
    console_url = settings.console_url or f"http://{settings.host}:{settings.console_port}"
    surroundings = Surroundings(console_url, os.environ)
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
