"""Reads the definitions of KPIs, with every problem of all files told at once and in its place."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from domain.config_file import ConfigFile, ConfigModel, Location, load_file, show
from domain.duration import ACCEPTED as ACCEPTED_DURATION
from domain.duration import parse_duration
from domain.errors import ConfigError, Problem
from domain.kpi import CaseSource, Direction, Kpi, Statistic, Unit

SHIPPED = Path(__file__).parent / "definitions"
TITLES = {"kpis": ("kpi", "id")}
# Which statistics say something of which unit.
FITTING = {
    Unit.SECONDS: (Statistic.MEDIAN, Statistic.MEAN),
    Unit.SHARE: (Statistic.MEAN,),
    Unit.MONEY: (Statistic.TOTAL,),
    Unit.COUNT: (Statistic.SUM,),
}
_ID = re.compile(r"[a-z][a-z0-9_]*")


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"is {show(value)}; give a name of small letters, digits and _, such as order_to_invoice")
    return value


def _types(value: object) -> object:
    return (value,) if isinstance(value, str) else value


TypesText = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_types)]
SomeTypesText = Annotated[TypesText, Field(min_length=1)]


class KpiConfig(ConfigModel):
    """One KPI as a user writes it."""

    id: Annotated[str, AfterValidator(_id)]
    title: str
    description: str
    unit: Unit
    statistic: Statistic
    better: Direction
    owner: str
    object: Annotated[str, Field(min_length=1)]
    find: str
    from_: SomeTypesText = Field(alias="from")
    to: TypesText = ()
    unless: TypesText = ()
    target: str | int | float | None = None


class KpisConfig(ConfigModel):
    """A whole file."""

    kpis: Annotated[tuple[KpiConfig, ...], Field(min_length=1)]


def load_kpis(folders: list[Path]) -> dict[str, Kpi]:
    """The KPIs of all folders by id; one of a later folder replaces that of its id. ConfigError names every problem."""
    problems: list[Problem] = []
    found: dict[str, Kpi] = {}
    for folder in folders:
        here: dict[str, Kpi] = {}
        for path in sorted(folder.rglob("*.yaml")):
            try:
                file = load_file(path, KpisConfig, TITLES)
            except ConfigError as error:
                problems.extend(error.problems)
                continue
            for number, config in enumerate(file.model.kpis):
                location = ("kpis", number)
                wrong = list(_problems(file, location, config, here))
                problems.extend(wrong)
                if not wrong:
                    here[config.id] = _kpi(config, path.parent)
        found |= here
    if problems:
        raise ConfigError(problems)
    return found


def _problems(
    file: ConfigFile[KpisConfig], location: Location, config: KpiConfig, here: Mapping[str, Kpi]
) -> Iterator[Problem]:
    def problem(key: str, message: str) -> Problem:
        return file.problem((*location, key), f'kpi "{config.id}": {message}')

    if config.id in here:
        yield problem("id", "id is given twice; give each KPI an id of its own")
    if config.statistic not in FITTING[config.unit]:
        fitting = " or ".join(FITTING[config.unit])
        yield problem(
            "statistic", f"statistic is {config.statistic}, which says nothing of {config.unit}; give {fitting}"
        )
    known = sorted({path.stem for folder in (file.path.parent, SHIPPED) for path in folder.glob("*.sql")})
    if config.find not in known:
        yield problem("find", f"find is {config.find!r}; beside the file there are {', '.join(known)}")
    if config.target is not None:
        try:
            _target(config)
        except ValueError as error:
            yield problem("target", f"target {error}")


def _kpi(config: KpiConfig, folder: Path) -> Kpi:
    file = _statement_file(config.find, folder)
    cases = CaseSource(
        config.object,
        file.read_text(encoding="utf-8").strip().removesuffix(";"),
        file,
        config.from_,
        config.to,
        config.unless,
        own_amounts=config.statistic is Statistic.TOTAL,
    )
    return Kpi(
        id=config.id,
        title=config.title,
        description=config.description,
        unit=config.unit,
        statistic=config.statistic,
        direction=config.better,
        owner=config.owner,
        cases=cases,
        version=_digest(cases),
        target=_target(config) if config.target is not None else None,
    )


def _statement_file(name: str, folder: Path) -> Path:
    path = folder / f"{name}.sql"
    return path if path.exists() else SHIPPED / f"{name}.sql"


def _digest(cases: CaseSource) -> str:
    facts: tuple[Any, ...] = (
        cases.object_type,
        cases.statement,
        cases.from_types,
        cases.to_types,
        cases.unless_types,
        cases.own_amounts,
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


def _target(config: KpiConfig) -> Decimal:
    """The target in the KPI's unit; ValueError where it is none."""
    text = str(config.target)
    if config.unit is Unit.SECONDS:
        try:
            return Decimal(parse_duration(text).total_seconds())
        except ValueError:
            raise ValueError(f"is {show(config.target)}; give {ACCEPTED_DURATION}") from None
    is_share = config.unit is Unit.SHARE
    try:
        number = Decimal(text.removesuffix("%")) / 100 if is_share and text.endswith("%") else Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if is_share and not (text.endswith("%") and 0 <= number <= 1):
        raise ValueError(f"is {show(config.target)}; give a share such as 98%")
    if not number.is_finite():
        raise ValueError(f"is {show(config.target)}; give a number")
    return number
