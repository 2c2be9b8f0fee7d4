"""Reads routing.yaml, Alertmanager's format for what the two share: routes, receivers, inhibition, time intervals.

Escalation and digests are ours alone; Alertmanager and its tools refuse a file that has them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from alerts.config_parts import Duration, MatcherText, PositiveDuration, with_absolute_paths
from alerts.escalation_config import (
    NO_POLICY,
    DigestConfig,
    EscalationConfig,
    digest_defects,
    escalation_defects,
)
from alerts.matchers import Matcher
from alerts.receiver_config import ReceiverConfig
from alerts.time_intervals import TimeIntervalConfig
from domain.config_file import ConfigFile, ConfigModel, Location, load_file
from domain.errors import ConfigError, Problem

GROUP_BY_ALL = "..."
# The label that names an incident, by which the alerts in it are grouped.
INCIDENT = "incident"
_TITLES = {
    "receivers": ("receiver", "name"),
    "members": ("member", "name"),
    "rotations": ("rotation", "name"),
    "policies": ("escalation policy", "name"),
    "digest": ("digest", "name"),
}
# Each of their messages would be taken for an alert that fires.
_NO_DIGEST = ("pagerduty", "opsgenie", "alertmanager")
_NAMED = {"receivers": "receiver", "time_intervals": "time interval"}
_INTERVAL_KEYS = ("mute_time_intervals", "active_time_intervals")
SHIPPED = Path(__file__).parent / "routing.yaml"


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


class IncidentsConfig(ConfigModel):
    """That alerts with the same cause are told as one incident; those that meet all of a line of `bypass` are not."""

    enabled: bool = True
    bypass: tuple[MatcherText, ...] = ()


def _incidents(value: object) -> object:
    return {"enabled": value} if isinstance(value, bool) else value


class RouteConfig(ConfigModel):
    """A node of the route tree; what it leaves out it takes from the node above."""

    receiver: str | None = None
    group_by: Annotated[tuple[str, ...], AfterValidator(_group_by)] | None = None
    group_wait: Duration | None = None
    group_interval: PositiveDuration | None = None
    repeat_interval: PositiveDuration | None = None
    incidents: Annotated[IncidentsConfig | None, BeforeValidator(_incidents)] = None
    matchers: tuple[MatcherText, ...] = ()
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    escalation: str | None = None
    continue_: bool = Field(default=False, alias="continue")
    routes: tuple["RouteConfig", ...] = ()

    @property
    def all_matchers(self) -> tuple[Matcher, ...]:
        """Every matcher an alert must meet, from all lines of the list."""
        return _flatten(self.matchers)


class InhibitRuleConfig(ConfigModel):
    """While an alert meets the source's matchers, those that meet the target's and share the equal labels are muted."""

    source_matchers: tuple[MatcherText, ...] = ()
    target_matchers: tuple[MatcherText, ...] = ()
    equal: tuple[str, ...] = ()

    @property
    def source(self) -> tuple[Matcher, ...]:
        """Every matcher of the source, from all lines of the list."""
        return _flatten(self.source_matchers)

    @property
    def target(self) -> tuple[Matcher, ...]:
        """Every matcher of the target, from all lines of the list."""
        return _flatten(self.target_matchers)


class RoutingConfig(ConfigModel):
    """The whole file."""

    route: RouteConfig
    receivers: tuple[ReceiverConfig, ...]
    inhibit_rules: tuple[InhibitRuleConfig, ...] = ()
    time_intervals: tuple[TimeIntervalConfig, ...] = ()
    escalation: EscalationConfig = EscalationConfig()
    digest: tuple[DigestConfig, ...] = ()


def load_routing(path: Path = SHIPPED) -> RoutingConfig:
    """The checked routing file at `path`, paths inside it made relative to its folder; else ConfigError."""
    file = load_file(path, RoutingConfig, titles=_TITLES)
    problems = [
        *_root_problems(file),
        *_name_problems(file),
        *_route_problems(file),
        *_incident_problems(file),
        *_own_problems(file),
    ]
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
    for key in _INTERVAL_KEYS:
        if getattr(root, key):
            message = f"route.{key}: the first route gets what no other takes, at any time; leave {key} out"
            yield file.problem(("route", key), message)


def _name_problems(file: ConfigFile[RoutingConfig]) -> Iterator[Problem]:
    for key, kind in _NAMED.items():
        names: set[str] = set()
        for index, owner in enumerate(getattr(file.model, key)):
            if owner.name in names:
                yield file.problem((key, index, "name"), f'{kind} "{owner.name}" is given twice; give each name once')
            names.add(owner.name)


def _incident_problems(file: ConfigFile[RoutingConfig]) -> Iterator[Problem]:
    routes = list(_walk(file.model.route))
    if not any(route.incidents is not None and route.incidents.enabled for _, route in routes):
        return
    for place, route in routes:
        if route.group_by == (INCIDENT,):
            message = f"group_by: is [{INCIDENT}], the label of groups that are incidents; group by other labels"
            yield file.problem((*place, "group_by"), message)


def _walk(top: RouteConfig) -> Iterator[tuple[Location, RouteConfig]]:
    waiting: list[tuple[Location, RouteConfig]] = [(("route",), top)]
    while waiting:
        place, route = waiting.pop()
        yield place, route
        waiting += [((*place, "routes", index), child) for index, child in enumerate(route.routes)]


def _route_problems(file: ConfigFile[RoutingConfig]) -> Iterator[Problem]:
    known = {receiver.name for receiver in file.model.receivers}
    intervals = {interval.name for interval in file.model.time_intervals}
    policies = {policy.name for policy in file.model.escalation.policies}
    for place, route in _walk(file.model.route):
        if route.receiver is not None and route.receiver not in known:
            defined = ", ".join(sorted(known)) or "none"
            message = f'receiver "{route.receiver}" is not under receivers; defined there: {defined}'
            yield file.problem((*place, "receiver"), message)
        if route.escalation not in (None, NO_POLICY, *policies):
            defined = ", ".join(sorted(policies)) or "none"
            message = (
                f'escalation policy "{route.escalation}" is not under escalation.policies; defined there: {defined}'
            )
            yield file.problem((*place, "escalation"), message)
        for key in _INTERVAL_KEYS:
            for index, name in enumerate(getattr(route, key)):
                if name not in intervals:
                    defined = ", ".join(sorted(intervals)) or "none"
                    message = f'time interval "{name}" is not under time_intervals; defined there: {defined}'
                    yield file.problem((*place, key, index), message)


def _own_problems(file: ConfigFile[RoutingConfig]) -> Iterator[Problem]:
    """Problems with what Alertmanager does not have."""
    model = file.model
    receivers = {one.name: {name.partition("[")[0] for name, _ in one.integrations()} for one in model.receivers}
    intervals = [interval.name for interval in model.time_intervals]
    for place, message in escalation_defects(model.escalation, receivers, intervals):
        yield file.problem(("escalation", *place), message)
    refused = {name: kinds.intersection(_NO_DIGEST) for name, kinds in receivers.items()}
    for place, message in digest_defects(model.digest, refused, intervals):
        yield file.problem(("digest", *place), message)
