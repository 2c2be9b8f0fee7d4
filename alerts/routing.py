"""The route tree: which routes take an alert, and what a route says about grouping and timing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from alerts.config import GROUP_BY_ALL, IncidentsConfig, RouteConfig, RoutingConfig
from alerts.escalation_config import NO_POLICY
from alerts.matchers import Matcher, parse_matchers, write_labels, write_matchers
from domain.errors import UsageError

# Alertmanager's defaults for the first route.
# https://prometheus.io/docs/alerting/latest/configuration/#route
GROUP_WAIT = timedelta(seconds=30)
GROUP_INTERVAL = timedelta(minutes=5)
REPEAT_INTERVAL = timedelta(hours=4)

NO_INCIDENTS = IncidentsConfig(enabled=False)


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the tree with everything it inherited; `id` is unique, `key` stays when siblings move.

    A way to the receiver of an escalation step is no node; it has the groups of its route, whose receiver is `step_of`.
    """

    id: str
    key: str
    receiver: str
    group_by: tuple[str, ...]
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta
    matchers: tuple[Matcher, ...]
    continues: bool
    routes: tuple["Route", ...]
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    incidents: IncidentsConfig = NO_INCIDENTS
    escalation: str = ""
    step_of: str = ""

    def match(self, labels: Mapping[str, str]) -> list["Route"]:
        """The routes that take an alert with these labels: the deepest on each way, left to right."""
        if not all(matcher.matches(labels) for matcher in self.matchers):
            return []
        found: list[Route] = []
        for route in self.routes:
            taken = route.match(labels)
            found += taken
            if taken and not route.continues:
                break
        return found or [self]

    def step_to(self, receiver: str) -> "Route":
        """The way to a receiver whom an escalation step tells of this route's groups: itself where that is its own."""
        if receiver == self.receiver:
            return self
        own = f"{self.id}/escalation:{receiver}"
        return replace(self, id=own, receiver=receiver, group_wait=timedelta(0), escalation="", step_of=self.receiver)

    def group_labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """The labels that decide which group an alert falls into; absent ones are left out."""
        if self.group_by == (GROUP_BY_ALL,):
            return dict(labels)
        return {name: labels[name] for name in self.group_by if name in labels}

    def group_key(self, group_labels: Mapping[str, str]) -> str:
        """The name of a group, the same in every run, written as Alertmanager writes it."""
        return f"{self.key}:{write_labels(group_labels)}"

    @property
    def groups_incidents(self) -> bool:
        """Whether alerts with the same cause are told as one incident."""
        return self.incidents.enabled

    def bypasses_incidents(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is told in the group of its labels, whatever its cause."""
        return any(all(matcher.matches(labels) for matcher in line) for line in self.incidents.bypass)

    def walk(self) -> Iterator["Route"]:
        """This route and all below it."""
        yield self
        for route in self.routes:
            yield from route.walk()


def build_route(config: RoutingConfig) -> Route:
    """The tree that the file describes, inheritance applied."""
    top = config.route
    timing = (GROUP_WAIT, GROUP_INTERVAL, REPEAT_INTERVAL)
    defaults = Route("", "", top.receiver or "", (), *timing, matchers=(), continues=False, routes=())
    return _build(top, defaults, position="")


def matching_receivers(config: RoutingConfig, labels: Mapping[str, str]) -> list[str]:
    """The receivers of an alert with these labels, in the order `amtool config routes test` prints them."""
    return [route.receiver for route in build_route(config).match(labels)]


def parse_labels(arguments: Iterable[str]) -> dict[str, str]:
    """The labels that arguments such as severity=critical name; UsageError as amtool refuses the others."""
    labels = {}
    for argument in arguments:
        try:
            matchers = parse_matchers(argument)
        except ValueError:
            matchers = ()
        if len(matchers) != 1 or matchers[0].operator != "=":
            raise UsageError(f"{argument!r} is not a label; give NAME=VALUE, such as severity=critical")
        labels[matchers[0].name] = matchers[0].value
    return labels


def _build(config: RouteConfig, parent: Route, position: str) -> Route:
    written = write_matchers(config.all_matchers)
    own = Route(
        id=f"{parent.id}/{written}/{position}" if parent.id else written,
        key=f"{parent.key}/{written}" if parent.key else written,
        receiver=config.receiver or parent.receiver,
        group_by=parent.group_by if config.group_by is None else config.group_by,
        group_wait=_given(config.group_wait, parent.group_wait),
        group_interval=_given(config.group_interval, parent.group_interval),
        repeat_interval=_given(config.repeat_interval, parent.repeat_interval),
        matchers=config.all_matchers,
        continues=config.continue_,
        routes=(),
        escalation=_policy(config.escalation, parent.escalation),
        # Not inherited, as in Alertmanager: a time is said of one route.
        mute_time_intervals=config.mute_time_intervals,
        active_time_intervals=config.active_time_intervals,
        incidents=parent.incidents if config.incidents is None else config.incidents,
    )
    children = tuple(_build(child, own, str(index)) for index, child in enumerate(config.routes))
    return replace(own, routes=children)


def _policy(name: str | None, inherited: str) -> str:
    return inherited if name is None else "" if name == NO_POLICY else name


def _given(value: timedelta | None, inherited: timedelta) -> timedelta:
    return inherited if value is None else value
