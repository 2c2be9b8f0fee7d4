"""The contract files as their authors write them, checked one by one and together, and the contracts they make."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from collector.allowance import parse_rate
from collector.field_types import TYPES, WORDS
from domain.config_file import ConfigFile, ConfigModel, Location, load_file, show
from domain.contract import (
    Contracts,
    EventContract,
    FieldType,
    Link,
    ObjectContract,
    OnForeignSource,
    OnViolation,
    Protection,
    SourceContract,
    StateMachine,
)
from domain.duration import ACCEPTED as ACCEPTED_DURATION
from domain.duration import parse_duration
from domain.errors import ConfigError, Problem

SHIPPED = Path(__file__).parent / "contracts"
TITLES = {
    "events": ("event contract", "event"),
    "objects": ("object contract", "object"),
    "sources": ("source", "source"),
}
_NESTED = re.compile(r"attributes\.\S.*|extensions\.[a-z0-9]+|data(?:\.[^.\s]+)+")
# They are read from these members of `data` and have names of their own.
_CANONICAL_MEMBERS = ("objects", "attributes", "amount", "currency", "legal_entity", "region")
_ACCEPTED_PERSONAL = "attributes.NAME, extensions.NAME or data.PATH"


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; give a name, such as order.approved")
    return text


def _silence(value: object) -> timedelta:
    try:
        duration = parse_duration(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"is {show(value)}; give {ACCEPTED_DURATION}") from None
    if not duration:
        raise ValueError("is 0s; give a duration above zero, such as 4h")
    return duration


def _personal_field(name: str) -> str:
    if not _NESTED.fullmatch(name):
        raise ValueError(f"{show(name)} cannot be masked; give {_ACCEPTED_PERSONAL}")
    member = name.split(".")[1]
    if name.startswith("data.") and member in _CANONICAL_MEMBERS:
        other = name.removeprefix("data.") if member == "attributes" and name.count(".") > 1 else "another field"
        raise ValueError(f"{show(name)} is not a path into a system's own data; give {other}")
    return name


def _field(name: str) -> str:
    if name in WORDS:
        return name
    if not _NESTED.fullmatch(name):
        raise ValueError(f"{show(name)} is not a field; give {', '.join(WORDS)}, {_ACCEPTED_PERSONAL}")
    return _personal_field(name)


def _rate(value: object) -> float | None:
    return parse_rate(value if isinstance(value, str) else show(value))


def _field_type(value: object) -> object:
    if isinstance(value, str) and value in TYPES:
        return value
    if isinstance(value, list) and value and all(isinstance(word, str) and word for word in value):
        return tuple(value)
    raise ValueError(f"is {show(value)}; give {', '.join(TYPES)} or a list of the texts it may be")


Name = Annotated[str, AfterValidator(_not_blank)]
Version = Annotated[int, Field(strict=True, ge=1)]
Silence = Annotated[timedelta, BeforeValidator(_silence)]
Rate = Annotated[float | None, BeforeValidator(_rate)]
Fields = dict[Annotated[str, AfterValidator(_field)], Annotated[FieldType, BeforeValidator(_field_type)]]


class LinkConfig(ConfigModel):
    """An object that the event names beside its own; `joins` is the object type's unless given."""

    object_type: Name = Field(alias="object")
    qualifier: str = ""
    joins: bool | None = None


class EventConfig(ConfigModel):
    """The contract of one event type."""

    type: Name = Field(alias="event")
    version: Version
    owner: Name
    object_type: Name = Field(alias="object")
    sources: Annotated[tuple[Name, ...], Field(min_length=1)]
    aliases: tuple[Name, ...] = ()
    required: Fields = Field(default_factory=dict)
    optional: Fields = Field(default_factory=dict)
    links: tuple[LinkConfig, ...] = ()
    personal_data: dict[Annotated[str, AfterValidator(_personal_field)], Protection] = Field(default_factory=dict)
    silent_after: dict[Name, Silence] = Field(default_factory=dict)
    on_violation: OnViolation = OnViolation.FLAG
    field_sources: dict[Annotated[str, AfterValidator(_field)], Annotated[tuple[Name, ...], Field(min_length=1)]] = (
        Field(default_factory=dict)
    )
    on_foreign_source: OnForeignSource = OnForeignSource.TAKE

    @model_validator(mode="after")
    def _fits_together(self) -> "EventConfig":
        if both := sorted(self.required.keys() & self.optional.keys()):
            raise ValueError(f"{both[0]} is both required and optional; give it once")
        if strange := [source for source in self.silent_after if source not in self.sources]:
            raise ValueError(
                f"silent_after names {show(strange[0])}; give one of its sources, {', '.join(self.sources)}"
            )
        if unknown := sorted(self.field_sources.keys() - self.required.keys() - self.optional.keys()):
            raise ValueError(f"field_sources names {show(unknown[0])}; give a field under required or optional")
        return self


class ObjectConfig(ConfigModel):
    """The contract of one type of business object."""

    object_type: Name = Field(alias="object")
    version: Version
    owner: Name
    joins: bool = True
    start: Name | None = None
    transitions: dict[Name, dict[Name, Name]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _reaches_every_state(self) -> "ObjectConfig":
        if bool(self.transitions) != bool(self.start):
            raise ValueError("start and transitions belong together; give both or neither")
        reached: set[str] = set()
        waiting = [self.start] if self.start else []
        while waiting:
            state = waiting.pop()
            if state not in reached:
                reached.add(state)
                waiting.extend(self.transitions.get(state, {}).values())
        if lost := sorted(self.transitions.keys() - reached):
            raise ValueError(f"no transition leads from {show(self.start)} to the state {show(lost[0])}")
        return self


class SourceConfig(ConfigModel):
    """The contract of one sending system."""

    source: Name
    aliases: tuple[Name, ...] = ()
    silent_after: Silence | None = None
    rate_limit: Rate = None


class ContractsConfig(ConfigModel):
    """A file of contracts."""

    sources: tuple[SourceConfig, ...] = ()
    objects: tuple[ObjectConfig, ...] = ()
    events: tuple[EventConfig, ...] = ()


@dataclass(frozen=True, slots=True)
class ContractFiles:
    """All contract files of one folder, read, with the place of every part."""

    files: tuple[ConfigFile[ContractsConfig], ...]
    contracts: Contracts

    def place(self, kind: str, name: str, *below: int | str) -> Problem:
        """Where a contract stands, or a part of it; ValueError when there is none of that kind and name."""
        for file, location, found in _parts(self.files, kind):
            if found == name:
                return file.problem((*location, *below), "")
        raise ValueError(f"there are no {kind} named {name}")


def load_contracts(folder: Path) -> ContractFiles:
    """The contracts of all *.yaml in a folder; ConfigError names every problem in them."""
    paths = sorted(folder.rglob("*.yaml")) if folder.is_dir() else [folder]
    if not paths:
        raise ConfigError([Problem(folder, 0, 0, "holds no contract files (*.yaml)")])
    files: list[ConfigFile[ContractsConfig]] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            files.append(load_file(path, ContractsConfig, TITLES))
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        # What a file that cannot be read holds would be missed in the others.
        raise ConfigError(problems)
    return join_files(files)


def join_files(files: Iterable[ConfigFile[ContractsConfig]]) -> ContractFiles:
    """The contracts that files make together; ConfigError where they do not fit each other."""
    files = tuple(files)
    problems = [*_repeated(files), *_undefined(files)]
    if problems:
        raise ConfigError(problems)
    sources = {config.source: _source(config) for file in files for config in file.model.sources}
    objects = {config.object_type: _object(config) for file in files for config in file.model.objects}
    events = {config.type: _event(config, objects) for file in files for config in file.model.events}
    return ContractFiles(files, Contracts(events, objects, sources))


def _parts(
    files: Iterable[ConfigFile[ContractsConfig]], kind: str
) -> Iterator[tuple[ConfigFile[ContractsConfig], Location, str]]:
    """Every contract of a kind: its file, its place there and its name."""
    for file in files:
        for number, config in enumerate(getattr(file.model, kind)):
            yield file, (kind, number), _name(config)


def _name(config: EventConfig | ObjectConfig | SourceConfig) -> str:
    if isinstance(config, EventConfig):
        return config.type
    return config.object_type if isinstance(config, ObjectConfig) else config.source


def _repeated(files: Iterable[ConfigFile[ContractsConfig]]) -> Iterator[Problem]:
    """Names that stand for two things: contracts of one name, aliases that are another's name."""
    for kind, (title, _) in TITLES.items():
        taken: dict[str, str] = {}
        claims = [(file, location, name, "") for file, location, name in _parts(files, kind)]
        for file, location, name in _parts(files, kind):
            config = getattr(file.model, kind)[location[1]]
            aliases = getattr(config, "aliases", ())
            claims += [(file, (*location, "aliases", at), alias, name) for at, alias in enumerate(aliases)]
        for file, location, claimed, owner in claims:
            place = file.problem(location, "")
            if claimed in taken:
                what = f'{title} "{owner}": alias "{claimed}"' if owner else f'{title} "{claimed}"'
                message = f"{what} is given twice; the first is in {taken[claimed]}"
                yield Problem(place.path, place.line, place.column, message)
            taken.setdefault(claimed, f"{place.path}:{place.line}")


def _undefined(files: Iterable[ConfigFile[ContractsConfig]]) -> Iterator[Problem]:
    """Names that no file defines: mostly misspelt ones."""
    files = tuple(files)
    known = {kind: {name for _, _, name in _parts(files, kind)} for kind in TITLES}
    for file in files:
        for number, event in enumerate(file.model.events):
            uses = [
                ("objects", event.object_type, ("object",)),
                *(("objects", link.object_type, ("links", at, "object")) for at, link in enumerate(event.links)),
                *(("sources", source, ("sources", at)) for at, source in enumerate(event.sources)),
                *(
                    ("sources", source, ("field_sources", name, at))
                    for name, owners in event.field_sources.items()
                    for at, source in enumerate(owners)
                ),
            ]
            for kind, name, below in uses:
                if name not in known[kind]:
                    title = f'event contract "{event.type}"'
                    yield _not_defined(file, ("events", number, *below), title, kind, name, known[kind])
        for number, config in enumerate(file.model.objects):
            for state, legal in config.transitions.items():
                for name in legal.keys() - known["events"]:
                    title = f'object contract "{config.object_type}"'
                    location = ("objects", number, "transitions", state, name)
                    yield _not_defined(file, location, title, "events", name, known["events"])


def _not_defined(
    file: ConfigFile[ContractsConfig], location: Location, title: str, kind: str, name: str, known: set[str]
) -> Problem:
    accepted = f"one of {', '.join(sorted(known))}" if known else f"a name that stands under {kind}"
    return file.problem(location, f"{title}: {show(name)} stands under no {kind}; give {accepted}")


def _event(config: EventConfig, objects: Mapping[str, ObjectContract]) -> EventContract:
    return EventContract(
        type=config.type,
        version=config.version,
        owner=config.owner,
        object_type=config.object_type,
        sources=config.sources,
        required=config.required,
        optional=config.optional,
        links=tuple(
            Link(
                link.object_type,
                link.qualifier,
                objects[link.object_type].joins if link.joins is None else link.joins,
            )
            for link in config.links
        ),
        personal_data=config.personal_data,
        silent_after=config.silent_after,
        on_violation=config.on_violation,
        aliases=config.aliases,
        field_sources=config.field_sources,
        on_foreign_source=config.on_foreign_source,
    )


def _object(config: ObjectConfig) -> ObjectContract:
    machine = StateMachine(config.start, config.transitions) if config.start else None
    return ObjectContract(config.object_type, config.version, config.owner, config.joins, machine)


def _source(config: SourceConfig) -> SourceContract:
    return SourceContract(config.source, config.aliases, config.silent_after, config.rate_limit)
