"""Keeps how far the escalation of each group is, and says who is to be told now because nobody acknowledged it."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.escalation import Situation, advance
from alerts.groups import Group
from alerts.handlings import Handlings
from alerts.metrics import AlertMetrics
from alerts.muting import Mutes, Routing
from alerts.notification import StepReached
from alerts.routing import Route
from domain.alert import Alert
from domain.instants import to_micros
from storage.client import Store
from storage.escalations import Escalation, read_escalations, write_escalations

logger = logging.getLogger(__name__)
# A route's receiver and a group's key.
_Key = tuple[str, str]
# Whether anybody was told by a route, in the group of this key, that an alert fires.
IsTold = Callable[[Route, str, str], bool]


class Escalations:
    """One process owns dispatch, so memory and store cannot drift apart: a step is stored before anybody is told.

    Whoever a step tells takes part in the group from then on, as if by a route of their own: they hear its news and its
    end. That lasts until nothing in the group fires and all who believed so know that it is over.
    """

    def __init__(self, store: Store, handlings: Handlings, metrics: AlertMetrics) -> None:
        self._store = store
        self._handlings = handlings
        self._metrics = metrics
        self._known: dict[_Key, Escalation] = {(one.receiver, one.group_key): one for one in read_escalations(store)}

    def ways(self, route: Route, group_key: str) -> list[Route]:
        """The route, and the ways to those whom steps have told of this group."""
        known = self._known.get((route.receiver, group_key))
        others = [receiver for receiver in (known.told if known else ()) if receiver != route.receiver]
        return [route, *map(route.step_to, others)]

    def step_of(self, group: Group, routing: Routing) -> tuple[int, StepReached | None]:
        """The last step that a group's receiver is to know of, 0 where there is none, and which one it was."""
        route = group.route
        known = self._known.get((route.step_of or route.receiver, group.key))
        token = known.told.get(route.receiver, 0) if known else 0
        if not known or not token:
            return 0, None
        policy = routing.policies.get(known.policy)
        return token, StepReached(policy.name, *policy.place(known.steps)) if policy and known.steps else None

    def run(
        self, groups: Iterable[Group], routing: Routing, mutes: Mutes, is_told: IsTold, now: datetime
    ) -> list[tuple[Group, str]]:
        """The groups of which a step is reached now, each with a receiver to be told; stored before it is given."""
        reached: list[tuple[Group, str]] = []
        changed: list[Escalation] = []
        for group in groups:
            policy = routing.policies.get(group.route.escalation)
            if policy is None or not group.members:
                continue
            key = (group.route.receiver, group.key)
            before = self._known.get(key)
            situation = self._situation(group, mutes, is_told, policy.config.acknowledgement_timeout, now)
            after = advance(before, policy, *key, situation, now)
            if after is None or after == before:
                continue
            version = max(to_micros(now), before.version + 1 if before else 0)
            changed.append(replace(after, version=version))
            told = before.told if before else {}
            reached += [(group, name) for name, token in after.told.items() if token != told.get(name)]
        write_escalations(self._store, changed)
        for one in changed:
            self._note(one)
        return reached

    def close(self, groups: Iterable[Group], is_believed: Callable[[str, str], bool]) -> None:
        """Forgets groups in which nothing fires and of which no receiver, given with the key, believes that it does."""
        if not self._known:
            return
        firing = {(group.route.receiver, group.key) for group in groups if group.members and group.firing()}
        over = [
            one
            for key, one in self._known.items()
            if key not in firing
            and not any(is_believed(receiver, one.group_key) for receiver in {one.receiver, *one.told})
        ]
        write_escalations(self._store, (), over)
        for one in over:
            del self._known[one.receiver, one.group_key]

    def _situation(
        self, group: Group, mutes: Mutes, is_told: IsTold, timeout: timedelta | None, now: datetime
    ) -> Situation:
        firing = group.firing()
        handling = self._handlings.of(firing)
        wishes = (one.escalated.action_id for one in handling.values() if one.escalated)
        return Situation(
            is_waiting=any(
                not handling[alert.alert_id].is_held(now, timeout) and not mutes.mutes(alert, group.route)
                for alert in _pressing(group, firing, is_told)
            ),
            is_told=group.was_flushed,
            wishes=frozenset(wishes),
        )

    def _note(self, after: Escalation) -> None:
        before = self._known.get((after.receiver, after.group_key))
        self._known[after.receiver, after.group_key] = after
        if after.told != (before.told if before else {}):
            self._metrics.escalation_steps.labels(after.policy).inc()
            logger.info("escalation %s: step %d of %s reached", after.policy, after.steps, after.group_key)


def _pressing(group: Group, firing: Sequence[Alert], is_told: IsTold) -> Sequence[Alert]:
    """The alerts for which somebody is waited: of an incident those that were told, unless none of them fires still.

    Who acknowledged all that was told knows the cause, and is called again when they are told that it is materially
    more; as with reminders.
    """
    if not group.incident_id:
        return firing
    return [alert for alert in firing if is_told(group.route, group.key, alert.alert_id)] or firing
