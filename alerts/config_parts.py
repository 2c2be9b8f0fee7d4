"""What the parts of a routing file have in common: durations, addresses, secrets, and how HTTP is spoken."""

import re
import ssl
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from alerts.matchers import Matcher, parse_matchers
from alerts.notifiers.notifier import Notifier
from domain.config_file import ConfigModel
from domain.duration import parse_duration
from domain.errors import ConfigError

M = TypeVar("M", bound=ConfigModel)
# What may stand in a header or an address as it is.
_VISIBLE = re.compile(r"[\x21-\x7e]+")


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _matchers(value: object) -> object:
    return parse_matchers(value) if isinstance(value, str) else value


def _duration_above_zero(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("is 0s; give a duration above zero, such as 5m")
    return value


def is_web_address(value: str) -> bool:
    """Whether a text is an http or https address that can be called."""
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and bool(httpx.URL(value).host)
    except (ValueError, httpx.InvalidURL):
        return False


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not a web address; give one such as https://hooks.example.com/milepost")
    return value


def _without_password(value: str) -> str:
    if urlsplit(value).password is not None:
        raise ValueError("is an address with a password, which does not belong in this file; give one without")
    return value


def _no_template(value: str) -> str:
    if "{{" in value:
        raise ValueError("is a template; Milepost writes its own messages: give plain text, or leave it out")
    return value


def _refuse_inline(value: object, info: ValidationInfo) -> None:
    raise ValueError(
        f"is a secret, which does not belong in this file; give {info.field_name}_file, the name of a file that holds "
        f"it, or {info.field_name}_env, the name of an environment variable"
    )


def _refuse_redirects(value: bool) -> bool:
    if value:
        raise ValueError("is true; messages go to configured addresses only: give false, or leave it out")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
PositiveDuration = Annotated[Duration, AfterValidator(_duration_above_zero)]
MatcherText = Annotated[tuple[Matcher, ...], BeforeValidator(_matchers)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Text = Annotated[str, Field(min_length=1), AfterValidator(_no_template)]
# Alertmanager's key for a secret in the file itself: known, so that its refusal can say what to write instead.
InlineSecret = Annotated[None, BeforeValidator(_refuse_inline), Field(default=None, exclude=True)]


class TlsConfig(ConfigModel):
    """Whom to believe and who to be; the certificate of the other side is always checked."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("give cert_file and key_file together")
        return self

    def context(self) -> ssl.SSLContext:
        """What connections are made with; ConfigError where a file cannot be used."""
        path = self.ca_file
        try:
            context = ssl.create_default_context(cafile=path) if path else httpx.create_ssl_context(trust_env=False)
            path = self.cert_file
            if path:
                context.load_cert_chain(path, self.key_file)
        except (OSError, ssl.SSLError) as error:
            cause = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise ConfigError(message=f"{path} cannot be read: {cause}") from error
        return context


class HttpConfig(ConfigModel):
    """Alertmanager's `http_config`, as far as it makes sense here: no proxy unless one is named, no redirects."""

    proxy_url: Annotated[HttpUrl, AfterValidator(_without_password)] | None = None
    follow_redirects: Annotated[bool, AfterValidator(_refuse_redirects)] = False
    tls_config: TlsConfig = TlsConfig()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a notifier needs besides its own entry: where the console is, and the environment's variables."""

    console_url: str
    environ: Mapping[str, str]


class IntegrationConfig(ConfigModel):
    """One entry under a receiver: where to send, and what makes the notifier that does."""

    send_resolved: bool = True

    @abstractmethod
    def notifier(self, surroundings: Surroundings) -> Notifier:
        """Ready to send; ConfigError when a file or a variable that the entry names is missing."""


class HttpIntegrationConfig(IntegrationConfig):
    """An integration that speaks HTTP."""

    timeout: PositiveDuration = timedelta(seconds=10)
    http_config: HttpConfig = HttpConfig()


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is kept; read anew for every message, so that it can be changed without a restart."""

    file: Path | None
    variable: str | None
    environ: Mapping[str, str]

    def read(self) -> str:
        """The secret; ConfigError, which never shows it, where there is none or it cannot be one."""
        text = self.read_text()
        if not _VISIBLE.fullmatch(text):
            raise ConfigError(message=f"{self.place} holds spaces or characters that a secret cannot have")
        return text

    def read_text(self) -> str:
        """As `read`, for a secret that may hold any characters, such as a password."""
        if self.file is not None:
            return read_secret_file(self.file)
        text = self.environ.get(self.variable or "")
        if not text:
            raise ConfigError(message=f"the environment variable {self.variable} is not set")
        return text

    def read_url(self) -> str:
        """The web address that is kept there; what stands there instead may be a secret and is not shown."""
        text = self.read()
        if not is_web_address(text):
            raise ConfigError(message=f"{self.place} does not hold a web address")
        return text

    @property
    def place(self) -> str:
        """What to call it in a message."""
        return str(self.file) if self.file is not None else f"the environment variable {self.variable}"


def read_secret_file(path: Path) -> str:
    """The text in a file, without the white space around it; ConfigError when there is none."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(message=f"{path} cannot be read: {cause}") from error
    if not text:
        raise ConfigError(message=f"{path} is empty")
    return text


def optional_secret(file: Path | None, variable: str | None, environ: Mapping[str, str]) -> Secret | None:
    """Where a secret is kept that an entry need not name; None where it does not."""
    return Secret(file, variable, environ) if file or variable else None


def require_one_of(config: ConfigModel, *names: str) -> None:
    """ValueError unless exactly one of these keys is given."""
    if sum(getattr(config, name) is not None for name in names) != 1:
        raise ValueError(f"give either {' or '.join(names)}")


def allow_one_of(config: ConfigModel, *names: str) -> None:
    """ValueError when more than one of these keys is given."""
    if sum(getattr(config, name) is not None for name in names) > 1:
        raise ValueError(f"give at most one of {' and '.join(names)}")


def with_absolute_paths(config: M, folder: Path) -> M:
    """The same, relative paths in it and in its parts taken from `folder`."""
    changes: dict[str, object] = {}
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, Path):
            changes[name] = folder / value
        elif isinstance(value, ConfigModel):
            changes[name] = with_absolute_paths(value, folder)
        elif isinstance(value, tuple) and any(isinstance(one, ConfigModel) for one in value):
            changes[name] = tuple(with_absolute_paths(one, folder) for one in value)
    return config.model_copy(update=changes)
