"""Puts alerts into groups and hands each group, when its time has come, to its receiver's integrations.

Semantics as in Alertmanager's dispatcher. Groups live in memory and are built anew after a start; the
notification log keeps that from telling anybody anything twice.
"""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from alerts.beliefs import Beliefs
from alerts.delivery import DeliveryQueue, MayTry, always
from alerts.escalations import Escalations
from alerts.flights import Flight
from alerts.groups import Group, GroupId
from alerts.handlings import Handlings
from alerts.incidents import Incidents
from alerts.lanes import Lane, Lanes
from alerts.metrics import AlertMetrics
from alerts.muting import Mutes, Routing
from alerts.notification import (
    Conversation,
    FailureReason,
    Notification,
    alert_labels,
    firing_entry,
    from_record,
    is_resolved,
    to_record,
)
from alerts.notification_log import NotificationLog
from alerts.notifiers.notifier import Integration
from alerts.pipeline.compose import Compose, log_unwritten
from alerts.pipeline.deduplicate import Deduplicate
from alerts.pipeline.find_causes import FindCauses
from alerts.pipeline.find_incident import FindIncident
from alerts.pipeline.find_runs import FindRuns
from alerts.pipeline.heed_acknowledgements import FindEndedSnoozes, HeedAcknowledgements
from alerts.pipeline.mute import Inhibit, KeepTimes, Silence
from alerts.pipeline.send import Send
from alerts.placing import Placement, Placing
from alerts.recorder import Recorder
from alerts.routing import Route
from domain.alert import Alert, AlertState
from domain.clock import Clock
from domain.errors import StoreError
from storage.client import Store
from storage.notifications import (
    NotificationRecord,
    NotificationStatus,
    unfinished_notifications,
    write_notifications,
)
from storage.silences import silences_in_force

# Alertmanager gives a flush until the next one, and no less than this.
SHORTEST_DEADLINE = timedelta(seconds=10)
_MICROSECOND = timedelta(microseconds=1)
MOVED = "no longer in this group: its labels changed"


class Dispatcher:
    """Called at every tick from one thread; sends from threads of its own and never waits for a receiver."""

    def __init__(
        self,
        routing: Routing,
        integrations: Mapping[str, Sequence[Integration]],
        store: Store,
        clock: Clock,
        rng: random.Random,
        metrics: AlertMetrics,
        may_send: MayTry = always,
    ) -> None:
        """`integrations` holds every receiver that the routes name; `rng` spreads retries.

        `may_send` is asked right before each try, where others may tell instead.
        """
        self._may_send = may_send
        self._routing = routing
        self._store = store
        self._clock = clock
        self._rng = rng
        self._metrics = metrics
        self._log = NotificationLog(store)
        self._handlings = Handlings(store)
        self._escalations = Escalations(store, self._handlings, metrics)
        self._outcomes: SimpleQueue[Notification] = SimpleQueue()
        self._recorder = Recorder(store, self._log, clock, metrics, self._outcomes.put)
        self._lanes = Lanes(integrations, self._lane)
        self._mutes = Mutes(routing, (), (), clock.now())
        self._incidents = Incidents(store)
        self._placing = Placing(routing.route)
        self._groups: dict[GroupId, Group] = {}
        self._placements: dict[str, Placement] = {}
        self._in_flight: dict[Conversation, Flight] = {}
        self._beliefs = Beliefs(self._lanes, self._log, self._in_flight)
        self._knows_groups = False

    @property
    def in_flight(self) -> int:
        """How many notifications are on their way, as of the latest `run`."""
        return len(self._in_flight)

    def start(self) -> None:
        """Begins sending."""
        self._recorder.start()
        for lane in self._lanes:
            lane.queue.start()

    def resume(self, now: datetime, since_epoch: int = 0) -> None:
        """Takes up the notifications whose fate an earlier process left open: same id, same body.

        To be called before the first `run`, which then waits for each before it tells the group's news. Those of epochs
        before `since_epoch` came too late for the engine that took up the rest: it told by itself what they say.
        """
        written: list[NotificationRecord] = []
        left: list[tuple[Lane, Notification]] = []
        for record in unfinished_notifications(self._store):
            lane = self._lanes.of(record.receiver).get(record.integration)
            # Over its row, though the clock of whoever stored it was ahead.
            record = replace(record, updated_at=max(now, record.updated_at + _MICROSECOND))
            if record.epoch < since_epoch or lane is None:
                why = FailureReason.SUPERSEDED if record.epoch < since_epoch else FailureReason.RECEIVER_REMOVED
                written.append(replace(record, status=NotificationStatus.FAILED, error=why))
                continue
            if record.epoch != self._store.epoch:
                # Now it is of this epoch: who comes next takes it up from here.
                written.append(record)
            patience = max(self._routing.route.group_interval, SHORTEST_DEADLINE)
            left.append((lane, from_record(record, now + patience)))
        # First what may fail: tried again, it must not have sent anything.
        write_notifications(self._store, written)
        for lane, notification in left:
            self._in_flight[notification.conversation] = Flight(notification)
            lane.queue.submit(notification)

    def run(self, alerts: Sequence[Alert], now: datetime) -> None:
        """One tick: `alerts` are all that are open and those that ended lately.

        One that is open without a verdict (at risk, suspended) is told to nobody new; who was told that it
        fires hears nothing until it has one. A StoreError leaves the telling to the next tick.
        """
        self._collect_outcomes()
        if self._knows_groups:
            # What ended is forgotten first: what fires anew begins with nobody but its route's receiver.
            self._escalations.close(self._groups.values(), self._beliefs.any_firing)
        self._incidents.update(alerts, now, self._is_told_in_incident)
        self._place_all(alerts, now)
        self._mutes = Mutes(self._routing, alerts, silences_in_force(self._store, now), now)
        self._handlings.look(alerts)
        self._escalate(now)
        self._flush(now)
        self._groups = {group_id: group for group_id, group in self._groups.items() if group.members}
        self._metrics.groups.set(len(self._groups))
        self._metrics.incidents.set(self._incidents.open_ones)
        self._knows_groups = True

    def integrations_of(self, receiver: str) -> list[str]:
        """The names of a receiver's integrations."""
        return list(self._lanes.of(receiver))

    def tell(self, notifications: Sequence[Notification], now: datetime) -> None:
        """Stores messages that are about no group, all or none, and begins to send them.

        One that cannot be written is left out, and the log says so.
        """
        composed = []
        for one in notifications:
            lane = self._lanes.of(one.conversation.receiver)[one.conversation.integration]
            try:
                composed.append((lane, replace(one, body=lane.integration.notifier.compose(one))))
            except Exception as error:  # noqa: BLE001 - whatever one notifier meets, the others still have to hear
                log_unwritten(one.conversation, error)
        write_notifications(self._store, [to_record(notification, now) for _, notification in composed])
        for lane, notification in composed:
            self._in_flight[notification.conversation] = Flight(notification)
            lane.queue.submit(notification)

    def change(self, routing: Routing, integrations: Mapping[str, Sequence[Integration]]) -> None:
        """Tells by another routing from the next `run` on; integrations that are the same objects go on sending.

        As after a start, groups are built anew, and the log knows what was told. The next `run` is to be given all
        that ended while nobody could be told.
        """
        self._lanes.change(integrations, self._give_up)
        self._routing, self._placing = routing, Placing(routing.route)
        self._groups, self._placements, self._knows_groups = {}, {}, False
        for flight in self._in_flight.values():
            flight.group_id = None

    def stop(self, timeout: float = 15.0) -> None:
        """Ends after the tries being made; what is still waiting resumes at the next start.

        `timeout` is for all the tries together, and once more for writing down their fates.
        """
        ends_at = time.monotonic() + timeout
        for lane in self._lanes:
            lane.queue.begin_stop()
        for lane in self._lanes:
            lane.queue.stop(max(ends_at - time.monotonic(), 0))
            lane.integration.notifier.close()
        self._recorder.stop(timeout)

    def _lane(self, integration: Integration) -> Lane:
        decide = (
            Inhibit(self._current_mutes),
            KeepTimes(self._current_mutes),
            Silence(self._current_mutes),
            FindEndedSnoozes(self._handlings),
            Deduplicate(self._log, send_resolved=integration.send_resolved),
            HeedAcknowledgements(self._handlings, self._log),
            FindRuns(self._store),
            FindCauses(self._store),
            FindIncident(self._store),
            Compose(integration.notifier),
        )
        send = Send(integration, self._clock, self._rng, self._metrics)
        name = f"notify {integration.receiver} {integration.name}"
        return Lane(integration, decide, DeliveryQueue(name, send, self._clock, self._recorder.submit, self._may_send))

    def _give_up(self, notification: Notification) -> None:
        removed = FailureReason.RECEIVER_REMOVED
        self._recorder.submit(replace(notification, status=NotificationStatus.FAILED, error=removed, failure=removed))

    def _current_mutes(self) -> Mutes:
        return self._mutes

    def _collect_outcomes(self) -> None:
        while True:
            try:
                notification = self._outcomes.get_nowait()
            except Empty:
                return
            flight = self._in_flight.pop(notification.conversation, None)
            if flight and notification.status is NotificationStatus.DELIVERED:
                self._end_flush(flight)

    def _end_flush(self, flight: Flight) -> None:
        group = self._groups.get(flight.group_id) if flight.group_id else None
        if group:
            conversation = flight.notification.conversation
            group.end_flush(conversation.integration, flight.versions, self._lanes.of(conversation.receiver))

    def _place_all(self, alerts: Sequence[Alert], now: datetime) -> None:
        for alert in alerts:
            placement = self._placements.get(alert.alert_id)
            now_in = self._incidents.of_alert(alert.alert_id)
            if placement is None or (placement.version, placement.incident_id) != (alert.version, now_in):
                self._place(alert, placement, now)
        for alert_id in self._placements.keys() - {alert.alert_id for alert in alerts}:
            homes = [self._groups[home] for home in self._placements[alert_id].groups if home in self._groups]
            # What was told to fire, and never told to be over, is taken to fire still.
            if not any(self._beliefs.is_firing(home.route.receiver, home.key, alert_id) for home in homes):
                del self._placements[alert_id]
                for home in homes:
                    home.forget_firing(alert_id)

    def _place(self, alert: Alert, before: Placement | None, now: datetime) -> None:
        incident_id = self._incidents.of_alert(alert.alert_id)
        own = self._placing.homes(
            alert_labels(alert), incident_id, lambda route, key: self._is_told(route, key, alert.alert_id)
        )
        homes: dict[GroupId, tuple[Route, dict[str, str]]] = {}
        for (_, group_key), (route, group_labels) in own.items():
            for way in self._escalations.ways(route, group_key):
                homes[way.id, group_key] = (way, group_labels)
        for group_id in before.groups - homes.keys() if before else ():
            self._leave(group_id, alert, now)
        for group_id, (route, group_labels) in homes.items():
            self._join(group_id, route, group_labels, alert, now)
        self._placements[alert.alert_id] = Placement(alert.version, incident_id, frozenset(homes))

    def _join(self, group_id: GroupId, route: Route, group_labels: dict[str, str], alert: Alert, now: datetime) -> None:
        group = self._groups.get(group_id)
        is_news = alert.state is AlertState.FIRING
        if not is_news and not self._beliefs.is_firing(route.receiver, group_id[1], alert.alert_id):
            # Its end is news only to a group that was about to tell of it, an open verdict to none.
            if group is None or alert.alert_id not in group.members:
                return
            if not is_resolved(alert):
                group.forget_firing(alert.alert_id)
                return
        if group is None:
            group = self._groups[group_id] = Group(route, group_labels, now)
        group.put(alert, now)

    def _leave(self, group_id: GroupId, alert: Alert, now: datetime) -> None:
        group = self._groups.get(group_id)
        if group is None or alert.alert_id not in group.members:
            return
        if not self._beliefs.is_firing(group.route.receiver, group.key, alert.alert_id):
            group.forget_firing(alert.alert_id)
        elif is_resolved(alert):
            group.put(alert, now)
        else:
            # Receivers of this group hear no more of it, so they must not wait for its end.
            moved = replace(alert, state=AlertState.RESOLVED, resolved_at=now, reason=MOVED)
            group.put(moved, now)

    def _is_told(self, route: Route, group_key: str, alert_id: str) -> bool:
        """Whether a route's receiver, or anybody whom a step told, believes that an alert fires."""
        ways = self._escalations.ways(route, group_key)
        return any(self._beliefs.is_firing(way.receiver, group_key, alert_id) for way in ways)

    def _is_told_in_incident(self, alert_id: str, incident_id: str) -> bool:
        return self._placing.is_told_in(incident_id, lambda route, key: self._is_told(route, key, alert_id))

    def _escalate(self, now: datetime) -> None:
        """Lets those whom a step tells now take part in its group, and be told at this tick."""
        for group, receiver in self._escalations.run(
            self._groups.values(), self._routing, self._mutes, self._is_told, now
        ):
            way = group.route.step_to(receiver)
            home = (way.id, group.key)
            if home not in self._groups:
                self._groups[home] = Group(way, group.labels, now)
                for alert in group.firing():
                    self._groups[home].put(alert, now)
                    placed = self._placements[alert.alert_id]
                    self._placements[alert.alert_id] = replace(placed, groups=placed.groups | {home})
            self._groups[home].flush_at(now)

    def _flush(self, now: datetime) -> None:
        flights: dict[Conversation, Flight] = {}
        for group_id, group in self._groups.items():
            if not group.members:
                continue
            lanes = self._lanes.of(group.route.receiver)
            group.begin_flush_if_due(lanes, now)
            for name in group.owed:
                conversation = Conversation(group.route.receiver, name, group.key)
                # What a conversation says next depends on whether what it says now arrives.
                if conversation not in self._in_flight and conversation not in flights:
                    flight = self._decide_or_put_off(group_id, group, lanes[name], conversation, now)
                    if flight is not None:
                        flights[conversation] = flight
        self._dispatch(flights, now)

    def _decide_or_put_off(
        self, group_id: GroupId, group: Group, lane: Lane, conversation: Conversation, now: datetime
    ) -> Flight | None:
        """None where no message could be written: the integration is owed it still, and no other waits for that."""
        try:
            return self._decide(group_id, group, lane, conversation, now)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one notifier meets, the others still have to hear
            log_unwritten(conversation, error)
            return None

    def _decide(self, group_id: GroupId, group: Group, lane: Lane, conversation: Conversation, now: datetime) -> Flight:
        alerts = group.alerts()
        escalated_us, step = self._escalations.step_of(group, self._routing)
        notification = Notification(
            conversation=conversation,
            group_labels=group.labels,
            firing=tuple(firing_entry(alert) for alert in alerts if not is_resolved(alert)),
            resolved=tuple(alert.alert_id for alert in alerts if is_resolved(alert)),
            created_at=now,
            deadline=now + max(group.route.group_interval, SHORTEST_DEADLINE),
            repeat_interval=group.route.repeat_interval,
            mute_time_intervals=group.route.mute_time_intervals,
            active_time_intervals=group.route.active_time_intervals,
            alerts=alerts,
            incident_id=group.incident_id,
            escalated_us=escalated_us,
            escalation=step,
            is_step=bool(group.route.step_of),
        )
        for stage in lane.decide:
            notification = stage.run(notification, now)
        flight = Flight(notification, group_id, group)
        # Who believes that an alert fires must hear of an end that was left out, in a later message.
        believed = (one for one in notification.untold if self._log.believes_firing(conversation, one))
        flight.leave_owed(frozenset(believed))
        return flight

    def _dispatch(self, flights: Mapping[Conversation, Flight], now: datetime) -> None:
        told = [flight.notification for flight in flights.values() if flight.notification.reason is not None]
        to_send = [notification for notification in told if notification.alerts]
        self._log.record([notification for notification in told if not notification.alerts], now)
        write_notifications(self._store, [to_record(notification, now) for notification in to_send])
        sending = {notification.conversation for notification in to_send}
        for conversation, flight in flights.items():
            if flight.group_id is not None:
                self._groups[flight.group_id].owed.discard(conversation.integration)
            if conversation in sending:
                self._in_flight[conversation] = flight
                lane = self._lanes.of(conversation.receiver)[conversation.integration]
                lane.queue.submit(flight.notification)
            else:
                self._end_flush(flight)
