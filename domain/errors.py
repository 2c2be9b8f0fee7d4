"""The errors a user of Milepost can meet, all under one root.

MilepostError
├── ConfigError        a file or setting is wrong: says where, what is wrong and what is accepted
├── UsageError         a command was asked for something it cannot do
├── InputError         one input (event, span, file) cannot be taken; becomes a dead letter at the collector's door
└── StoreError         the store refused or failed
    ├── StoreUnreachable   no answer: worth trying again
    ├── DataRefused        the data is at fault: trying again changes nothing
    ├── InsertLate         what was received is older than it may be when it is stored: nothing of it is
    ├── LeaseLost          another engine may act on the store, and this one may not
    ├── StoreHeld          another process has the embedded store open
    └── MigrationError     the store's schema and this program's do not fit
"""

from dataclasses import dataclass, field
from pathlib import Path


class MilepostError(Exception):
    """Anything Milepost reports to its user as a sentence instead of a traceback."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file a user wrote; lines and columns count from 1, 0 means the whole file."""

    path: Path
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = str(self.path)
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        return f"{place}: {self.message}"


@dataclass
class ConfigError(MilepostError):
    """Every problem found in the configuration, reported at once."""

    problems: list[Problem] = field(default_factory=list)
    message: str = ""

    def __str__(self) -> str:
        return "\n".join([*([self.message] if self.message else []), *map(str, sorted(self.problems))])


class UsageError(MilepostError):
    """The command line or an API call asks for something that cannot be done."""


class InputError(MilepostError):
    """An input that cannot be taken; `code` is a bounded word for metrics, the text says what is accepted."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StoreError(MilepostError):
    """The store refused a statement or failed while answering it."""


class StoreUnreachable(StoreError):
    """The store gave no answer; the same call may succeed later."""


class DataRefused(StoreError):
    """The store cannot hold what it was given; every other StoreError says nothing about the data."""


class InsertLate(StoreError):
    """So much time passed on the way to the store that nobody waits for these any more: stamped anew they may go."""


class LeaseLost(StoreError):
    """This engine may not act now; another one may, or nobody knows."""


class StoreHeld(StoreError):
    """Another process has the embedded store open; `api_url` is where it answers `api_token`, if it said so."""

    def __init__(self, message: str, api_url: str | None = None, api_token: str = "") -> None:
        super().__init__(message)
        self.api_url = api_url
        self.api_token = api_token


class MigrationError(StoreError):
    """The schema in the store is not one this program can work with."""
