"""Settings from the environment or a `.env` file, all checked at start; an unknown MILEPOST_ name is refused."""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from collector.allowance import parse_rate
from domain.duration import parse_duration
from domain.errors import ConfigError
from milepost.secret_files import read_secret, with_password

PREFIX = "MILEPOST_"
SHIPPED = Path(__file__).resolve().parent.parent


class LogFormat(StrEnum):
    """How log lines are written."""

    TEXT = "text"
    JSON = "json"


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _rate(value: object) -> object:
    return parse_rate(value) if isinstance(value, str) else value


def _folder(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("there is no such user") from None


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it is no web address, such as https://milepost.example.com")
    return value


def _identifier(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError("it cannot name a cluster; give letters, digits and _")
    return value


def _console_address(value: str) -> str:
    # Paths of pages are put behind it.
    return _web_address(value).rstrip("/")


Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseModel):
    """What the environment says; each field is the variable MILEPOST_<FIELD>."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str = Field(
        default_factory=lambda: f"chdb://{Path('~/.milepost/store').expanduser()}",
        description="The store's DSN: chdb:///path/to/folder (embedded) or clickhouse://user:password@host:8123/database.",
        repr=False,
    )
    store_password_file: Annotated[Path | None, BeforeValidator(_folder)] = Field(
        default=None, description="A file that holds the password for the server that MILEPOST_STORE names."
    )
    cluster: Annotated[str, AfterValidator(_identifier)] = Field(
        default="",
        description="The name of the ClickHouse cluster that the store is a replica of, as its remote_servers has it.",
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    collector_port: Port = Field(default=4318, description="The collector's and the API's port; 0 takes a free one.")
    grpc_port: Port = Field(default=4317, description="The port for OTLP over gRPC; 0 takes a free one.")
    console_port: Port = Field(default=8501, description="The console's port; 0 takes a free one.")
    console_host: str | None = Field(
        default=None,
        description="The address for the console to listen on; with sign-in that of the collector, without it this "
        "machine alone.",
    )
    engine_port: Port = Field(
        default=4319, description="The port of `milepost engine`, for its health, metrics and API; 0 takes a free one."
    )
    engine_lease: Annotated[timedelta, BeforeValidator(_duration), Field(ge=timedelta(seconds=3))] = Field(
        default=timedelta(seconds=15),
        description="How long an engine on a server store may act after it last made sure that it is the only one, "
        "such as 15s; the same for all of them.",
    )
    config: Annotated[Path | None, BeforeValidator(_folder)] = Field(
        default=None,
        description="A folder with rules/, contracts/, routing.yaml, calendars.yaml, kpis.yaml and correlation.yaml, "
        "each of which replaces the shipped one, sources/, kpis/ and close/, which are added to the shipped ones, "
        "pulls/, interventions.yaml and sign_in.yaml.",
    )
    pull_files: Annotated[Path | None, BeforeValidator(_folder)] = Field(
        default=None, description="The folder that pulls may read files in."
    )
    public_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        default=None,
        description="The address under which the world reaches the collector; some vendors sign it.",
    )
    console_url: Annotated[str, AfterValidator(_console_address)] | None = Field(
        default=None,
        description="The address under which people reach the console; links in messages and sign-in lead there.",
    )
    grafana_url: Annotated[str, AfterValidator(_console_address)] | None = Field(
        default=None, description="The address of the Grafana that shows the boards; the console links to it."
    )
    tick: Annotated[timedelta, BeforeValidator(_duration), Field(ge=timedelta(seconds=1))] = Field(
        default=timedelta(seconds=5), description="How often rules are evaluated, such as 5s."
    )
    spool: Annotated[Path, BeforeValidator(_folder)] = Field(
        default_factory=lambda: Path("~/.milepost/spool").expanduser(),
        description="The folder that keeps what comes while a server store is away.",
    )
    spool_size: Annotated[ByteSize, Field(ge=1024 * 1024)] = Field(
        default=ByteSize(1024**3), description="How much each channel's spool may hold, such as 512MiB."
    )
    rate_limit: Annotated[float | None, BeforeValidator(_rate)] = Field(
        default=None,
        description="Events or spans a second or minute for a sender without a rate of its own, such as 5000/s, "
        "or unlimited.",
    )
    token: str = Field(default="", description="The token that `milepost demo` sends to the collector.", repr=False)
    token_file: Annotated[Path | None, BeforeValidator(_folder)] = Field(
        default=None, description="A file that holds that token, instead."
    )
    log: LogFormat = Field(default=LogFormat.TEXT, description="How log lines are written: text or json.")
    personal_data_key: SecretStr | None = Field(
        default=None, description="The secret that contracts hash personal data with, 16 characters or more."
    )
    personal_data_key_file: Annotated[Path | None, BeforeValidator(_folder)] = Field(
        default=None, description="A file that holds it, instead."
    )

    @property
    def rules_path(self) -> Path:
        """Where the rule definitions are."""
        return self._overlaid("rules", SHIPPED / "rules" / "definitions")

    @property
    def contracts_path(self) -> Path:
        """Where the contracts are."""
        return self._overlaid("contracts", SHIPPED / "collector" / "contracts")

    @property
    def calendars_path(self) -> Path:
        """Where the calendars are."""
        return self._overlaid("calendars.yaml", SHIPPED / "rules" / "calendars.yaml")

    @property
    def routing_path(self) -> Path:
        """Where the routing file is."""
        return self._overlaid("routing.yaml", SHIPPED / "alerts" / "routing.yaml")

    @property
    def sources_paths(self) -> list[Path]:
        """Where the source definitions are: a user's own come after the shipped ones, and so in their place."""
        own = self.config / "sources" if self.config else None
        return [SHIPPED / "collector" / "sources", *([own] if own and own.exists() else [])]

    @property
    def kpis_paths(self) -> list[Path]:
        """Where the definitions of KPIs are: a user's own come after the shipped ones, and so in their place."""
        own = self.config / "kpis" if self.config else None
        return [SHIPPED / "kpis" / "definitions", *([own] if own and own.exists() else [])]

    @property
    def kpi_settings_path(self) -> Path:
        """Where the file is that says how KPIs add up amounts."""
        return self._overlaid("kpis.yaml", SHIPPED / "kpis" / "kpis.yaml")

    @property
    def close_paths(self) -> list[Path]:
        """Where the gates of the close are: a user's own come after the shipped ones, and so in their place."""
        own = self.config / "close" if self.config else None
        return [SHIPPED / "close" / "definitions", *([own] if own and own.exists() else [])]

    @property
    def pulls_path(self) -> Path | None:
        """Where the definitions are of what is pulled from other systems."""
        return self.config / "pulls" if self.config else None

    @property
    def interventions_path(self) -> Path | None:
        """Where the calls to the middleware are defined; None where there are none."""
        own = self.config / "interventions.yaml" if self.config else None
        return own if own and own.exists() else None

    @property
    def sign_in_path(self) -> Path | None:
        """Where the file is that says how people sign in; None where there is no sign-in."""
        own = self.config / "sign_in.yaml" if self.config else None
        return own if own and own.exists() else None

    @property
    def correlation_path(self) -> Path:
        """Where the file is that ties spans to objects."""
        return self._overlaid("correlation.yaml", SHIPPED / "collector" / "correlation.yaml")

    def _overlaid(self, name: str, shipped: Path) -> Path:
        if self.config and (self.config / name).exists():
            return self.config / name
        return shipped


def load_settings(environ: dict[str, str] | None = None, dotenv: Path = Path(".env")) -> Settings:
    """The settings; ConfigError names every variable that is unknown or wrong and what is accepted.

    An empty value counts as not set.
    """
    values: dict[str, Any] = {}
    for source in (_read_dotenv(dotenv), os.environ if environ is None else environ):
        values.update(
            {name[len(PREFIX) :].lower(): value for name, value in source.items() if name.startswith(PREFIX) and value}
        )
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise ConfigError(message="\n".join(_sentence(detail) for detail in error.errors())) from None
    if settings.config and not settings.config.is_dir():
        raise ConfigError(message=f"MILEPOST_CONFIG: {settings.config} is not a folder")
    return _with_secrets(settings)


def _with_secrets(settings: Settings) -> Settings:
    """The same with what its files hold in place."""
    read: dict[str, str] = {}
    if settings.store_password_file:
        name = f"{PREFIX}STORE_PASSWORD_FILE"
        read["store"] = with_password(settings.store, settings.store_password_file, name)
    if settings.token_file:
        if settings.token:
            raise ConfigError(message="MILEPOST_TOKEN and MILEPOST_TOKEN_FILE are both set; set one")
        read["token"] = read_secret(settings.token_file, f"{PREFIX}TOKEN_FILE")
    return settings.model_copy(update=read) if read else settings


def _read_dotenv(path: Path) -> Mapping[str, str | None]:
    try:
        return dotenv_values(path) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(message=f"{path} cannot be read: {cause}") from None


def _sentence(detail: Any) -> str:
    name = PREFIX + str(detail["loc"][0]).upper()
    if detail["type"] == "extra_forbidden":
        known = ", ".join(PREFIX + field.upper() for field in Settings.model_fields)
        return f"{name} is not a setting; there are {known}"
    message = str(detail["msg"]).removeprefix("Value error, ")
    field = Settings.model_fields[str(detail["loc"][0])]
    return f"{name} is {detail['input']!r}: {message}. {field.description}"
