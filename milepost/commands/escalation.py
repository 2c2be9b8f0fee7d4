"""`milepost alerts escalation` and `digest`: who is called when nobody acknowledges, and what finance is sent daily."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from alerts.messages.digest_message import COLUMNS, digest_csv
from domain.clock import SystemClock
from milepost.answers.from_store import open_answers
from milepost.commands.options import Output, OutputOption, instant_of
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings

Answer = Mapping[str, Any]
AtOption = Annotated[str | None, typer.Option("--at", help="At which instant (RFC 3339); now by default.")]
_STEP_COLUMNS = ("policy", "step", "after", "tells", "on_call", "until", "next", "next_until")
_UPCOMING_COLUMNS = ("round", "step", "at", "receivers")


class DigestOutput(StrEnum):
    """How a digest is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def alerts_escalation(
    policy: Annotated[str | None, typer.Argument(help="An escalation policy; all by default.")] = None,
    alert: Annotated[
        str | None,
        typer.Option("--alert", help="An alert's id, or enough of its beginning: how far its escalation is."),
    ] = None,
    at: AtOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show who is on call now and next, or how far the escalation of an alert is and who is called next."""
    instant = instant_of("--at", at) if at else None
    with open_answers(load_settings(), SystemClock()) as answers:
        answer: Any = (
            answers.escalation_of_alert(alert, instant)
            if alert is not None
            else answers.escalation_policies(policy, instant)
        )
    if output is Output.JSON:
        print_json(answer)
    elif alert is not None:
        _print_alert(answer)
    else:
        rows = [row for one in answer for row in _step_rows(one)]
        print_table(rows, _STEP_COLUMNS, "no escalation policies in the routing file")


def alerts_digest(
    name: Annotated[str, typer.Argument(help="The digest, as the routing file names it.")],
    at: AtOption = None,
    output: Annotated[
        DigestOutput, typer.Option("--output", help="A table to read, JSON or CSV.")
    ] = DigestOutput.TABLE,
) -> None:
    """Print what a digest would tell if it were sent now, or at another instant; sends nothing."""
    instant = instant_of("--at", at) if at else None
    with open_answers(load_settings(), SystemClock()) as answers:
        answer = answers.digest(name, instant)
    if output is DigestOutput.JSON:
        print_json(answer)
    elif output is DigestOutput.CSV:
        echo(digest_csv(answer["rows"]).replace("\r\n", "\n").rstrip("\n"))
    else:
        missed = f", {answer['missed']} before it not sent" if answer["missed"] else ""
        echo(
            f"{name} of {answer['due_at']}, ended since {answer['since']}, to {', '.join(answer['receivers'])}{missed}"
        )
        print_table(answer["rows"], COLUMNS, "nothing open, nothing ended")


def _step_rows(policy: Answer) -> Iterator[dict[str, str]]:
    for step in policy["steps"]:
        turns = step["rotations"] or [None]
        for turn in turns:
            now, later = (turn["on_call"], turn["next"]) if turn else (None, None)
            yield {
                "policy": policy["policy"],
                "step": str(step["step"]),
                "after": step["after"],
                "tells": ", ".join(step["tells"]) or "nobody",
                "on_call": f"{now['member']} ({turn['rotation']})" if now else "nobody" if turn else "",
                "until": (now["until"] or "") if now else "",
                "next": f"{later['member']} from {later['since']}" if later else "",
                "next_until": (later["until"] or "") if later else "",
            }


def _print_alert(row: Answer) -> None:
    held = [
        *([f"acknowledged at {row['acknowledged_at']}"] if row["acknowledged_at"] else []),
        *([f"snoozed until {row['snoozed_until']}"] if row["snoozed_until"] else []),
        *(["muted"] if row["is_muted"] else []),
    ]
    echo(f"{row['alert_id']}: {', '.join([row['state'], *held])}")
    for group in row["groups"]:
        echo(f"{group['receiver']} {group['group_key']}: {_say_group(group)}")
        if group["upcoming"]:
            rows = [{**one, "receivers": ", ".join(one["receivers"]) or "nobody"} for one in group["upcoming"]]
            print_table(rows, _UPCOMING_COLUMNS, "")


def _say_group(group: Answer) -> str:
    if group["policy"] is None:
        return "no escalation policy"
    told = f", told {', '.join(group['told'])}" if group["told"] else ""
    reached = f"{group['steps_reached']} step{'s' if group['steps_reached'] != 1 else ''} reached{told}"
    running = f"the clock runs since {group['started_at']}" if group["started_at"] else "the clock stands still"
    return f"{group['policy']}, {reached}, {running}"
