"""The `escalation` and `digest` parts of a routing file: who is called when nobody acknowledges, and daily tables."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from alerts.config_parts import Duration, MatcherText, PositiveDuration
from alerts.matchers import Matcher
from alerts.time_intervals import Minute, ZoneName
from domain.config_file import ConfigModel, show
from domain.instants import format_instant, parse_storable_instant

# What a route says that is to have no policy, though the one above it has.
NO_POLICY = "none"
_HOUR = timedelta(hours=1)
_LENGTHS = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
_MOST_ROUNDS = 100
_FIRST_YEAR, _LAST_YEAR = 2000, 2200


def _instant(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("is not an instant; give one such as 2026-12-24T08:00:00+01:00")
    return parse_storable_instant(value)


def _day(value: object) -> object:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None or not _FIRST_YEAR <= day.year < _LAST_YEAR:
        raise ValueError(f"is {show(value)}; give a day such as 2026-11-02")
    return day


def _length(value: object) -> object:
    return _LENGTHS.get(value, value) if isinstance(value, str) else value


def _whole_hours(value: timedelta) -> timedelta:
    if value < _HOUR or value % _HOUR:
        raise ValueError("is not in whole hours; give daily, weekly or a duration such as 12h or 3d")
    return value


def _time_of_day(value: int) -> int:
    if value == 24 * 60:
        raise ValueError("is 24:00; give a time of day before it, such as 00:00")
    return value


def _not_reserved(value: str) -> str:
    if value == NO_POLICY:
        raise ValueError(f'is "{NO_POLICY}", by which a route says that it has no policy; give another name')
    return value


Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], Field(min_length=1)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
TimeOfDay = Annotated[Minute, AfterValidator(_time_of_day)]


class MemberConfig(ConfigModel):
    """Somebody who can be on call, and the receivers that reach them."""

    name: Name
    receivers: Names


class OverrideConfig(ConfigModel):
    """A stretch in which somebody else stands in, from the first instant until before the other."""

    member: Name
    from_: Instant = Field(alias="from")
    until: Instant

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_ >= self.until:
            raise ValueError(
                f"from is {format_instant(self.from_)}, not before until; give an end that is later than the start"
            )
        return self


class RotationConfig(ConfigModel):
    """Members who take turns on call, each from a time on the wall's clock on."""

    name: Name
    time_zone: ZoneName
    starts_on: Annotated[date, BeforeValidator(_day)]
    handover: TimeOfDay
    length: Annotated[Duration, BeforeValidator(_length), AfterValidator(_whole_hours)] = _LENGTHS["weekly"]
    members: Names
    active_time_intervals: tuple[str, ...] = ()
    overrides: tuple[OverrideConfig, ...] = ()


class StepConfig(ConfigModel):
    """Whom to tell after how long without acknowledgement, counted from the step before."""

    after: Duration
    receivers: tuple[Name, ...] = ()
    rotations: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.receivers and not self.rotations:
            raise ValueError("is told to nobody; give receivers, rotations or both")
        return self


class PolicyConfig(ConfigModel):
    """Steps that are reached one after the other, and all of them again `repeat` times."""

    name: Annotated[Name, AfterValidator(_not_reserved)]
    steps: tuple[StepConfig, ...] = Field(min_length=1)
    repeat: int = Field(default=0, ge=0, le=_MOST_ROUNDS)
    repeat_after: PositiveDuration | None = None
    acknowledgement_timeout: PositiveDuration | None = None

    @model_validator(mode="after")
    def _repeats(self) -> Self:
        if self.repeat_after is not None and not self.repeat:
            raise ValueError("repeat_after needs repeat, which says how many times; give both, or leave it out")
        if self.repeat and self.repeat_after is None and not self.steps[0].after:
            raise ValueError(
                "repeat_after is missing: the first step is reached at once, so say how long after the last one it is "
                "repeated, such as 30m"
            )
        return self


class EscalationConfig(ConfigModel):
    """Policies, and who is on call for them."""

    members: tuple[MemberConfig, ...] = ()
    rotations: tuple[RotationConfig, ...] = ()
    policies: tuple[PolicyConfig, ...] = ()


class DigestConfig(ConfigModel):
    """A table of what is open and what ended, sent once a day at a time on the wall's clock."""

    name: Name
    at: TimeOfDay
    time_zone: ZoneName
    receivers: Names
    matchers: tuple[MatcherText, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    messages: Literal["one", "per_legal_entity"] = "one"

    @property
    def all_matchers(self) -> tuple[Matcher, ...]:
        """Every matcher an alert must meet to be in it, from all lines of the list."""
        return tuple(matcher for one in self.matchers for matcher in one)


Place = tuple[int | str, ...]
Defect = tuple[Place, str]


def escalation_defects(
    config: EscalationConfig, receivers: Iterable[str], intervals: Iterable[str]
) -> Iterator[Defect]:
    """What is wrong with names and order, each with its place under `escalation`."""
    for key, kind in (("members", "member"), ("rotations", "rotation"), ("policies", "escalation policy")):
        seen: set[str] = set()
        for index, owner in enumerate(getattr(config, key)):
            if owner.name in seen:
                yield (key, index, "name"), f'{kind} "{owner.name}" is given twice; give each name once'
            seen.add(owner.name)
    receivers, members = set(receivers), {one.name for one in config.members}
    rotations = {one.name for one in config.rotations}
    for index, member in enumerate(config.members):
        yield from _unknown(("members", index, "receivers"), member.receivers, RECEIVERS, receivers)
    for index, rotation in enumerate(config.rotations):
        place: Place = ("rotations", index)
        yield from _unknown((*place, "members"), rotation.members, MEMBERS, members)
        yield from _unknown(
            (*place, "active_time_intervals"), rotation.active_time_intervals, TIME_INTERVALS, set(intervals)
        )
        yield from _override_defects(rotation, place, members)
    for number, policy in enumerate(config.policies):
        for index, step in enumerate(policy.steps):
            place = ("policies", number, "steps", index)
            yield from _unknown((*place, "receivers"), step.receivers, RECEIVERS, receivers)
            yield from _unknown((*place, "rotations"), step.rotations, ROTATIONS, rotations)


def _override_defects(rotation: RotationConfig, place: Place, members: set[str]) -> Iterator[Defect]:
    before: OverrideConfig | None = None
    for index, override in enumerate(rotation.overrides):
        here = (*place, "overrides", index)
        if override.member not in members:
            yield from _unknown_one((*here, "member"), override.member, MEMBERS, members)
        if before is not None and override.from_ < before.until:
            yield (
                (*here, "from"),
                f"from is {format_instant(override.from_)}, before the end of the override above it at "
                f"{format_instant(before.until)}; give overrides in order, none beginning before the last one ends",
            )
        before = override


def digest_defects(
    digests: Iterable[DigestConfig], refused: Mapping[str, Iterable[str]], intervals: Iterable[str]
) -> Iterator[Defect]:
    """What is wrong with digests, each with its place; `refused` has by receiver its kinds that take no digest."""
    seen: set[str] = set()
    for index, digest in enumerate(digests):
        if digest.name in seen:
            yield (index, "name"), f'digest "{digest.name}" is given twice; give each name once'
        seen.add(digest.name)
        yield from _unknown((index, "receivers"), digest.receivers, RECEIVERS, set(refused))
        yield from _unknown(
            (index, "active_time_intervals"), digest.active_time_intervals, TIME_INTERVALS, set(intervals)
        )
        for position, name in enumerate(digest.receivers):
            if kinds := sorted(refused.get(name, ())):
                yield (
                    (index, "receivers", position),
                    f'receiver "{name}" has {" and ".join(kinds)}, which would take a digest for an alert; give one '
                    "that has webhook, slack, msteamsv2, email or apprise",
                )


RECEIVERS, MEMBERS, ROTATIONS = ("receiver", "receivers"), ("member", "members"), ("rotation", "rotations")
TIME_INTERVALS = ("time interval", "time_intervals")


def _unknown(place: Place, names: Iterable[str], kind: tuple[str, str], known: set[str]) -> Iterator[Defect]:
    for index, name in enumerate(names):
        if name not in known:
            yield from _unknown_one((*place, index), name, kind, known)


def _unknown_one(place: Place, name: str, kind: tuple[str, str], known: set[str]) -> Iterator[Defect]:
    defined = ", ".join(sorted(known)) or "none"
    yield place, f'{kind[0]} "{name}" is not under {kind[1]}; defined there: {defined}'
