"""Everything known about one business object and what is linked to it: objects, events, spans, alerts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from domain.alert import AlertState
from domain.alert_action import AlertAction
from domain.alert_cause import UNKNOWN_CAUSE, AlertCause
from domain.alert_evidence import NO_EVIDENCE, AlertEvidence
from domain.business_object import BusinessObject
from domain.instants import LATEST
from domain.span_names import SpanNames
from storage.alert_actions import actions_on
from storage.alert_causes import alert_causes
from storage.alerts import evidence_from
from storage.client import Row, Store
from storage.run_view import Run, find_run
from storage.runs import CORRELATION, Member
from storage.span_links import traces_of, traces_of_text

# A customer takes part in thousands of runs; following it would glue all of them into one picture.
HUB_TYPES = frozenset({"customer"})
MOST_OBJECTS = 200
MOST_EVENTS = 2000
# A customer's latest: its older events are spread all over the store.
_MOST_EVENTS_OF_HUB = 400
MOST_SPANS = 3000
# Quote, order, contract, invoice, payment: a chain is four links long, and a payment may lead to sister invoices.
_MOST_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One stored event, whole; empty text is what it did not state."""

    source: str
    event_id: str
    type: str
    occurred_at: datetime
    received_at: datetime
    correlation_id: str
    causation_id: str
    trace_id: str
    span_id: str
    objects: tuple[tuple[BusinessObject, str], ...]
    amount: Decimal | None
    currency: str
    legal_entity: str
    region: str
    attributes: Mapping[str, str]
    data: str
    is_base64: bool
    dataschema: str


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """One stored span, with the exception it recorded."""

    trace_id: str
    span_id: str
    parent_span_id: str
    service: str
    name: str
    kind: str
    started_at: datetime
    duration: timedelta
    is_error: bool
    message: str
    attributes: Mapping[str, str]
    exception_type: str
    exception_message: str
    exception_stacktrace: str

    @property
    def ended_at(self) -> datetime:
        return self.started_at + self.duration

    @property
    def error(self) -> str:
        """What went wrong in one line; empty where nothing did."""
        if not self.is_error:
            return ""
        thrown = ": ".join(part for part in (self.exception_type, self.exception_message) if part)
        return thrown or self.message or "error without a message"


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """One alert as it stands with what explains it, when it was first at risk, and what people did with it."""

    alert_id: str
    rule: str
    business_object: BusinessObject
    state: AlertState
    started_at: datetime
    deadline_at: datetime
    at_risk_at: datetime | None
    fired_at: datetime | None
    resolved_at: datetime | None
    severity: str
    amount: Decimal | None
    currency: str | None
    reason: str
    changed_at: datetime
    annotations: Mapping[str, str]
    trace_ids: tuple[str, ...]
    rule_group: str = ""
    rule_version: str = ""
    evidence: AlertEvidence = NO_EVIDENCE
    cause: AlertCause = UNKNOWN_CAUSE
    actions: tuple[AlertAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Journey:
    """The objects linked to what was asked for, with all that is stored about them, in time order.

    `asked` are the objects the search named, `run` is the run of the workflow that they belong to, if it is one.
    `correlation_ids` are those of the run, and whatever else the events carry. `is_cut` says that there is more than
    is given.
    """

    asked: tuple[BusinessObject, ...]
    run: Run | None
    objects: tuple[BusinessObject, ...]
    correlation_ids: tuple[str, ...]
    events: tuple[EventRecord, ...]
    spans: tuple[SpanRecord, ...]
    alerts: tuple[AlertRecord, ...]
    is_cut: bool

    @property
    def subject(self) -> BusinessObject | None:
        """The object the picture is about: the one asked for, else one in trouble, else the most spoken of."""
        if len(self.asked) == 1:
            return self.asked[0]
        stuck = [alert.business_object for alert in self.alerts if alert.state.is_open]
        late = [alert.business_object for alert in self.alerts]
        spoken = Counter(each for event in self.events for each, _ in event.objects if each.type not in HUB_TYPES)
        return next(iter([*stuck, *late, *self.asked, *(each for each, _ in spoken.most_common(1))]), None)


def find_journey(store: Store, text: str, names: SpanNames = SpanNames()) -> Journey | None:
    """What is known about an object's id, an object (`order/O-1001`), a correlation id or a trace id.

    `names` are the attributes by which spans name objects and runs that no event ties to their trace.
    """
    asked = _objects_named(store, text)
    own = [(each.type, each.id) for each in asked if each.type not in HUB_TYPES]
    runs = _runs(store, own if asked else [(CORRELATION, text)])
    correlation_ids = [id_ for run in runs for id_ in run.correlation_ids] or ([] if asked else [text])
    events = _events_of_runs(store, correlation_ids)
    trace_ids: list[str] = []
    spans: list[tuple[str, SpanRecord]] = []
    if not (asked or runs or events):
        trace_ids = [text]
        spans = _spans(store, trace_ids, [text])
        events = _by_identity(_events(store, "console_events_of_trace", trace_id=text))
        if not spans and not events:
            # Last, since it looks through a month of spans.
            links = traces_of_text(store, names, text)
            if not links.trace_ids:
                return None
            asked, trace_ids = list(links.objects), list(links.trace_ids)
            spans = _spans(store, trace_ids, [])
        carried = sorted({span_run for span_run, _ in spans if span_run})
        runs = _runs(store, [(CORRELATION, id_) for id_ in carried])
        correlation_ids = list(dict.fromkeys([*(id_ for run in runs for id_ in run.correlation_ids), *carried]))
        events |= _events_of_runs(store, correlation_ids)
    events, objects, is_cut = _follow_links(store, asked, {each for run in runs for each in run.objects}, events)
    stated = sorted({event.correlation_id for event in events.values()} - {""})
    correlation_ids = list(dict.fromkeys([*correlation_ids, *stated]))
    named = [each for each in objects if each.type not in HUB_TYPES or each in asked]
    times = [*(event.occurred_at for event in events.values()), *(span.started_at for _, span in spans)]
    links = traces_of(store, names, named, correlation_ids, times)
    trace_ids = sorted({*trace_ids, *links.trace_ids, *(event.trace_id for event in events.values())} - {""})
    spans = _spans(store, trace_ids, correlation_ids) if trace_ids or correlation_ids else []
    return Journey(
        asked=tuple(asked),
        run=runs[0] if len(runs) == 1 else None,
        objects=tuple(_as_they_came(objects, events.values())),
        correlation_ids=tuple(correlation_ids),
        events=tuple(sorted(events.values(), key=lambda event: (event.occurred_at, event.source, event.event_id))),
        spans=tuple(span for _, span in spans),
        # A customer's alerts belong to its own picture, not to that of each of its orders.
        alerts=tuple(alerts_of(store, named)),
        is_cut=is_cut or any(run.is_cut for run in runs) or len(events) >= MOST_EVENTS or len(spans) >= MOST_SPANS,
    )


def events_of(store: Store, one: BusinessObject) -> list[EventRecord]:
    """The latest events that name an object, in time order."""
    return _events(store, "console_events_of_objects", objects=[(one.type, one.id)])


def _runs(store: Store, members: Iterable[Member]) -> list[Run]:
    """The runs that these belong to, each once."""
    found = (find_run(store, member, MOST_OBJECTS) for member in members)
    return list({run.id: run for run in found if run}.values())


def _objects_named(store: Store, text: str) -> list[BusinessObject]:
    type_, slash, id_ = text.partition("/")
    for wanted_type, wanted_id in ((type_, id_) if slash else ("", ""), ("", text)):
        if wanted_id:
            rows = store.rows("console_objects_by_id", {"object_id": wanted_id})
            found = [BusinessObject(row["object_type"], row["object_id"]) for row in rows]
            named = [each for each in found if wanted_type in ("", each.type)]
            if named:
                return named
    return []


def _follow_links(
    store: Store,
    asked: Sequence[BusinessObject],
    of_run: Set[BusinessObject],
    events: dict[tuple[str, str], EventRecord],
) -> tuple[dict[tuple[str, str], EventRecord], list[BusinessObject], bool]:
    """The events of the objects, and the objects that those events name.

    What belongs to a run is known, and what else its events name is not followed: a product would lead to all orders
    of it. Without a run links are followed while something new turns up.
    """
    seen = {*asked, *of_run, *_objects_in(events.values())}
    is_about_hub = bool(asked) and all(each.type in HUB_TYPES for each in asked)
    # A customer that was asked for is shown with its events, but not with all that its orders lead to.
    frontier = list(asked) if is_about_hub else _followed({*asked, *of_run} if of_run else seen)
    limit = _MOST_EVENTS_OF_HUB if is_about_hub else MOST_EVENTS
    is_cut = False
    for _ in range(1 if is_about_hub or of_run else _MOST_ROUNDS):
        if not frontier or len(seen) > MOST_OBJECTS:
            break
        objects = [(each.type, each.id) for each in frontier]
        found = _events(store, "console_events_of_objects", limit=limit, objects=objects)
        is_cut |= len(found) == limit
        events = events | _by_identity(found)
        new = _objects_in(found) - seen
        seen |= new
        frontier = _followed(new)
    own = {*asked, *of_run}
    shown = sorted(seen, key=lambda each: (each not in own, each.type in HUB_TYPES, each))[:MOST_OBJECTS]
    return events, shown, is_cut or len(seen) > MOST_OBJECTS


def _followed(objects: Iterable[BusinessObject]) -> list[BusinessObject]:
    return [each for each in _ordered(objects) if each.type not in HUB_TYPES]


def _as_they_came(objects: Iterable[BusinessObject], events: Iterable[EventRecord]) -> list[BusinessObject]:
    """The objects in the order in which events first spoke of them, hubs last."""
    first: dict[BusinessObject, datetime] = {}
    for event in events:
        for each, _ in event.objects:
            first[each] = min(first.get(each, event.occurred_at), event.occurred_at)
    return sorted(_ordered(objects), key=lambda each: (each.type in HUB_TYPES, first.get(each, LATEST)))


def _objects_in(events: Iterable[EventRecord]) -> set[BusinessObject]:
    return {each for event in events for each, _ in event.objects}


def _ordered(objects: Iterable[BusinessObject]) -> list[BusinessObject]:
    return sorted(objects, key=lambda each: (each.type in HUB_TYPES, each))


def _by_identity(events: Iterable[EventRecord]) -> dict[tuple[str, str], EventRecord]:
    return {(event.source, event.event_id): event for event in events}


def _events_of_runs(store: Store, correlation_ids: Sequence[str]) -> dict[tuple[str, str], EventRecord]:
    if not correlation_ids:
        return {}
    return _by_identity(_events(store, "console_events_of_runs", correlation_ids=list(correlation_ids)))


def _events(store: Store, query: str, limit: int = MOST_EVENTS, **params: object) -> list[EventRecord]:
    return [_event(row) for row in store.rows(query, {**params, "limit": limit})]


def _event(row: Row) -> EventRecord:
    return EventRecord(
        source=row["source"],
        event_id=row["event_id"],
        type=row["type"],
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        objects=tuple(
            (BusinessObject(each["type"], each["id"]), each["qualifier"])
            if isinstance(each, dict)
            else (BusinessObject(each[0], each[1]), each[2])
            for each in row["objects"]
        ),
        amount=row["amount"],
        currency=row["currency"],
        legal_entity=row["legal_entity"],
        region=row["region"],
        attributes=row["attributes"],
        data=row["data"],
        is_base64=row["data_base64"],
        dataschema=row["dataschema"],
    )


def _spans(store: Store, trace_ids: Sequence[str], correlation_ids: Sequence[str]) -> list[tuple[str, SpanRecord]]:
    """The spans with the correlation id each carries."""
    params = {"trace_ids": list(trace_ids), "correlation_ids": list(correlation_ids), "limit": MOST_SPANS}
    return [(row["correlation_id"], _span(row)) for row in store.rows("console_spans", params)]


def _span(row: Row) -> SpanRecord:
    return SpanRecord(
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        parent_span_id=row["parent_span_id"],
        service=row["service"],
        name=row["name"],
        kind=row["kind"],
        started_at=row["started_at"],
        duration=timedelta(microseconds=row["duration_ns"] / 1000),
        is_error=bool(row["is_error"]),
        message=row["message"],
        attributes=row["attributes"],
        exception_type=row["exception_type"],
        exception_message=row["exception_message"],
        exception_stacktrace=row["exception_stacktrace"],
    )


def alerts_of(store: Store, objects: Sequence[BusinessObject]) -> list[AlertRecord]:
    """Every alert on these objects, open or over, with what explains it."""
    rows = store.rows("console_alerts_of_objects", {"objects": [(each.type, each.id) for each in objects]})
    causes = alert_causes(store, (row["alert_id"] for row in rows))
    actions = actions_on(store, (row["alert_id"] for row in rows))
    return [
        AlertRecord(
            alert_id=row["alert_id"],
            rule=row["alert"],
            business_object=BusinessObject(row["object_type"], row["object_id"]),
            state=AlertState(row["state"]),
            started_at=row["started_at"],
            deadline_at=row["deadline_at"],
            at_risk_at=row["at_risk_at"],
            fired_at=row["fired_at"],
            resolved_at=row["resolved_at"],
            severity=row["severity"],
            amount=row["amount"],
            currency=row["currency"] or None,
            reason=row["reason"],
            changed_at=row["changed_at"],
            annotations=row["annotations"],
            trace_ids=tuple(row["trace_ids"]),
            rule_group=row["rule_group"],
            rule_version=row["rule_version"],
            evidence=evidence_from(row["evidence"]),
            cause=causes.get(row["alert_id"], UNKNOWN_CAUSE),
            actions=tuple(actions.get(row["alert_id"], ())),
        )
        for row in rows
    ]
