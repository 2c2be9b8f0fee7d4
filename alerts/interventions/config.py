"""Reads interventions.yaml: which calls to the middleware there are, whom they may reach, and what makes them good."""

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from alerts.config_parts import Duration, HttpConfig, PositiveDuration, require_one_of, with_absolute_paths
from alerts.interventions.templates import check_template, has_placeholder
from domain.config_file import ConfigFile, ConfigModel, load_file, show
from domain.errors import ConfigError, Problem

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TITLES = {"interventions": ("intervention", "name")}
# Set by Milepost or by how HTTP is spoken; another value would break what depends on it.
_OURS = ("content-length", "content-type", "host", "idempotency-key", "transfer-encoding", "connection", "user-agent")
# What these carry lets in whoever has it.
_SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "apikey")
_USUAL_PORTS = {"http": 80, "https": 443}
# In which order systems need what they refer to.
DEPENDENCY_ORDER = ("customer", "order", "invoice", "payment")
_LONGEST_DEADLINE = timedelta(hours=1)


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(f"is {show(value)}; give a snake_case name, such as repost_order")
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError(f"is {show(value)}; give a host, with its port where it is unusual: erp.example.com:8443")
    return value.lower()


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"is {show(value)}; give a web address such as https://erp.example.com/orders/{{object_id}}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("is an address with a name or a password, which do not belong in this file; use headers")
    if has_placeholder(parts.netloc):
        raise ValueError("is an address whose host is filled in; calls go to configured hosts only: write it out")
    if parts.fragment:
        raise ValueError("is an address with a fragment (#), which no server ever sees; leave it out")
    return check_template(value)


def _once_each(value: tuple[str, ...]) -> tuple[str, ...]:
    for one in value:
        if value.count(one) > 1:
            raise ValueError(f"is a list with {show(one)} twice; give each once")
    return value


def _templates(value: Any) -> Any:
    """A JSON document all of whose texts are templates."""
    if isinstance(value, str):
        return check_template(value)
    if isinstance(value, dict):
        return {key: _templates(inner) for key, inner in value.items()}
    return [_templates(inner) for inner in value] if isinstance(value, list) else value


def _header(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


def _header_name(value: str) -> str:
    if not _HEADER_NAME.fullmatch(value):
        raise ValueError(f"{show(value)} cannot name a header; give one such as X-Tenant")
    if value.lower() in _OURS:
        raise ValueError(f"{value} is set by Milepost; leave it out")
    return value


def _deadline(value: timedelta) -> timedelta:
    if value > _LONGEST_DEADLINE:
        raise ValueError("is more than 1h; somebody waits for the outcome: give less")
    return value


def _status(value: int) -> int:
    if not 200 <= value <= 499 or 300 <= value <= 399 or value in (401, 403, 408, 429):
        raise ValueError(f"is {value}; give a status that can say a call is taken: 2xx, or one such as 409")
    return value


Template = Annotated[str, Field(min_length=1), AfterValidator(check_template)]
Host = Annotated[str, AfterValidator(_host)]


class HeaderConfig(ConfigModel):
    """A header's value: a template, or a secret that stands in a file or a variable, after its prefix."""

    text: Template | None = None
    file: Path | None = None
    env: str | None = None
    prefix: str = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        require_one_of(self, "text", "file", "env")
        if self.text is not None and self.prefix:
            raise ValueError("prefix stands before a secret; write it into the text")
        return self


class RateLimitConfig(ConfigModel):
    """So many calls in any stretch of so long."""

    calls: Annotated[int, Field(ge=1, le=10_000)]
    per: PositiveDuration

    @model_validator(mode="after")
    def _bearable(self) -> Self:
        if self.per > timedelta(days=1):
            raise ValueError("per is more than 1d; give less")
        return self


class ExpectsConfig(ConfigModel):
    """The milestone that shows a call's success, in how long it must arrive, and which it must follow.

    `after` names the event that makes the milestone owed, where an object may owe it more than once.
    `skew` forgives clocks that disagree.
    """

    milestone: Annotated[str, Field(min_length=1)]
    within: PositiveDuration
    after: Annotated[str, Field(min_length=1)] | None = None
    skew: Duration = timedelta(minutes=1)


class InterventionConfig(ConfigModel):
    """One named call."""

    name: Annotated[str, AfterValidator(_name)]
    description: Annotated[str, Field(min_length=1)]
    object_type: Annotated[str, Field(alias="object", min_length=1)]
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    url: Annotated[str, AfterValidator(_url)]
    headers: dict[Annotated[str, AfterValidator(_header_name)], Annotated[HeaderConfig, BeforeValidator(_header)]] = (
        Field(default_factory=dict)
    )
    body: Annotated[dict[str, Any] | None, AfterValidator(_templates)] = None
    timeout: PositiveDuration = timedelta(seconds=10)
    give_up_after: Annotated[PositiveDuration, AfterValidator(_deadline)] = timedelta(minutes=1)
    taken: Annotated[tuple[Annotated[int, AfterValidator(_status)], ...], Field(min_length=1)] = (200, 201, 202, 204)
    expects: ExpectsConfig
    rate_limit: RateLimitConfig | None = None
    approval: Literal["second_person"] | None = None
    approval_expires: PositiveDuration = timedelta(hours=24)
    period: Literal["open", "any"] = "open"
    http_config: HttpConfig = HttpConfig()

    @property
    def reached(self) -> tuple[str, ...]:
        """What it calls, as `hosts` may name it: the host with its port, and without where that is the usual one."""
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        usual = _USUAL_PORTS[parts.scheme]
        with_port = f"{host}:{parts.port or usual}"
        return (with_port, host) if (parts.port or usual) == usual else (with_port,)


class InterventionsConfig(ConfigModel):
    """The whole file."""

    hosts: Annotated[tuple[Host, ...], Field(min_length=1), AfterValidator(_once_each)]
    order: Annotated[tuple[str, ...], AfterValidator(_once_each)] = DEPENDENCY_ORDER
    interventions: Annotated[tuple[InterventionConfig, ...], Field(min_length=1)]


class Interventions:
    """The calls there are, by name, and in which order objects of several types are called for."""

    def __init__(self, config: InterventionsConfig | None = None) -> None:
        """Without a file there are none."""
        self.by_name: Mapping[str, InterventionConfig] = (
            {one.name: one for one in config.interventions} if config else {}
        )
        self._order = config.order if config else DEPENDENCY_ORDER

    @property
    def known(self) -> dict[str, str]:
        """The object type that each is for, by name."""
        return {name: one.object_type for name, one in self.by_name.items()}

    def find(self, name: str) -> InterventionConfig | None:
        """The intervention of that name, if there is one."""
        return self.by_name.get(name)

    def rank(self, object_type: str) -> int:
        """Where a type comes in a run: what is not named comes last."""
        return self._order.index(object_type) if object_type in self._order else len(self._order)

    def unknown(self, name: str) -> str:
        """What to say of a name that no intervention has."""
        near = difflib.get_close_matches(name, self.by_name, n=1)
        if near:
            hint = f'did you mean "{near[0]}"?'
        elif self.by_name:
            hint = f"there are {', '.join(sorted(self.by_name))}"
        else:
            hint = "none is defined: interventions.yaml in MILEPOST_CONFIG would hold them"
        return f"there is no intervention {show(name)}; {hint}"


def load_interventions(path: Path | None) -> Interventions:
    """The checked interventions of a file, none where there is no file; ConfigError names every problem."""
    if path is None:
        return Interventions()
    file = load_file(path, InterventionsConfig, titles=_TITLES)
    if problems := [*_name_problems(file), *_host_problems(file), *_header_problems(file)]:
        raise ConfigError(problems)
    config = file.model
    found = tuple(_with_paths(one, path.parent) for one in config.interventions)
    return Interventions(config.model_copy(update={"interventions": found}))


def _with_paths(config: InterventionConfig, folder: Path) -> InterventionConfig:
    headers = {name: with_absolute_paths(header, folder) for name, header in config.headers.items()}
    return with_absolute_paths(config, folder).model_copy(update={"headers": headers})


def _name_problems(file: ConfigFile[InterventionsConfig]) -> Iterator[Problem]:
    names: set[str] = set()
    for index, one in enumerate(file.model.interventions):
        if one.name in names:
            message = f'intervention "{one.name}" is given twice; give each name once'
            yield file.problem(("interventions", index, "name"), message)
        names.add(one.name)


def _host_problems(file: ConfigFile[InterventionsConfig]) -> Iterator[Problem]:
    allowed = ", ".join(file.model.hosts)
    for index, one in enumerate(file.model.interventions):
        if not set(one.reached) & set(file.model.hosts):
            message = f'intervention "{one.name}": url calls {one.reached[-1]}, not under hosts; allowed: {allowed}'
            yield file.problem(("interventions", index, "url"), message)


def _header_problems(file: ConfigFile[InterventionsConfig]) -> Iterator[Problem]:
    for index, one in enumerate(file.model.interventions):
        for name, header in one.headers.items():
            if name.lower() in _SECRET_HEADERS and header.text is not None:
                message = (
                    f'intervention "{one.name}": headers.{name} is a secret, which does not belong in this file; give '
                    "{file: NAME}, a file that holds it, or {env: NAME}, an environment variable"
                )
                yield file.problem(("interventions", index, "headers", name), message)
