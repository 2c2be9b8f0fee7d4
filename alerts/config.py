"""Reads routing.yaml, Alertmanager's format for what the two share: the route tree and its receivers."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from alerts.matchers import Matcher, parse_matchers
from domain.config_file import ConfigFile, ConfigModel, Location, load_file
from domain.duration import parse_duration
from domain.errors import ConfigError, Problem

GROUP_BY_ALL = "..."
SHIPPED = Path(__file__).parent / "routing.yaml"
T = TypeVar("T")


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _duration_above_zero(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("is 0s; give a duration above zero, such as 5m")
    return value


def _matchers(value: object) -> object:
    if isinstance(value, str):
        return parse_matchers(value)
    return value


def _flatten(value: tuple[tuple[Matcher, ...], ...]) -> tuple[Matcher, ...]:
    return tuple(matcher for one in value for matcher in one)


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not a web address; give one such as https://hooks.example.com/milepost")
    return value


def _group_by(value: tuple[str, ...]) -> tuple[str, ...]:
    if GROUP_BY_ALL in value and len(value) > 1:
        raise ValueError("is ... and other labels together; give [...] alone, or only labels")
    for label in value:
        if not label:
            raise ValueError("is a list with an empty name; give names of labels")
        if value.count(label) > 1:
            raise ValueError(f'is a list with "{label}" twice; give each label once')
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
PositiveDuration = Annotated[Duration, AfterValidator(_duration_above_zero)]
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


class WebhookConfig(ConfigModel):
    """Where and how to post; `secret_file` or `secret_env` names the key that signs the body."""

    url: Annotated[str, AfterValidator(_http_url)] | None = None
    url_file: Path | None = None
    send_resolved: bool = True
    max_alerts: int = Field(default=0, ge=0)
    timeout: PositiveDuration = timedelta(seconds=10)
    secret_file: Path | None = None
    secret_env: str | None = None


class ReceiverConfig(ConfigModel):
    """Somebody to tell, by any number of integrations; none means the console alone shows the alert."""

    name: str = Field(min_length=1)
    webhook_configs: tuple[WebhookConfig, ...] = ()


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
    return _with_absolute_paths(file.model, path.parent)


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
        for number, webhook in enumerate(receiver.webhook_configs):
            at = (*place, "webhook_configs", number)
            title = f'receiver "{receiver.name}": webhook_configs[{number}]'
            if (webhook.url is None) == (webhook.url_file is None):
                yield file.problem(at, f"{title}: give either url or url_file")
            if webhook.secret_file is not None and webhook.secret_env is not None:
                yield file.problem(at, f"{title}: give at most one of secret_file and secret_env")


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


def _with_absolute_paths(config: RoutingConfig, folder: Path) -> RoutingConfig:
    def resolve(webhook: WebhookConfig) -> WebhookConfig:
        paths = {
            name: folder / path for name in ("url_file", "secret_file") if (path := getattr(webhook, name)) is not None
        }
        return webhook.model_copy(update=paths)

    receivers = tuple(
        receiver.model_copy(update={"webhook_configs": tuple(map(resolve, receiver.webhook_configs))})
        for receiver in config.receivers
    )
    return config.model_copy(update={"receivers": receivers})
