"""`milepost dead-letters`: looks at inputs that could not be taken, and tries them again."""

import sys
from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import typer

from collector.operations import DiscardWish, ReplayWish
from domain.clock import SystemClock
from domain.instants import EPOCH, format_instant
from milepost.answers.answer import Answer
from milepost.answers.from_store import open_answers
from milepost.commands.options import LimitOption, Output, OutputOption, instant_or_ago, user_name
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings
from storage.dead_letters import LetterFilter

dead_letters_app = typer.Typer(no_args_is_help=True, help="Look at inputs that could not be taken; try them again.")
SourceOption = Annotated[str, typer.Option("--source", help="Only those of this source.")]
CodeOption = Annotated[str, typer.Option("--code", help="Only those refused for this code, such as conflict.")]
ChannelOption = Annotated[str, typer.Option("--channel", help="Only those of this channel: events or traces.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only those received since an instant, or a time ago such as 2h.")
]
# Instead of, as in a dry run, what would be.
_FORETOLD = {"accepted": "would be accepted", "duplicate": "is a duplicate", "rejected": "still rejected"}


@dead_letters_app.command("list")
def list_letters(
    source: SourceOption = "",
    code: CodeOption = "",
    channel: ChannelOption = "",
    since: SinceOption = None,
    state: Annotated[str, typer.Option(help="Only those waiting, replayed or discarded.")] = "",
    limit: LimitOption = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show inputs that could not be taken, the newest first."""
    clock = SystemClock()
    since_at = instant_or_ago("--since", since, clock) if since else EPOCH
    letters = LetterFilter(channel=channel, code=code, source=source, state=state, since=since_at)
    with open_answers(load_settings(), clock) as answers:
        rows = answers.dead_letters(letters, limit)
    if output is Output.JSON:
        print_json(rows)
    else:
        columns = ("dead_letter_id", "received_at", "state", "channel", "code", "source", "event_id", "reason")
        print_table(rows, columns, "no dead letters")


@dead_letters_app.command("show")
def show_letter(dead_letter_id: str) -> None:
    """Show one dead letter whole, what was tried with it, and its body in base64."""
    with open_answers(load_settings(), SystemClock()) as answers:
        print_json(answers.dead_letter(dead_letter_id))


@dead_letters_app.command("replay")
def replay_letters(
    ids: Annotated[list[str] | None, typer.Argument(help="The ids of dead letters.", metavar="ID…")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that wait and match the filters.")] = False,
    source: SourceOption = "",
    code: CodeOption = "",
    channel: ChannelOption = "",
    since: SinceOption = None,
    reason: Annotated[str, typer.Option(help="Why they may be taken now; it stands in the audit log.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take dead letters through the collector's door again, the oldest first; one taken twice changes nothing."""
    clock = SystemClock()
    wish = ReplayWish(
        ids=ids or [],
        all=all_,
        channel=channel,
        code=code,
        source=source,
        since=format_instant(instant_or_ago("--since", since, clock)) if since else None,
        dry_run=dry_run,
        by=user_name(),
        reason=reason,
    )
    settings = load_settings()
    with open_answers(settings, clock) as answers:
        rows = list(_with_progress(answers.replay(settings, wish)))
    if output is Output.JSON:
        print_json(rows)
    else:
        _print_replayed(rows, dry_run=dry_run)
    if any(row["outcome"] == "rejected" for row in rows):
        raise typer.Exit(1)


@dead_letters_app.command("discard")
def discard_letters(
    ids: Annotated[list[str], typer.Argument(help="The ids of dead letters.", metavar="ID…")],
    reason: Annotated[str, typer.Option(help="Why they will not be replayed.")],
) -> None:
    """Settle dead letters that will not be replayed; they are kept, with the reason."""
    with open_answers(load_settings(), SystemClock()) as answers:
        count = answers.discard(DiscardWish(ids, reason, user_name()))
    echo(f"{count} discarded")


def _with_progress(rows: Iterable[Answer]) -> Iterable[Answer]:
    count = 0
    for count, row in enumerate(rows, start=1):
        if sys.stderr.isatty() and count % 100 == 0:
            sys.stderr.write(f"\r{count:,} letters")
            sys.stderr.flush()
        yield row
    if sys.stderr.isatty() and count >= 100:
        echo("", err=True)


def _print_replayed(rows: list[Answer], *, dry_run: bool) -> None:
    told = [{**row, "outcome": _FORETOLD[row["outcome"]]} if dry_run else row for row in rows]
    columns = ("dead_letter_id", "channel", "source", "event_id", "outcome", "reason")
    print_table(told, columns, "no dead letters to replay")
    if rows:
        counts = Counter(str(row["outcome"]) for row in rows)
        figures = f"{counts['accepted']} accepted, {counts['duplicate']} duplicates, {counts['rejected']} rejected"
        echo(f"dry run, nothing changed: {figures}" if dry_run else figures)
