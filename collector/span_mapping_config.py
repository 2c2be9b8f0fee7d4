"""Reads correlation.yaml: the attributes that tie spans to objects and runs, and the spans that are milestones."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from collector.receivers.canonical_events import URI_REFERENCE
from domain.config_file import ConfigModel, load_model
from domain.money import is_currency
from domain.span_names import CORRELATION_ID, SpanNames

_MAPPING_NAME = re.compile(r"[a-z][a-z0-9_]*")
Attribute = Annotated[str, Field(min_length=1)]
Text = Annotated[str, Field(min_length=1)]
Status = Literal["unset", "ok", "error"]


def _mapping_name(name: str) -> str:
    if not _MAPPING_NAME.fullmatch(name):
        raise ValueError(f'is "{name}"; give small letters, digits and _, such as erp_order_posted')
    return name


def _currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError(f'is "{code}"; give an ISO 4217 code such as EUR')
    return code


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _as_texts(value: object) -> object:
    """What an attribute may be, as the texts that attributes are compared by."""
    return [_as_text(each) for each in value] if isinstance(value, list) else [_as_text(value)]


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_texts), Field(min_length=1)]


class ObjectConfig(ConfigModel):
    """A business object of the event: `id` is the attribute that holds its id."""

    type: Text
    id: Attribute
    qualifier: str = ""


class AmountConfig(ConfigModel):
    """The event's amount: the attribute that holds it, and its currency or the attribute that holds that."""

    attribute: Attribute
    currency: Annotated[str, AfterValidator(_currency)] | None = None
    currency_attribute: Attribute | None = None

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        if (self.currency is None) == (self.currency_attribute is None):
            raise ValueError("give one of currency and currency_attribute")
        return self


class SpanMappingConfig(ConfigModel):
    """Which spans become which event. An error is no milestone unless `status` says so."""

    mapping: Annotated[str, AfterValidator(_mapping_name)]
    service: Annotated[tuple[Text, ...], BeforeValidator(_as_list), Field(min_length=1)]
    span: Text = "*"
    status: Annotated[tuple[Status, ...], BeforeValidator(_as_list), Field(min_length=1)] = ("unset", "ok")
    attributes: dict[Attribute, Texts] = Field(default_factory=dict)
    event: Text
    source: str | None = None
    objects: Annotated[tuple[ObjectConfig, ...], Field(min_length=1)]
    amount: AmountConfig | None = None
    legal_entity: Attribute | None = None
    region: Attribute | None = None
    copied: tuple[Attribute, ...] = Field(default=(), alias="copy")

    @model_validator(mode="after")
    def _has_source(self) -> Self:
        for source in [self.source] if self.source is not None else self.service:
            if not URI_REFERENCE.fullmatch(source):
                raise ValueError(f'source would be "{source}", which is no URI reference; give source, such as erp')
        return self


class CorrelationConfig(ConfigModel):
    """What correlation.yaml says."""

    correlation_id: Annotated[tuple[Attribute, ...], Field(min_length=1)] = (CORRELATION_ID,)
    objects: dict[Attribute, Text] = Field(default_factory=dict)
    span_mappings: tuple[SpanMappingConfig, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [each.mapping for each in self.span_mappings]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ValueError(f'mapping "{min(repeated)}" is given twice; names tell mappings apart')
        return self

    @property
    def span_names(self) -> SpanNames:
        """The attributes that tie spans to objects and runs."""
        return SpanNames(self.correlation_id, self.objects)


def load_correlation(path: Path) -> CorrelationConfig:
    """The checked correlation file; ConfigError names every problem with its place."""
    return load_model(path, CorrelationConfig, {"span_mappings": ("mapping", "mapping")})
