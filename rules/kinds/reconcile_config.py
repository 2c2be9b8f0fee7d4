"""The reconcile kind as its authors write it."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, ClassVar, Literal, cast

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema, model_validator

from domain.config_file import ConfigModel, Location, show
from domain.money import ACCEPTED_AMOUNT, parse_amount
from domain.reconcile_rule import AMOUNT, CURRENCY, PRESENCE, ReconcileRule, Side
from rules.agreed_fields import doubt_fields, doubt_object
from rules.config_parts import ACCEPTED_FIELD, CommonConfig, Duration, FieldName, KindConfig, Name, Percent
from rules.references import References


def _as_side(value: object) -> object:
    """An event type by itself, or a list of them, is a side."""
    return {"event": value} if isinstance(value, str | list) else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _absolute(value: object) -> Decimal:
    # A number with a point would have lost its last digits to binary already.
    if isinstance(value, str | int) and not isinstance(value, bool):
        try:
            amount = parse_amount(str(value))
        except ValueError:
            amount = Decimal(-1)
        if amount >= 0:
            return amount
    raise ValueError(f"is {show(value)}; give {ACCEPTED_AMOUNT}, in quotes, zero or more")


_TEXT: dict[str, JsonValue] = {"type": "string", "pattern": r"\S"}
_TEXTS: dict[str, JsonValue] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_Names = Annotated[
    tuple[Name, ...], BeforeValidator(_as_list), WithJsonSchema({"description": "one event type, or a list", **_TEXTS})
]
_Fields = Annotated[
    tuple[FieldName, ...],
    Field(min_length=1),
    BeforeValidator(_as_list),
    WithJsonSchema({"description": f"one field, or a list: presence, {ACCEPTED_FIELD}", **_TEXTS}),
]
_Absolute = Annotated[
    Decimal,
    BeforeValidator(_absolute),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": "^[0-9]"}, {"type": "integer", "minimum": 0}]}),
]


class SideConfig(ConfigModel):
    """The statements of one side: event types, of one source where given; without types all that contracts name."""

    event_types: _Names = Field(default=(), alias="event")
    source: Name | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "SideConfig":
        if not self.event_types and self.source is None:
            raise ValueError("says nothing; give an event type, such as order.approved, a source, or both")
        return self


class ToleranceConfig(ConfigModel):
    """How far apart two amounts may be and agree: the larger of both."""

    absolute: _Absolute = Decimal(0)
    relative: Percent = Fraction(0)

    @model_validator(mode="after")
    def _tolerates(self) -> "ToleranceConfig":
        if self.relative < 0 or self.relative >= 1:
            raise ValueError("relative is a share of the left side; give 0% or more, and less than 100%")
        return self


_Side = Annotated[
    SideConfig,
    BeforeValidator(_as_side),
    WithJsonSchema(
        {
            "description": "an event type or a list of them; or event, source, or both",
            "anyOf": [
                *cast(list[JsonValue], _TEXTS["anyOf"]),
                {
                    "type": "object",
                    "properties": {"event": _TEXTS, "source": _TEXT},
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            ],
        }
    ),
]


class ReconcileConfig(KindConfig):
    """`left` and `right` must agree on the fields of `on`, or within `tolerance`, before `settle` is over."""

    takes: ClassVar[frozenset[str]] = frozenset(("where", "unless", "calendar", "intervention"))
    window_key: ClassVar[str] = "settle"
    fills: ClassVar[frozenset[str]] = frozenset(("left", "right", "difference"))

    object_type: Name = Field(alias="object")
    left: _Side
    right: _Side
    on: _Fields
    numbers: _Fields = ()
    sum_: Literal["right"] | None = Field(default=None, alias="sum")
    less: _Names = ()
    tolerance: ToleranceConfig | None = None
    settle: Duration = timedelta(0)

    @model_validator(mode="after")
    def _fits(self) -> "ReconcileConfig":
        foreign = sorted(set(self.on) - {AMOUNT, PRESENCE})
        if self.sum_ and AMOUNT not in self.on:
            raise ValueError("sum adds amounts; name amount in on")
        if self.sum_ and foreign:
            raise ValueError(f"sum adds amounts, and on names {foreign[0]} as well; give that a rule of its own")
        if self.less and not self.sum_:
            raise ValueError("less is taken off a sum, and there is none; give sum: right")
        if strange := sorted(set(self.numbers) - set(self.on) | set(self.numbers) & {AMOUNT, CURRENCY, PRESENCE}):
            raise ValueError(f"numbers names {strange[0]}; give attributes that on names too and that hold numbers")
        if self.tolerance and AMOUNT not in self.on and not self.numbers:
            raise ValueError("tolerance is of amounts and numbers, and on names no amount; remove it, or give numbers")
        for type_ in self.less:
            if type_ in (*self.left.event_types, *self.right.event_types):
                raise ValueError(f"less names {show(type_)}, which a side names too; give it once")
        return self

    def check(self, common: CommonConfig) -> None:
        """ValueError where the common keys do not fit."""
        super().check(common)
        for type_ in (*self.left.event_types, *self.right.event_types, *self.less):
            if type_ in common.unless:
                raise ValueError(f"unless names {show(type_)}, which the rule itself compares")

    def problems(self, references: References) -> Iterator[tuple[Location, str]]:
        """Where nothing says which events a side states, or where one event is of both sides."""
        for name, config in (("left", self.left), ("right", self.right)):
            if not self._types(config, references, ()):
                yield (
                    (name,),
                    f'no contract has events of "{self.object_type}"; name the event types of {config.source}, '
                    "such as event: customer.updated",
                )
        left, right = (self._side(config, references, ()) for config in (self.left, self.right))
        both = sorted({*left.event_types} & {*right.event_types, *self.less})
        if both and (left.source is None or right.source is None or left.source == right.source):
            yield (
                ("right",),
                f"left and right both take {both[0]} of {left.source or right.source or 'any source'}; name other "
                "event types, or a source for each side",
            )

    def doubts(self, references: References) -> Iterator[tuple[Location, str]]:
        """Where no contract knows the object, or names a field."""
        yield from doubt_object(references.contracts, self.object_type)
        types = [name for side in (self.left, self.right) for name in self._types(side, references, ())]
        fields: list[tuple[Location, str]] = [(("on", number), name) for number, name in enumerate(self.on)]
        yield from doubt_fields(references.contracts, types, fields)

    def longest_window(self, common: CommonConfig) -> timedelta:
        """How long they may disagree."""
        return self.settle

    def rule(self, group: str, common: CommonConfig, references: References) -> ReconcileRule:
        """The rule it describes."""
        tolerance = self.tolerance or ToleranceConfig()
        return ReconcileRule(
            **common.heading(group),
            object_type=self.object_type,
            where=common.where,
            left=self._side(self.left, references, common.unless),
            right=self._side(self.right, references, common.unless),
            on=tuple(dict.fromkeys(self.on)),
            numbers=frozenset(self.numbers),
            sums=self.sum_ is not None,
            less=self.less,
            absolute=tolerance.absolute,
            relative=tolerance.relative,
            settle=self.settle,
            calendar=references.calendar(common.calendar),
            unless=common.unless,
            level=common.level,
        )

    def _side(self, config: SideConfig, references: References, unless: tuple[str, ...]) -> Side:
        known = references.contracts.source_named(config.source) if config.source else None
        # Events are stored under the name that the contracts call their source by.
        source = known.source if known else config.source
        if config.source and not config.event_types:
            return Side(self._types(config, references, unless), source, config.source)
        name = " or ".join(config.event_types) + (f" of {config.source}" if config.source else "")
        return Side(tuple(config.event_types), source, name)

    def _types(self, config: SideConfig, references: References, unless: tuple[str, ...]) -> tuple[str, ...]:
        if config.event_types:
            return tuple(config.event_types)
        agreed = [one for one in references.contracts.events.values() if one.object_type == self.object_type]
        types = {name for contract in agreed for name in (contract.type, *contract.aliases)}
        return tuple(sorted(types - set(unless) - set(self.less)))
