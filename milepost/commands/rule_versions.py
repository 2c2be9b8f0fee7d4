"""`milepost rules versions` and `rules migrate`: which version of a rule judges which cases, and changing that."""

from typing import Annotated, Any

import typer

from domain.audit import Actor
from domain.clock import SystemClock
from domain.errors import UsageError
from domain.instants import EARLIEST
from milepost.answers.from_store import open_answers
from milepost.commands.options import Output, OutputOption, instant_of, user_name
from milepost.output import echo, print_json, print_table, problem
from milepost.rule_versions import MigrationWish
from milepost.settings import load_settings

_COLUMNS = ("alert", "rule_version", "from", "until", "open_alerts", "reason")
_ALERT = "The name of an alert."


def rules_versions(
    alert: Annotated[str | None, typer.Argument(help=_ALERT)] = None, output: OutputOption = Output.TABLE
) -> None:
    """Show which version of each rule judges the cases that started when, and how many of its alerts are open."""
    with open_answers(load_settings(), SystemClock()) as answers:
        answer = answers.rule_versions(alert)
    if alert is not None and not answer["versions"]:
        raise UsageError(f'no rule "{alert}" was ever in force')
    if output is Output.JSON:
        print_json(answer)
        return
    if refused := answer["refused"]:
        problem(f"the rule files are refused since {refused['since']}, and the rules read before go on:")
        for line in refused["problems"]:
            problem(line)
    print_table([_cells(row) for row in answer["versions"]], _COLUMNS, "no rule was in force yet")


def rules_migrate(
    alerts: Annotated[list[str], typer.Argument(help="The names of alerts.")],
    since: Annotated[
        str | None, typer.Option(help="Only the cases that started from then on (RFC 3339); all by default.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the version.")] = "",
) -> None:
    """Let the newest version of rules take the cases that run under former ones, from the next tick on."""
    clock = SystemClock()
    instant = instant_of("--since", since) if since else EARLIEST
    if instant > clock.now():
        raise UsageError(f"--since: {since} is still to come; the newest version has the cases that start then")
    with open_answers(load_settings(), clock) as answers:
        moved = answers.migrate_rules(MigrationWish(alerts, instant, reason, Actor(user_name())))
    for row in moved:
        echo(f"{row['alert']}: version {row['rule_version']} takes {_cases(row['from'])} from the next tick on")
    if not moved:
        echo("nothing to do: the newest versions have those cases")


def _cases(since: str | None) -> str:
    return f"the cases since {since}" if since else "all cases"


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "from": row["from"] or "the beginning", "until": row["until"] or "", "reason": row["reason"] or ""}
