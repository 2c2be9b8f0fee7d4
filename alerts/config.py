"""Reads routing.yaml, Alertmanager's format for what the two share: the route tree and its receivers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from alerts.config_parts import Duration, PositiveDuration, with_absolute_paths
from alerts.matchers import Matcher, parse_matchers
from alerts.receiver_config import ReceiverConfig
from domain.config_file import ConfigFile, ConfigModel, Location, load_file
from domain.errors import ConfigError, Problem

GROUP_BY_ALL = "..."
SHIPPED = Path(__file__).parent / "routing.yaml"


def _matchers(value: object) -> object:
    if isinstance(value, str):
        return parse_matchers(value)
    return value


def _flatten(value: tuple[tuple[Matcher, ...], ...]) -> tuple[Matcher, ...]:
    return tuple(matcher for one in value for matcher in one)


def _group_by(value: tuple[str, ...]) -> tuple[str, ...]:
    if GROUP_BY_ALL in value and len(value) > 1:
        raise ValueError("is ... and other labels together; give [...] alone, or only labels")
    for label in value:
        if not label:
            raise ValueError("is a list with an empty name; give names of labels")
        if value.count(label) > 1:
            raise ValueError(f'is a list with "{label}" twice; give each label once')
    return value


MatcherText = Annotated[tuple[Matcher, ...], BeforeValidator(_matchers)]


class RouteConfig(ConfigModel):
    """A node of the route tree; what it leaves out it takes from the node above."""

    receiver: str | None = None
    group_by: Annotated[tuple[str, ...], AfterValidator(_group_by)] | None = None
    group_wait: Duration | None = None
    group_interval: PositiveDuration | None = None
    repeat_interval: PositiveDuration | None = None
    matchers: tuple[MatcherText, ...] = ()
    continue_: bool = Field(default=False, alias="continue")
    routes: tuple["RouteConfig", ...] = ()

    @property
    def all_matchers(self) -> tuple[Matcher, ...]:
        """Every matcher an alert must meet, from all lines of the list."""
        return _flatten(self.matchers)


class RoutingConfig(ConfigModel):
    """The whole file."""

    route: RouteConfig
    receivers: tuple[ReceiverConfig, ...]


def load_routing(path: Path = SHIPPED) -> RoutingConfig:
    """The checked routing file at `path`, paths inside it made relative to its folder; else ConfigError."""
    file = load_file(path, RoutingConfig, titles={"receivers": ("receiver", "name")})
    problems = [*_root_problems(file), *_receiver_problems(file), *_route_problems(file)]
    if problems:
        raise ConfigError(problems)
    return with_absolute_paths(file.model, path.parent)


def _root_problems(file: ConfigFile[RoutingConfig]) -> Iterator[Problem]:
    root = file.model.route
    if root.receiver is None:
        yield file.problem(("route",), "route: the first route needs a receiver; it gets what no other takes")
    if root.matchers:
        yield file.problem(
            ("route", "matchers"), "route.matchers: the first route takes every alert; leave its matchers out"
        )
    if root.continue_:
        yield file.problem(("route", "continue"), "route.continue: the first route has no next one; leave continue out")


def _receiver_problems(file: ConfigFile[RoutingConfig]) -> Iterator[Problem]:
    names: set[str] = set()
    for index, receiver in enumerate(file.model.receivers):
        place: Location = ("receivers", index)
        if receiver.name in names:
            message = f'receiver "{receiver.name}" is given twice; give each name once'
            yield file.problem((*place, "name"), message)
        names.add(receiver.name)


def _route_problems(file: ConfigFile[RoutingConfig]) -> Iterator[Problem]:
    known = {receiver.name for receiver in file.model.receivers}
    waiting: list[tuple[Location, RouteConfig]] = [(("route",), file.model.route)]
    while waiting:
        place, route = waiting.pop()
        if route.receiver is not None and route.receiver not in known:
            defined = ", ".join(sorted(known)) or "none"
            message = f'receiver "{route.receiver}" is not under receivers; defined there: {defined}'
            yield file.problem((*place, "receiver"), message)
        waiting += [((*place, "routes", index), child) for index, child in enumerate(route.routes)]
