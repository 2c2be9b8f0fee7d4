"""Words that several commands take."""

import getpass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from domain.clock import Clock
from domain.duration import parse_duration
from domain.errors import UsageError
from domain.instants import parse_storable_instant


class Output(StrEnum):
    """How a command prints what it found."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", help="A table to read or JSON to process.")]
LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help="How many rows at most, newest first.")]


def instant_of(option: str, text: str) -> datetime:
    """The instant that an option names; UsageError says what is accepted."""
    try:
        return parse_storable_instant(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def duration_of(option: str, text: str) -> timedelta:
    """The duration that an option names; UsageError says what is accepted."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def instant_or_ago(option: str, text: str, clock: Clock) -> datetime:
    """The instant that an option names, itself or by how long ago it was."""
    try:
        return clock.now() - parse_duration(text)
    except ValueError:
        return instant_of(option, text)


def user_name() -> str:
    """Who runs the command, as the machine knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
