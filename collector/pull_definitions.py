"""The files that say which rows of another system are pulled, by which watermark, and what event a row is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from collector.files.mapping import Mapping, MappingConfig, mapping_in
from collector.receivers.canonical_events import URI_REFERENCE
from collector.source_definitions import SecretConfig
from domain.config_file import ConfigFile, ConfigModel, load_file, show
from domain.duration import parse_duration
from domain.errors import ConfigError, Problem
from domain.instants import EARLIEST, EPOCH, format_instant, parse_instant

_NAME = re.compile(r"[a-z][a-z0-9_]*")
# Nothing that ends a quoted name or begins another part of it.
_IDENTIFIER = re.compile(r"\w[\w $#@-]*")
# ClickHouse reads "a|b", "{a,b}" and "*" as several hosts.
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
# A type alone: ClickHouse would also take a default there, which may call functions.
_TYPE = re.compile(r"[A-Za-z0-9]+(?:\([A-Za-z0-9_(), '/+-]*\))?")
_OVERLAPS = "a duration such as 10m for an instant, a whole number for an integer"


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError(f"is {show(value)}; give one host, such as db.example.com")
    return value


def _identifier(value: str) -> str:
    if not _IDENTIFIER.fullmatch(value):
        raise ValueError(f"is {show(value)}; give a name of letters, digits, spaces and _ $ # @ -")
    return value


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        _ = parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise ValueError(f"is {show(value)}; give an address of one host, such as https://files.example.com/orders.csv")
    if "@" in parts.netloc:
        raise ValueError("has a user in it; give credentials by secret_env or secret_file")
    return value


def _relative(value: str) -> str:
    path = Path(value)
    if path.is_absolute() or ".." in path.parts or re.search(r"[{}\\]|::|[^ -~]", value) or not path.parts:
        raise ValueError(
            f"is {show(value)}; give a path below MILEPOST_PULL_FILES without .., in which * and ? may stand"
        )
    return value


def _type_name(value: str) -> str:
    if not _TYPE.fullmatch(value):
        raise ValueError(f"is {show(value)}; give a ClickHouse type such as String or DateTime64(6, 'UTC')")
    return value


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _overlap(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"is {show(value)}; give {_OVERLAPS}")
    if isinstance(value, int) and value < 0:
        raise ValueError(f"is {value}; give {_OVERLAPS}")
    return _duration(value)


Host = Annotated[str, AfterValidator(_host)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Address = Annotated[str, AfterValidator(_address)]
Port = Annotated[int, Field(ge=1, le=65535)]
FormatName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")]
Duration = Annotated[timedelta, BeforeValidator(_duration)]


class DatabaseConfig(SecretConfig):
    """A table of a database; the secret is the user's password."""

    host: Host
    database: Annotated[str, Field(min_length=1)]
    table: Identifier
    user: Annotated[str, Field(min_length=1)]


class PostgresqlConfig(DatabaseConfig):
    """A table or view of a PostgreSQL database."""

    port: Port = 5432
    schema_: Identifier = Field(default="public", alias="schema")


class MysqlConfig(DatabaseConfig):
    """A table or view of a MySQL database."""

    port: Port = 3306


class S3Config(ConfigModel):
    """Objects in a bucket, in whose path * may stand; without an access key the bucket is public."""

    url: Address
    format: FormatName
    access_key: str | None = None
    secret_env: str | None = None
    secret_file: Path | None = None

    @model_validator(mode="after")
    def _has_both_halves(self) -> "S3Config":
        secrets = sum(place is not None for place in (self.secret_env, self.secret_file))
        if secrets != (1 if self.access_key else 0):
            raise ValueError("give access_key with one of secret_env and secret_file, or none of them")
        return self


class HeaderConfig(SecretConfig):
    """A header that proves who asks: the prefix and the secret."""

    header: Annotated[str, Field(pattern=_HEADER.pattern)] = "Authorization"
    prefix: str = ""


class UrlConfig(ConfigModel):
    """What a web address gives to a GET; it may not redirect."""

    url: Address
    format: FormatName
    authentication: HeaderConfig | None = None


class FileConfig(ConfigModel):
    """Files below MILEPOST_PULL_FILES."""

    path: Annotated[str, AfterValidator(_relative)]
    format: FormatName


class WatermarkConfig(ConfigModel):
    """The column by which rows are pulled; it grows with every change. `overlap` is looked at once more each time."""

    instant: Identifier | None = None
    integer: Identifier | None = None
    overlap: Annotated[timedelta | int, BeforeValidator(_overlap)] = 0
    start: str | int | None = None

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> "WatermarkConfig":
        if (self.instant is None) == (self.integer is None):
            raise ValueError("give one of instant and integer: the column that grows with every change")
        if self.overlap and isinstance(self.overlap, timedelta) != (self.instant is not None):
            raise ValueError(f"overlap: give {_OVERLAPS}")
        if self.instant is not None and self.start is not None:
            parse_instant(str(self.start))
        if self.integer is not None and isinstance(self.start, str):
            raise ValueError(f"start is {show(self.start)}; give a whole number")
        return self

    @property
    def column(self) -> str:
        """The column's name."""
        return self.instant or self.integer or ""

    @property
    def no_start(self) -> str:
        """A value that ClickHouse can compare the column with where there is none to begin at."""
        return "0" if self.integer else _written(EPOCH)

    def begin(self, stored: str | None) -> str | None:
        """Where to begin after what is stored, as ClickHouse writes it; None for the beginning."""
        if stored is None:
            if self.start is None or self.integer:
                return None if self.start is None else str(self.start)
            return _written(parse_instant(str(self.start)))
        if not self.overlap:
            return stored
        if not isinstance(self.overlap, timedelta):
            return str(int(stored) - self.overlap)
        return _written(max(parse_instant(f"{stored[:26]}Z") - self.overlap, EARLIEST))

    def key(self, watermark: str) -> tuple[int | str, ...]:
        """What watermarks of this column are ordered by."""
        return (int(watermark),) if self.integer else (watermark[:19], watermark[20:].ljust(9, "0"))


def _written(instant: datetime) -> str:
    text = format_instant(instant).removesuffix("Z").replace("T", " ")
    return text if "." in text else f"{text}.000000"


class PullConfig(ConfigModel):
    """A whole definition."""

    title: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(pattern=URI_REFERENCE.pattern)] | None = None
    postgresql: PostgresqlConfig | None = None
    mysql: MysqlConfig | None = None
    s3: S3Config | None = None
    url: UrlConfig | None = None
    file: FileConfig | None = None
    structure: dict[Identifier, Annotated[str, AfterValidator(_type_name)]] = Field(default_factory=dict)
    columns: tuple[Identifier, ...] = ()
    watermark: WatermarkConfig
    every: Annotated[Duration, Field(ge=timedelta(seconds=1))] = timedelta(minutes=5)
    map: MappingConfig

    @model_validator(mode="after")
    def _asks_one_system(self) -> "PullConfig":
        tables = (self.postgresql, self.mysql, self.s3, self.url, self.file)
        if sum(table is not None for table in tables) != 1:
            raise ValueError("give one of postgresql, mysql, s3, url and file")
        if self.structure and (self.postgresql or self.mysql):
            raise ValueError("structure: a database knows its columns' types; leave it out")
        return self


@dataclass(frozen=True, slots=True)
class PullDefinition:
    """A checked definition; `name` is its file's."""

    name: str
    path: Path
    config: PullConfig
    mapping: Mapping

    @property
    def source(self) -> str:
        """The `source` of events whose mapping gives none."""
        return self.config.source or self.name


def load_pulls(folder: Path | None) -> dict[str, PullDefinition]:
    """The definitions in a folder (its *.yaml); ConfigError names every problem of all files."""
    definitions: dict[str, PullDefinition] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")) if folder else ():
        try:
            file = load_file(path, PullConfig)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        problems.extend(_problems(file))
        mapping = mapping_in(file, file.model.map, "map")
        definitions[path.stem] = PullDefinition(path.stem, path, file.model, mapping)
    if problems:
        raise ConfigError(problems)
    return definitions


def _problems(file: ConfigFile[PullConfig]) -> Iterator[Problem]:
    if not _NAME.fullmatch(file.path.stem):
        yield Problem(file.path, 0, 0, "is no name for a pull; name the file in a-z, 0-9 and _, such as invoices.yaml")
    for key in sorted({"delimiter", "encoding"} & file.model.map.model_fields_set):
        yield file.problem(("map", key), f"map.{key} is for files that `milepost ingest` takes; leave it out")
