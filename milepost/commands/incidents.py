"""`milepost incidents`: the failing hops that alerts wait behind, what waits, and who looks after it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from domain.clock import SystemClock
from milepost.alert_handling import AcknowledgeWish
from milepost.answers.from_store import open_answers
from milepost.commands.alert_actions import ByOption, CommentOption
from milepost.commands.options import LimitOption, Output, OutputOption, user_name
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings

# As much of an incident's id as tables show; the other commands take it.
_ID_SHOWN = 16
_COLUMNS = ("id", "state", "hop", "error", "waiting", "money", "severity", "first_seen_at", "ended")
_ALERT_COLUMNS = ("id", "state", "severity", "alert", "object", "amount", "currency", "deadline_at")
Row = Mapping[str, Any]

incidents_app = typer.Typer(no_args_is_help=True, help="Look at what holds many alerts up, and say who sees to it.")
IncidentArgument = Annotated[str, typer.Argument(help="An incident's id, or enough of its beginning.", metavar="ID")]


@incidents_app.command("list")
def incidents_list(
    state: Annotated[str | None, typer.Option(help="Only incidents in this state: open or over.")] = None,
    limit: LimitOption = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show incidents with what waits behind each, those that are open first."""
    with open_answers(load_settings(), SystemClock()) as answers:
        rows = answers.incidents([state] if state else [], limit)
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table([_shown(row) for row in rows], _COLUMNS, "no incidents")


@incidents_app.command("show")
def incidents_show(incident: IncidentArgument, limit: LimitOption = 100, output: OutputOption = Output.TABLE) -> None:
    """Show one incident and its alerts, the longest overdue first."""
    with open_answers(load_settings(), SystemClock()) as answers:
        row = answers.incident(incident, limit)
    if output is Output.JSON:
        print_json(row)
        return
    for line in _page(row):
        echo(line)
    print_table([_alert(alert) for alert in row["alerts"]], _ALERT_COLUMNS, "no alerts")
    rest = row["firing"] + row["over"] - len(row["alerts"])
    if rest > 0:
        echo(f"… and {rest} more; --limit shows them")


@incidents_app.command("ack")
def incidents_ack(incident: IncidentArgument, by: ByOption = "", comment: CommentOption = "") -> None:
    """Say that somebody looks after an incident: no reminders are sent of what fires in it now."""
    wish = AcknowledgeWish(by=by or user_name(), comment=comment)
    with open_answers(load_settings(), SystemClock()) as answers:
        done = answers.acknowledge_incident(incident, wish)
    echo(f"{done['incident_id']}: {done['acknowledged']} alerts acknowledged")


def _page(row: Row) -> Iterator[str]:
    facts = {
        "incident": row["incident_id"],
        "state": row["state"] if row["ended_at"] is None else f"over since {row['ended_at']}",
        "error": row["error"],
        "pattern": row["pattern"],
        "first seen": row["first_seen_at"],
        "waiting": _waiting(row),
        "money": _money(row),
        "severity": row["severity"] or "unknown",
        "deadline": row["deadline_at"] or "unknown",
        "alerts": f"{row['firing']} firing, {row['over']} over",
    }
    width = max(map(len, facts))
    yield _printable(_hop(row))
    yield from (_printable(f"  {name.ljust(width)}  {text}") for name, text in facts.items())


def _shown(row: Row) -> dict[str, Any]:
    return {
        **row,
        "id": row["incident_id"][:_ID_SHOWN],
        "hop": _hop(row),
        "waiting": _waiting(row),
        "money": _money(row),
        "ended": row["ended_at"] or "",
    }


def _alert(row: Row) -> dict[str, Any]:
    return {**row, "id": row["alert_id"][:_ID_SHOWN], "object": f"{row['object_type']}/{row['object_id']}"}


def _hop(row: Row) -> str:
    return " ".join(part for part in (row["service"], row["operation"]) if part) or "an unnamed hop"


def _waiting(row: Row) -> str:
    return ", ".join(f"{one['count']} {one['type']}" for one in row["objects"]) or "nothing"


def _money(row: Row) -> str:
    parts = [f"{one['amount']} {one['currency']}" for one in row["money"]]
    if row["money_unknown"]:
        parts.append(f"{row['money_unknown']} of unknown amount")
    return ", ".join(parts) or "none"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)
