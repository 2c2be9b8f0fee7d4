"""How people sign in: the provider, and which of its groups have which role, from the user's `sign_in.yaml`."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from domain.config_file import ConfigModel, load_file
from domain.duration import parse_duration
from domain.errors import ConfigError, Problem
from domain.permission import Role

CALLBACK = "/oauth2callback"
LOOPBACK_NAMES = ("127.0.0.1", "::1", "localhost")
# Of a cookie's signature; Streamlit warns below 14 bytes.
_SHORTEST_SECRET = 32
_LONGEST_SESSION = timedelta(days=30)


def _provider_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(
            "is no web address; give that of the provider's metadata, such as "
            "https://login.example.com/.well-known/openid-configuration"
        )
    if parts.username or parts.password:
        raise ValueError("is an address with a user or password, which do not belong in this file; leave them out")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_NAMES:
        raise ValueError("is an http:// address, and what comes from it could be changed on the way; give an https one")
    return value


def _session(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _session_length(value: timedelta) -> timedelta:
    if not timedelta(minutes=5) <= value <= _LONGEST_SESSION:
        raise ValueError("is too short or too long; give 5m to 30d, such as 12h")
    return value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty; give a text")
    return value


_Text = Annotated[str, AfterValidator(_not_blank)]
_Groups = Annotated[tuple[_Text, ...], BeforeValidator(_one_or_more)]


class RolesConfig(ConfigModel):
    """The provider's groups that have each role; somebody of several groups has the highest."""

    viewer: _Groups = ()
    operator: _Groups = ()
    admin: _Groups = ()

    def of(self, role: Role) -> Sequence[str]:
        """The groups that have a role."""
        groups: Mapping[Role, Sequence[str]] = {
            Role.VIEWER: self.viewer,
            Role.OPERATOR: self.operator,
            Role.ADMIN: self.admin,
        }
        return groups[role]


class SignInConfig(ConfigModel):
    """One OpenID Connect provider; secrets are in files, never here."""

    provider: Annotated[str, AfterValidator(_provider_address)]
    client_id: _Text
    client_secret_file: Path
    cookie_secret_file: Path | None = None
    name: _Text = "the company's sign-in"
    groups_claim: _Text = "groups"
    name_claim: _Text = "email"
    roles: RolesConfig
    default_role: Role | None = None
    scopes: Annotated[tuple[_Text, ...], BeforeValidator(_one_or_more)] = ("openid", "email", "profile")
    session: Annotated[timedelta, BeforeValidator(_session), AfterValidator(_session_length)] = Field(
        default=timedelta(hours=12)
    )

    @model_validator(mode="after")
    def _lets_somebody_in(self) -> Self:
        if self.default_role is None and not any(self.roles.of(role) for role in Role):
            raise ValueError("names no group under roles and no default_role, so nobody could sign in; give one")
        if "openid" not in self.scopes:
            raise ValueError("scopes lacks openid, without which the provider says nothing of who signs in; add it")
        return self


@dataclass(frozen=True, slots=True)
class SignInSetup:
    """What sign-in works with; `secrets` is what Streamlit is given and nothing else may show."""

    config: SignInConfig
    origin: str
    client_secret: str
    cookie_secret: str

    def __repr__(self) -> str:
        return f"SignInSetup(provider={self.config.provider!r}, origin={self.origin!r})"

    @property
    def streamlit_secrets(self) -> dict[str, Any]:
        """The `auth` section that Streamlit expects in a secrets.toml."""
        return {
            "auth": {
                "redirect_uri": self.origin + CALLBACK,
                "cookie_secret": self.cookie_secret,
                "client_id": self.config.client_id,
                "client_secret": self.client_secret,
                "server_metadata_url": self.config.provider,
                "client_kwargs": {"scope": " ".join(self.config.scopes)},
            }
        }


def load_sign_in(path: Path) -> SignInConfig:
    """The checked file, its paths taken from its folder; ConfigError names every problem."""
    file = load_file(path, SignInConfig)
    config, folder = file.model, path.resolve().parent
    problems = []
    named: dict[str, Role] = {}
    for role in Role:
        for number, group in enumerate(config.roles.of(role)):
            if group in named:
                message = f'group "{group}" is given for {named[group]} and for {role}; give each group one role'
                problems.append(file.problem(("roles", role.value, number), message))
            named.setdefault(group, role)
    if problems:
        raise ConfigError(problems)
    absolute = {
        name: folder / value.expanduser()
        for name, value in (
            ("client_secret_file", config.client_secret_file),
            ("cookie_secret_file", config.cookie_secret_file),
        )
        if value is not None
    }
    return config.model_copy(update=absolute)


def set_up_sign_in(path: Path, config: SignInConfig, console_url: str) -> SignInSetup:
    """Sign-in for a console that people reach at an address; ConfigError for what would not be safe or not work.

    Without a cookie secret one is made that lasts as long as the process.
    """
    parts = urlsplit(console_url)
    if parts.path.strip("/"):
        raise _wrong(path, f"people reach the console at {console_url}, and sign-in needs an address without a path")
    if parts.scheme != "https" and parts.hostname not in LOOPBACK_NAMES:
        raise _wrong(
            path,
            f"people reach the console at {console_url}, where sign-ins could be read on the way; give its https:// "
            "address as MILEPOST_CONSOLE_URL, that of a proxy that speaks TLS",
        )
    cookie = secrets.token_urlsafe(48)
    if config.cookie_secret_file:
        cookie = _read(path, "cookie_secret_file", config.cookie_secret_file)
        if len(cookie) < _SHORTEST_SECRET:
            raise _wrong(
                path,
                f"cookie_secret_file {config.cookie_secret_file} holds {len(cookie)} characters; give a random text "
                f"of {_SHORTEST_SECRET} or more",
            )
    client = _read(path, "client_secret_file", config.client_secret_file)
    return SignInSetup(config, f"{parts.scheme}://{parts.netloc}", client, cookie)


def _read(path: Path, key: str, file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise _wrong(path, f"{key} {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _wrong(path, f"{key} {file} is not UTF-8 text") from None
    if not text:
        raise _wrong(path, f"{key} {file} is empty")
    return text


def _wrong(path: Path, message: str) -> ConfigError:
    return ConfigError([Problem(path, 0, 0, message)])
