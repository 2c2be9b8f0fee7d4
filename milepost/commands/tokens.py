"""`milepost tokens`: who may send and ask."""

from typing import Annotated

import typer

from collector.allowance import parse_rate
from collector.operations import TokenWish
from collector.tokens import Scope
from domain.clock import Clock, SystemClock
from domain.duration import parse_duration
from domain.errors import UsageError
from domain.instants import format_instant
from milepost.answers.from_store import open_answers
from milepost.commands.options import Output, OutputOption, instant_of, user_name
from milepost.output import echo, print_json, print_table
from milepost.settings import load_settings

tokens_app = typer.Typer(no_args_is_help=True, help="Make and revoke the tokens that senders need.")


@tokens_app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it, such as crm.")],
    scope: Annotated[list[str], typer.Option(help=f"What it opens: {', '.join(Scope)}; several times for several.")],
    source: Annotated[
        list[str] | None,
        typer.Option(help="A source its events may name, a beginning with *, or * for any; several times for several."),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(help="Events or spans it may send, such as 500/s or unlimited; MILEPOST_RATE_LIMIT by default."),
    ] = None,
    expires: Annotated[str | None, typer.Option(help="An instant, or how long it lasts, such as 90d.")] = None,
    reason: Annotated[str, typer.Option(help="Why; the audit log keeps it.")] = "",
) -> None:
    """Make a token and print it, once: only its hash is kept."""
    clock = SystemClock()
    if rate:
        _check_rate(rate)
    wish = TokenWish(
        name=name,
        scopes=scope,
        sources=source or [],
        rate=rate,
        expires_at=_expiry(expires, clock) if expires else None,
        by=user_name(),
        reason=reason,
    )
    with open_answers(load_settings(), clock) as answers:
        token = answers.create_token(wish)
    echo(token)
    echo("keep it now: it is not shown again. Send it as Authorization: Bearer mp_…", err=True)


@tokens_app.command("list")
def list_all(output: OutputOption = Output.TABLE) -> None:
    """Show the tokens there are and were; never their secrets."""
    with open_answers(load_settings(), SystemClock()) as answers:
        rows = answers.tokens()
    if output is Output.JSON:
        print_json(rows)
        return
    shown = [
        {
            **row,
            "scopes": ",".join(row["scopes"]),
            "sources": ",".join(row["sources"]),
            "expires_at": row["expires_at"] or "never",
            "revoked_at": row["revoked_at"] or "",
        }
        for row in rows
    ]
    columns = ("name", "token_id", "scopes", "sources", "created_at", "created_by", "expires_at", "revoked_at")
    print_table(shown, columns, "no tokens")


@tokens_app.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="The token's name or id.")],
    reason: Annotated[str, typer.Option(help="Why; the audit log keeps it.")] = "",
) -> None:
    """End a token: a running Milepost refuses it at once, others on the same server within seconds."""
    with open_answers(load_settings(), SystemClock()) as answers:
        row = answers.revoke_token(name, user_name(), reason)
    echo(f"revoked {row['name']} ({row['token_id']})")


def _expiry(text: str, clock: Clock) -> str:
    try:
        return format_instant(clock.now() + parse_duration(text))
    except ValueError:
        return format_instant(instant_of("--expires", text))


def _check_rate(text: str) -> None:
    try:
        parse_rate(text)
    except ValueError as error:
        raise UsageError(f"--rate: {error}") from None
