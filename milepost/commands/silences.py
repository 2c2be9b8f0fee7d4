"""`milepost alerts silence`: mute alerts for a time, with a reason. The words are those of `amtool silence`."""

from datetime import timedelta
from typing import Annotated

import typer

from alerts.silences import SilenceWish
from domain.audit import Actor
from domain.clock import SystemClock
from domain.errors import UsageError
from domain.instants import parse_storable_instant
from milepost.answers.from_store import open_answers
from milepost.commands.options import LimitOption, Output, OutputOption, duration_of, instant_of, user_name
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings

silence_app = typer.Typer(no_args_is_help=True, help="Mute alerts for a time, with a reason.")
_COLUMNS = ("silence_id", "state", "matchers", "starts_at", "ends_at", "created_by", "comment")
_LENGTH = timedelta(hours=1)
EndOption = Annotated[str | None, typer.Option("--end", help="When it ends (RFC 3339).")]
DurationOption = Annotated[str | None, typer.Option(help="How long from its start (add) or from now (update): 2h.")]
AuthorOption = Annotated[str | None, typer.Option(help="Who silences; you by default.")]


@silence_app.command("add")
def add(
    matchers: Annotated[list[str], typer.Argument(help="What an alert must meet, such as alertname=OrderNotPosted.")],
    comment: Annotated[str, typer.Option(help="Why; whoever asks what became of the alerts reads it.")],
    duration: DurationOption = None,
    start: Annotated[str | None, typer.Option("--start", help="When it begins (RFC 3339); now by default.")] = None,
    end: EndOption = None,
    author: AuthorOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Silence alerts, for an hour where nothing else is said, and print the silence's id."""
    clock = SystemClock()
    starts_at = instant_of("--start", start) if start else None
    if duration and end:
        raise UsageError("give --duration or --end, not both")
    length = duration_of("--duration", duration) if duration else _LENGTH
    ends_at = instant_of("--end", end) if end else (starts_at or clock.now()) + length
    _put(SilenceWish(matchers, ends_at, user_name() if author is None else author, comment, starts_at), output)


@silence_app.command("update")
def update(
    silence_id: Annotated[str, typer.Argument(help="The silence's id, or enough of its beginning.")],
    matchers: Annotated[
        list[str] | None, typer.Option("--matcher", help="What an alert must meet instead; several times for several.")
    ] = None,
    comment: Annotated[str | None, typer.Option(help="Why, instead of what was said.")] = None,
    duration: DurationOption = None,
    start: Annotated[str | None, typer.Option("--start", help="When it begins instead (RFC 3339).")] = None,
    end: EndOption = None,
    author: AuthorOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Change a silence and print its id: a new one where the past would change, or where it is over."""
    if duration and end:
        raise UsageError("give --duration or --end, not both")
    clock = SystemClock()
    with open_answers(load_settings(), clock) as answers:
        before = answers.silence(silence_id)
    ends_at = parse_storable_instant(before["ends_at"])
    if duration:
        ends_at = clock.now() + duration_of("--duration", duration)
    if end:
        ends_at = instant_of("--end", end)
    wish = SilenceWish(
        matchers=matchers or before["matchers"],
        ends_at=ends_at,
        created_by=author or user_name() or before["created_by"],
        comment=before["comment"] if comment is None else comment,
        starts_at=instant_of("--start", start) if start else None,
        silence_id=before["silence_id"],
    )
    _put(wish, output)


@silence_app.command("list")
def list_all(
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only those in this state: pending, active or expired; several times for several."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    limit: LimitOption = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the silences that count or will, with who made them and why."""
    states = state or ([] if all_ else ["active", "pending"])
    with open_answers(load_settings(), SystemClock()) as answers:
        rows = answers.silences(states, limit)
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table([{**row, "matchers": " ".join(row["matchers"])} for row in rows], _COLUMNS, "no silences")


@silence_app.command("expire")
def expire(
    silence_ids: Annotated[list[str], typer.Argument(help="Ids, or enough of their beginnings.")],
    by: Annotated[str | None, typer.Option(help="Who ends them; you by default.")] = None,
    comment: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """End silences: what they muted and still fires is told at its group's next flush."""
    actor = Actor(user_name() if by is None else by)
    with open_answers(load_settings(), SystemClock()) as answers:
        for silence_id in silence_ids:
            row = answers.expire_silence(silence_id, actor, comment)
            echo(f"expired {row['silence_id']}")


def _put(wish: SilenceWish, output: Output) -> None:
    with open_answers(load_settings(), SystemClock()) as answers:
        row = answers.put_silence(wish)
    if output is Output.JSON:
        print_json(row)
    else:
        echo(row["silence_id"])
