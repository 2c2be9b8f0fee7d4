"""The files that say how a vendor's webhooks are proved, split and mapped, as their authors write them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, model_validator

from collector.source_expressions import EVENT_NAMES, REQUEST_NAMES, SENDER_NAMES, Expression, compiler
from domain.config_file import ConfigFile, ConfigModel, load_file, show
from domain.duration import parse_duration
from domain.errors import ConfigError, Problem

SHIPPED = Path(__file__).parent / "sources"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TITLES = {"types": ("type", "type")}


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _zone(value: object) -> object:
    try:
        return ZoneInfo(value) if isinstance(value, str) and value else value
    except (OSError, ValueError, LookupError):
        raise ValueError(f"is {show(value)}; give a time zone such as Europe/Berlin") from None


def _authentication(value: object) -> object:
    # Left empty it is a mistake, not leave to take anything.
    return {"none": True} if value == "none" else value


def _alternatives(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _lower_case(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


EventExpression = Annotated[InstanceOf[Expression], BeforeValidator(compiler(EVENT_NAMES))]
SenderExpression = Annotated[InstanceOf[Expression], BeforeValidator(compiler(SENDER_NAMES))]
RequestExpression = Annotated[InstanceOf[Expression], BeforeValidator(compiler(REQUEST_NAMES))]
Text = Annotated[str, Field(min_length=1)]


class SecretConfig(ConfigModel):
    """Where a secret is: `secret_env` names the variable that holds it (with _FILE added: a file that does)."""

    secret_env: Text | None = None
    secret_file: Path | None = None

    @model_validator(mode="after")
    def _has_one_place(self) -> "SecretConfig":
        if (self.secret_env is None) == (self.secret_file is None):
            raise ValueError("give one of secret_env and secret_file: a secret does not stand in this file")
        return self


class HeaderPartConfig(ConfigModel):
    """Where in a header a value is: all of it, or of its parts between separators those with the prefix."""

    header: Text
    separator: Text | None = None
    prefix: str = ""


class TimestampConfig(HeaderPartConfig):
    """When a request was signed, as a number since 1970."""

    unit: Literal["seconds", "milliseconds"]


class HmacConfig(SecretConfig):
    """A signature over the request; `signed` is made of {method}, {uri}, {body} and {timestamp}."""

    signature: HeaderPartConfig
    signed: str = "{body}"
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    timestamp: TimestampConfig | None = None
    tolerance: Annotated[timedelta, BeforeValidator(_duration)] = timedelta(minutes=5)
    uri_decodes: str = ""

    @model_validator(mode="after")
    def _signs_the_body(self) -> "HmacConfig":
        placeholders = set(re.findall(r"\{(.*?)\}", self.signed))
        if unknown := placeholders - {"method", "uri", "body", "timestamp"}:
            raise ValueError(
                f"signed has {{{min(unknown)}}}; there are {{method}}, {{uri}}, {{body}} and {{timestamp}}"
            )
        if "body" not in placeholders:
            raise ValueError("signed leaves out {body}; a signature that does not cover the body proves nothing")
        if ("timestamp" in placeholders) != (self.timestamp is not None):
            raise ValueError("signed has {timestamp} exactly if timestamp says where it is")
        return self

    @property
    def needs_public_url(self) -> bool:
        """Whether the signature covers the address that the vendor calls."""
        return "{uri}" in self.signed


class BasicConfig(SecretConfig):
    """HTTP Basic; the secret is `user:password`."""


class TokenConfig(SecretConfig):
    """A token in a header, in the query of the address, or in either."""

    header: Text | None = None
    prefix: str = ""
    query: Text | None = None

    @model_validator(mode="after")
    def _has_a_place(self) -> "TokenConfig":
        if self.header is None and self.query is None:
            raise ValueError("say where the token is: header, query or both")
        return self


class SenderConfig(SecretConfig):
    """What a believed request must say of its sender: `holds`, in which `expected` are the texts at that place.

    Nothing is asked before there are any.
    """

    holds: SenderExpression


class CertificateConfig(SecretConfig):
    """The header in which a proxy that ends mutual TLS says whose certificate it saw, and what it says then.

    Nothing is asked before that is given.
    """

    header: Text


class AuthenticationConfig(ConfigModel):
    """One way to prove where a request comes from; `authentication: none` trusts whoever reaches the port.

    `sender` and `client_certificate` are asked for besides.
    """

    hmac: HmacConfig | None = None
    basic: BasicConfig | None = None
    token: TokenConfig | None = None
    none: Literal[True] | None = None
    sender: SenderConfig | None = None
    client_certificate: CertificateConfig | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "AuthenticationConfig":
        if sum(way is not None for way in (self.hmac, self.basic, self.token, self.none)) != 1:
            raise ValueError("give one of hmac, basic, token and none")
        return self

    @property
    def secret(self) -> SecretConfig | None:
        """Where the secret is; None where there is nothing to prove."""
        return self.hmac or self.basic or self.token


class ObjectConfig(ConfigModel):
    """A kind of business object an event names; `id` gives one id, a list of them, or null for none."""

    type: Text | None = None
    type_from: EventExpression | None = None
    id: EventExpression
    qualifier: str = ""

    @model_validator(mode="after")
    def _has_a_type(self) -> "ObjectConfig":
        if (self.type is None) == (self.type_from is None):
            raise ValueError("give one of type (a word) and type_from (an expression)")
        return self


class FieldsConfig(ConfigModel):
    """What an event says, as expressions over it."""

    id: EventExpression | None = None
    time: EventExpression | None = None
    subject: EventExpression | None = None
    correlation_id: EventExpression | None = None
    traceparent: EventExpression | None = None
    amount: EventExpression | None = None
    currency: EventExpression | None = None
    legal_entity: EventExpression | None = None
    region: EventExpression | None = None
    objects: tuple[ObjectConfig, ...] = ()
    attributes: dict[str, EventExpression] = Field(default_factory=dict)


class TypeConfig(FieldsConfig):
    """Events that become one type; its fields go before those of `map`, its objects and attributes beside them.

    `source` is for a vendor whose product is several systems in one.
    """

    when: EventExpression | None = None
    source: Text | None = None
    type: Text | None = None
    type_from: EventExpression | None = None

    @model_validator(mode="after")
    def _has_a_type(self) -> "TypeConfig":
        if (self.type is None) == (self.type_from is None):
            raise ValueError("give one of type (a word) and type_from (an expression)")
        return self


class ResponseConfig(ConfigModel):
    """What the vendor expects as its acknowledgement, for requests of which `when` holds."""

    when: RequestExpression
    content_type: Text
    body: str


class HandshakeConfig(ConfigModel):
    """Who may ask whether it may send here, as the CloudEvents HTTP webhook specification has it; * is anybody."""

    origins: Annotated[tuple[Text, ...], Field(min_length=1)]


class SourceConfig(ConfigModel):
    """A whole definition; of several `events` the first that gives any is the payload's form."""

    title: Text
    documentation: str = ""
    source: Text | None = None
    authentication: Annotated[AuthenticationConfig, BeforeValidator(_authentication)]
    handshake: HandshakeConfig | None = None
    headers: Annotated[tuple[str, ...], AfterValidator(_lower_case)] = ()
    events: Annotated[tuple[RequestExpression, ...], BeforeValidator(_alternatives)] = ()
    map: FieldsConfig
    types: Annotated[tuple[TypeConfig, ...], Field(min_length=1)]
    time_zone: Annotated[InstanceOf[ZoneInfo] | None, BeforeValidator(_zone)] = None
    when_time_is_missing: Literal["refuse", "received"] = "refuse"
    when_refused: Literal["refuse", "acknowledge"] = "refuse"
    currency_exponents: dict[str, Annotated[int, Field(ge=0, le=4)]] = Field(default_factory=dict)
    responses: tuple[ResponseConfig, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDefinition:
    """A checked definition; `name` is its file's, and the last part of its address."""

    name: str
    path: Path
    config: SourceConfig

    @property
    def source(self) -> str:
        """The `source` of its events whose type gives none."""
        return self.config.source or self.name

    @property
    def sources(self) -> tuple[str, ...]:
        """Every `source` that its events may have."""
        return tuple(dict.fromkeys([self.source, *(type_.source for type_ in self.config.types if type_.source)]))


@dataclass(frozen=True, slots=True)
class Expected:
    """What senders must say of themselves besides their proof; where there is nothing, nothing is asked."""

    senders: tuple[str, ...] = ()
    certificates: tuple[bytes, ...] = ()


def load_definitions(paths: Iterable[Path]) -> dict[str, SourceDefinition]:
    """The definitions that files and folders (their *.yaml) hold, a later one in place of an earlier of its name.

    ConfigError names every problem of all files.
    """
    definitions: dict[str, SourceDefinition] = {}
    problems: list[Problem] = []
    for path in _files(paths):
        try:
            file = load_file(path, SourceConfig, _TITLES)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        problems.extend(_problems(file))
        definitions[path.stem] = SourceDefinition(path.stem, path, file.model)
    if problems:
        raise ConfigError(problems)
    return definitions


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        files = sorted(path.glob("*.yaml"))
        if not files:
            raise ConfigError([Problem(path, 0, 0, "holds no source definitions (*.yaml)")])
        yield from files


def _problems(file: ConfigFile[SourceConfig]) -> Iterator[Problem]:
    config = file.model
    if not _NAME.fullmatch(file.path.stem):
        yield Problem(file.path, 0, 0, "is no name for a source; name the file in a-z, 0-9 and _, such as billing.yaml")
    for number, type_ in enumerate(config.types):
        name = f'type "{type_.type}"' if type_.type else f"type {number + 1}"
        if config.map.id is None and type_.id is None:
            yield file.problem(("types", number), f"{name}: has no id; give one here or under map")
        if type_.when is None and number < len(config.types) - 1:
            yield file.problem(("types", number), f"{name}: has no when, so the types after it are never reached")
    for currency in config.currency_exponents:
        if not re.fullmatch(r"[A-Z]{3}", currency):
            message = f'currency_exponents: "{currency}" is no currency; give ISO 4217 codes such as ISK'
            yield file.problem(("currency_exponents", currency), message)


def read_secrets(definition: SourceDefinition, environ: Mapping[str, str]) -> tuple[bytes, ...]:
    """The secrets of a source, one a line, any of which proves a request; none where nothing is configured yet."""
    place = definition.config.authentication.secret
    lines = secret_lines(place, definition.path, environ) if place else ()
    return tuple(line.encode() for line in lines)


def read_expected(definition: SourceDefinition, environ: Mapping[str, str]) -> Expected:
    """What is expected of a source's senders besides their proof; ConfigError where it cannot be read."""
    authentication = definition.config.authentication

    def lines(place: SecretConfig | None) -> tuple[str, ...]:
        return secret_lines(place, definition.path, environ) if place else ()

    certificates = tuple(line.encode() for line in lines(authentication.client_certificate))
    return Expected(lines(authentication.sender), certificates)


def secret_lines(place: SecretConfig, definition: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The secrets, one a line, at the place that a definition's file names; ConfigError where it cannot be read."""
    if place.secret_file is not None:
        text = _secret_file(definition, definition.parent / place.secret_file)
    elif file := environ.get(f"{place.secret_env}_FILE"):
        text = _secret_file(definition, Path(file))
    else:
        text = environ.get(place.secret_env or "", "")
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _secret_file(definition: Path, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError([Problem(definition, 0, 0, f"its secret in {path} cannot be read: {cause}")]) from None
