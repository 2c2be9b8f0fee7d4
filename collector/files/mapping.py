"""Mapping files: which columns of a table make an event, as JMESPath expressions over a row.

https://jmespath.org/specification.html
"""

import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import BeforeValidator, field_validator

from domain.config_file import ConfigFile, ConfigModel, load_file

Row = dict[str, str]
EXPRESSIONS = (
    *("type", "time", "id", "objects", "amount", "currency", "legal_entity", "region", "attributes", "source"),
    "correlation_id",
)


class MappingError(Exception):
    """An expression gives nothing that can be used for a row; says which, and where it stands."""


def _check(expression: object) -> object:
    if isinstance(expression, str):
        try:
            jmespath.compile(expression)
        except JMESPathError as error:
            raise ValueError(f'"{expression}" is no JMESPath expression: {_brief(error)}') from None
    return expression


Expression = Annotated[str, BeforeValidator(_check)]


class MappingConfig(ConfigModel):
    """A mapping file; the expressions are asked of each row, whose keys are the columns' names."""

    type: Expression
    time: Expression
    id: Expression | None = None
    objects: Expression | None = None
    amount: Expression | None = None
    currency: Expression | None = None
    legal_entity: Expression | None = None
    region: Expression | None = None
    attributes: Expression | None = None
    source: Expression | None = None
    correlation_id: Expression | None = None
    # How the table is written, where that is not the usual.
    time_format: str | None = None
    time_zone: str = "UTC"
    delimiter: str | None = None
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in zoneinfo.available_timezones():
            raise ValueError(f'is "{value}"; give the name of a time zone, such as Europe/Berlin')
        return value

    @field_validator("delimiter")
    @classmethod
    def _is_one_character(cls, value: str | None) -> str | None:
        if value is not None and len(value) != 1:
            raise ValueError(f'is "{value}"; give one character, such as ";"')
        return value

    @field_validator("encoding")
    @classmethod
    def _is_codec(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError(f'is "{value}"; give the name of an encoding, such as utf-8 or windows-1252') from None
        return value


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping file, ready to be asked of rows; `text` is all of it that matters."""

    config: MappingConfig
    text: str
    zone: ZoneInfo
    _file: ConfigFile[MappingConfig]
    _getters: dict[str, Callable[[Row], Any]]

    def ask(self, name: str, row: Row) -> Any:
        """What the expression of that name gives for a row; None where there is none. MappingError where it fails."""
        if name not in self._getters:
            return None
        try:
            return self._getters[name](row)
        except (JMESPathError, TypeError, ValueError) as error:
            raise self.error(name, _brief(error)) from None

    def error(self, name: str, reason: str) -> MappingError:
        """The reason, with the expression of that name and its place."""
        return MappingError(str(self._file.problem([name], f'{name}: "{getattr(self.config, name)}" {reason}')))


def load_mapping(path: Path) -> Mapping:
    """The mapping in a file; ConfigError names every problem with line and column."""
    file = load_file(path, MappingConfig)
    given = {name: getattr(file.model, name) for name in EXPRESSIONS}
    getters = {name: _getter(expression) for name, expression in given.items() if expression is not None}
    return Mapping(file.model, file.model.model_dump_json(), ZoneInfo(file.model.time_zone), file, getters)


def _getter(expression: str) -> Callable[[Row], Any]:
    compiled = jmespath.compile(expression)
    if compiled.parsed["type"] == "field":
        # Most expressions are the name of a column, for which JMESPath takes ten times as long.
        column = compiled.parsed["value"]
        return lambda row: row.get(column)
    search: Callable[[Row], Any] = compiled.search
    return search


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
