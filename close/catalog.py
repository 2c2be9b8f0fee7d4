"""Reads the definitions of the close's gates, with every problem of all files told at once and in its place."""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from domain.close import Gate, GateKind
from domain.config_file import ConfigFile, ConfigModel, Location, load_file, show
from domain.duration import parse_duration
from domain.errors import ConfigError, Problem

SHIPPED = Path(__file__).parent / "definitions"
TITLES = {"gates": ("gate", "id")}
_ID = re.compile(r"[a-z][a-z0-9_]*")
_MOST_WEIGHT = 100


def _id(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"is {show(value)}; give a name of small letters, digits and _, such as orders_posted")
    return value


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _share(value: object) -> object:
    text = value if isinstance(value, str) else ""
    try:
        number = Decimal(text.removesuffix("%")) / 100
    except InvalidOperation:
        number = Decimal("NaN")
    if not (text.endswith("%") and number.is_finite() and 0 <= number <= 1):
        raise ValueError(f"is {show(value)}; give a share such as 98%")
    return number


def _duration(value: object) -> object:
    try:
        found = parse_duration(value) if isinstance(value, str) else timedelta(0)
    except ValueError:
        found = timedelta(0)
    if found <= timedelta(0):
        raise ValueError(f"is {show(value)}; give a duration above zero, such as 4h")
    return found


NamesText = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_listed)]


class ReadinessConfig(ConfigModel):
    """What the score of every legal entity aims at, and who answers for it."""

    target: Annotated[Decimal, BeforeValidator(_share)]
    owner: Annotated[str, Field(min_length=1)]


class GateConfig(ConfigModel):
    """One gate as a user writes it: of objects on their way, of alerts, or of sources."""

    id: Annotated[str, AfterValidator(_id)]
    title: Annotated[str, Field(min_length=1)]
    description: str = ""
    owner: Annotated[str, Field(min_length=1)]
    weight: Annotated[int, Field(ge=0, le=_MOST_WEIGHT)] = 1
    object: str | None = None
    from_: NamesText = Field(alias="from", default=())
    to: NamesText = ()
    unless: NamesText = ()
    alerts: NamesText = ()
    awaits: NamesText = ()
    sources: bool = False
    within: Annotated[timedelta | None, BeforeValidator(_duration)] = None


class CloseFileConfig(ConfigModel):
    """A whole file."""

    readiness: ReadinessConfig | None = None
    gates: tuple[GateConfig, ...] = ()


@dataclass(frozen=True, slots=True)
class CloseDefinition:
    """The gates in their order, what the score aims at, and who answers for it."""

    gates: tuple[Gate, ...]
    target: Decimal
    owner: str


def load_close(folders: list[Path], known_alerts: Collection[str] | None = None) -> CloseDefinition:
    """The gates of all folders; one of a later folder stands in the place of that of its id.

    ConfigError names every problem; where `known_alerts` are given, also a gate that counts alerts of no rule.
    """
    problems: list[Problem] = []
    gates: dict[str, Gate] = {}
    readiness: ReadinessConfig | None = None
    for folder in folders:
        here: dict[str, Gate] = {}
        for path in sorted(folder.rglob("*.yaml")):
            try:
                file = load_file(path, CloseFileConfig, TITLES)
            except ConfigError as error:
                problems.extend(error.problems)
                continue
            readiness = file.model.readiness or readiness
            for number, written in enumerate(file.model.gates):
                config = _raised(written, known_alerts) if folder == SHIPPED else written
                if config is None:
                    continue
                wrong = list(_problems(file, ("gates", number), config, here, known_alerts))
                problems.extend(wrong)
                if not wrong:
                    here[config.id] = _gate(config)
        gates |= here
    if problems:
        raise ConfigError(problems)
    if not gates or readiness is None:
        raise ConfigError(message="the close has no gates, or no readiness with a target and an owner; give both")
    return CloseDefinition(tuple(gates.values()), readiness.target, readiness.owner)


def _raised(config: GateConfig, known_alerts: Collection[str] | None) -> GateConfig | None:
    """A shipped gate with those of its alerts that the rules in force raise; None where they raise none of them."""
    if known_alerts is None or not config.alerts:
        return config
    raised = tuple(name for name in config.alerts if name in known_alerts)
    return config.model_copy(update={"alerts": raised}) if raised else None


def _problems(
    file: ConfigFile[CloseFileConfig],
    location: Location,
    config: GateConfig,
    here: Mapping[str, Gate],
    known_alerts: Collection[str] | None,
) -> Iterator[Problem]:
    def problem(key: str, message: str) -> Problem:
        return file.problem((*location, key), f'gate "{config.id}": {message}')

    if config.id in here:
        yield problem("id", "id is given twice; give each gate an id of its own")
    is_milestone = bool(config.object or config.from_ or config.to or config.unless)
    kinds = [is_milestone, bool(config.alerts), config.sources]
    if sum(kinds) != 1:
        yield problem(
            "id",
            "must be of one kind; give object, from and to, or alerts, or sources: true",
        )
    elif is_milestone:
        for key, given in (("object", config.object), ("from", config.from_), ("to", config.to)):
            if not given:
                yield problem("id", f"{key} is missing; a gate of objects needs object, from and to")
        for type_ in sorted(set(config.from_) & {*config.to, *config.unless}):
            yield problem("from", f"{type_} begins a case and ends it as well; give it one meaning")
    elif known_alerts is not None:
        for name in config.alerts:
            if name not in known_alerts:
                yield problem("alerts", f"no rule raises {show(name)}; name alerts as the rules do")
    if config.within is not None and not is_milestone:
        yield problem("within", "within has no place here: only objects are in flight; remove it")
    if config.awaits and not config.alerts:
        yield problem("awaits", "awaits says nothing here: the types that a gate waits for are its own; remove it")


def _gate(config: GateConfig) -> Gate:
    kind = GateKind.SOURCES if config.sources else GateKind.ALERTS if config.alerts else GateKind.MILESTONE
    facts = (kind.value, config.object, config.from_, config.to, config.unless, config.alerts)
    own_types = tuple(sorted({*config.from_, *config.to, *config.unless}))
    return Gate(
        id=config.id,
        title=config.title,
        description=config.description,
        owner=config.owner,
        weight=config.weight,
        kind=kind,
        version=hashlib.sha256(repr(facts).encode()).hexdigest()[:12],
        object_type=config.object or "",
        from_types=config.from_,
        to_types=config.to,
        unless_types=config.unless,
        alerts=config.alerts,
        awaits=config.awaits if kind is GateKind.ALERTS else own_types,
        within=config.within,
    )
