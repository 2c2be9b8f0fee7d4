"""Reads the definitions of KPIs, with every problem of all files told at once and in its place."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from domain.config_file import ConfigFile, ConfigModel, Location, load_file, show
from domain.duration import ACCEPTED as ACCEPTED_DURATION
from domain.duration import parse_duration
from domain.errors import ConfigError, Problem
from domain.kpi import CaseSource, Direction, Kpi, Origin, Statistic, Unit
from kpis.config_parts import misplaced, reading_of

SHIPPED = Path(__file__).parent / "definitions"
TITLES = {"kpis": ("kpi", "id")}
# Which statistics say something of which unit.
FITTING = {
    Unit.SECONDS: (Statistic.MEDIAN, Statistic.MEAN),
    Unit.SHARE: (Statistic.MEAN, Statistic.RATIO),
    Unit.MONEY: (Statistic.TOTAL,),
    Unit.COUNT: (Statistic.SUM, Statistic.LATEST),
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
    reads: Origin = Origin.MILESTONES
    object: Annotated[str, Field(min_length=1)] | None = None
    find: str | None = None
    from_: SomeTypesText | None = Field(default=None, alias="from")
    to: TypesText = ()
    unless: TypesText = ()
    alerts: TypesText = ()
    signal: str | None = None
    per: TypesText = ()
    against: str | None = None
    target: str | int | float | None = None


class KpisConfig(ConfigModel):
    """A whole file."""

    kpis: Annotated[tuple[KpiConfig, ...], Field(min_length=1)]


def load_kpis(folders: list[Path]) -> dict[str, Kpi]:
    """The KPIs of all folders by id; one of a later folder replaces that of its id. ConfigError names every problem."""
    problems: list[Problem] = []
    found: dict[str, Kpi] = {}
    bases: dict[str, tuple[str, Problem]] = {}
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
                    here[config.id] = _kpi(config, path)
                    if config.against:
                        bases[config.id] = (config.against, _no_base(file, location, config))
        found |= here
    for name, (base, problem) in bases.items():
        if base in found and found[base].statistic is Statistic.TOTAL:
            found[name] = replace(found[name], against=found[base])
        else:
            problems.append(problem)
    if problems:
        raise ConfigError(problems)
    # What a ratio is set against is brought up to date before it.
    return dict(sorted(found.items(), key=lambda one: one[1].against is not None))


def _no_base(file: ConfigFile[KpisConfig], location: Location, config: KpiConfig) -> Problem:
    message = f"against is {show(config.against)}; give the id of a KPI whose statistic is total"
    return file.problem((*location, "against"), f'kpi "{config.id}": {message}')


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
    yield from (problem(key, message) for key, message in misplaced(config))
    if (config.statistic is Statistic.RATIO) != (config.against is not None):
        yield problem("statistic", "a ratio, and nothing else, is set against another KPI: give both or neither")
    known = sorted({path.stem for folder in (file.path.parent, SHIPPED) for path in folder.glob("*.sql")})
    if config.find is not None and config.find not in known:
        yield problem("find", f"find is {config.find!r}; beside the file there are {', '.join(known)}")
    if config.target is not None:
        try:
            _target(config)
        except ValueError as error:
            yield problem("target", f"target {error}")


def _kpi(config: KpiConfig, path: Path) -> Kpi:
    file = _statement_file(config.find, path.parent) if config.find else path
    cases = CaseSource(
        config.object or "",
        file.read_text(encoding="utf-8").strip().removesuffix(";") if config.find else "",
        file,
        config.from_ or (),
        config.to,
        config.unless,
        own_amounts=config.statistic.is_of_amounts,
        origin=config.reads,
        alerts=config.alerts,
        reading=reading_of(config),
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
        # A definition that reads milestones is the one that it was before there were others.
        *(() if cases.origin is Origin.MILESTONES else (cases.origin, cases.alerts, cases.reading)),
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
