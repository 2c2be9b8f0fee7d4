"""Mapping files: which columns of a table make an event, as JMESPath expressions over a row.

https://jmespath.org/specification.html
"""

import zoneinfo
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from jmespath.visitor import Options
from pydantic import BeforeValidator, InstanceOf, field_validator

from collector.source_expressions import Expression, compiler
from collector.source_functions import SourceFunctions
from domain.config_file import ConfigFile, ConfigModel, load_file
from domain.errors import InputError

Row = dict[str, str]
# The functions that sources have: a table of a payment provider may count minor units, too.
_OPTIONS = Options(custom_functions=SourceFunctions({}))


class MappingError(Exception):
    """An expression gives nothing that can be used for a row; says which, and where it stands."""


ColumnExpression = Annotated[InstanceOf[Expression], BeforeValidator(compiler(None))]


class MappingConfig(ConfigModel):
    """A mapping file; the expressions are asked of each row, whose keys are the columns' names."""

    type: ColumnExpression
    time: ColumnExpression
    id: ColumnExpression | None = None
    objects: ColumnExpression | None = None
    amount: ColumnExpression | None = None
    currency: ColumnExpression | None = None
    legal_entity: ColumnExpression | None = None
    region: ColumnExpression | None = None
    attributes: ColumnExpression | None = None
    source: ColumnExpression | None = None
    correlation_id: ColumnExpression | None = None
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
    _expressions: dict[str, Expression]
    _file: ConfigFile[Any]
    # Where the mapping is in its file.
    _location: tuple[str, ...] = ()

    def ask(self, name: str, row: Row) -> Any:
        """What the expression of that name gives for a row; None where there is none. MappingError where it fails."""
        expression = self._expressions.get(name)
        if expression is None:
            return None
        try:
            return expression.find(row, _OPTIONS)
        except InputError as error:
            raise MappingError(self._place(name, str(error))) from None

    def error(self, name: str, reason: str) -> MappingError:
        """The reason, with the expression of that name and its place."""
        return MappingError(self._place(name, f'"{getattr(self.config, name).text}" {reason}'))

    def _place(self, name: str, reason: str) -> str:
        return str(self._file.problem([*self._location, name], f"{name}: {reason}"))


def load_mapping(path: Path) -> Mapping:
    """The mapping in a file; ConfigError names every problem with line and column."""
    file = load_file(path, MappingConfig)
    return mapping_in(file, file.model)


def mapping_in(file: ConfigFile[Any], config: MappingConfig, *location: str) -> Mapping:
    """The mapping that stands at a place of a checked file."""
    said = {name: value.text if isinstance(value, Expression) else value for name, value in config}
    expressions = {name: value for name, value in config if isinstance(value, Expression)}
    return Mapping(config, repr(said), ZoneInfo(config.time_zone), expressions, file, location)
