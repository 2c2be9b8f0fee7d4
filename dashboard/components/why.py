"""Why each alert of a journey stands as it does: what decided it, and where its object is held up.

Nothing in it depends on the time of reading, so that what a reader folded out stays so as the page refreshes.
"""

from collections.abc import Iterator, Sequence

from dashboard.components.cards import instant, state_chip
from dashboard.components.markup import Html, element, join
from dashboard.components.verdict import by_gravity
from dashboard.formatting import Reader, count_of, grouped
from domain.alert_action import ActionKind, AlertAction
from domain.alert_cause import AlertCause, CauseKind, FailedCall
from domain.alert_evidence import AlertEvidence, EventEvidence, PauseEvidence, PausesEvidence
from domain.intervention import ANNOTATION as INTERVENTION
from domain.intervention import command_for
from storage.trace_view import AlertRecord

_MOST_ALERTS = 12
# Of a digest, what tells two apart at a glance.
_DIGEST_SHOWN = 8
_DONE = {
    ActionKind.ACKNOWLEDGE: "Acknowledged",
    ActionKind.UNACKNOWLEDGE: "Not acknowledged",
    ActionKind.SNOOZE: "Snoozed",
    ActionKind.ESCALATE: "Escalated",
    ActionKind.ASSIGN: "Assigned",
    ActionKind.COMMENT: "Comment",
    ActionKind.REQUEST_REPLAY: "Asked for a replay",
    ActionKind.ACCEPT: "Accepted",
    ActionKind.MARK: "Marked",
}
Fact = tuple[str, Html]


def why_panel(alerts: Sequence[AlertRecord], reader: Reader) -> Html:
    """The alerts, the gravest first and folded out, each with its facts."""
    shown = by_gravity(alerts)[:_MOST_ALERTS]
    parts = [_alert(alert, reader, is_open=place == 0) for place, alert in enumerate(shown)]
    if len(alerts) > len(shown):
        parts.append(element("div", f"and {count_of(len(alerts) - len(shown), 'more alert')}", class_="mp-sub"))
    return element("div", parts, class_="mp-why")


def _alert(alert: AlertRecord, reader: Reader, *, is_open: bool) -> Html:
    facts = [
        *_course(alert.evidence, reader),
        *_cause(alert.cause, reader),
        *_terms(alert, reader),
        *_remedy(alert),
        *_people(alert.actions, reader),
    ]
    rows = [join(element("dt", name), element("dd", value)) for name, value in facts]
    summary = element(
        "summary",
        state_chip(alert.state),
        element("b", alert.rule),
        element("span", str(alert.business_object), class_="mp-why-object"),
    )
    return element("details", summary, element("dl", rows), open="" if is_open else None)


def _course(evidence: AlertEvidence, reader: Reader) -> Iterator[Fact]:
    """What happened and what did not."""
    if evidence.started_by:
        yield "Started by", _event(evidence.started_by, reader)
    for event in evidence.events:
        yield "With", _event(event, reader)
    if evidence.stopped_by:
        skew = f", {evidence.skew} of skew forgiven" if evidence.skew else ""
        yield "Stopped by", join(_event(evidence.stopped_by, reader), skew)
    if evidence.awaits:
        yield "Waits for", join(*(_code(type_) for type_ in evidence.awaits))


def _terms(alert: AlertRecord, reader: Reader) -> Iterator[Fact]:
    """By when it should have."""
    evidence = alert.evidence
    if evidence.within:
        yield "Window", _window(evidence)
    yield "Deadline", _deadline(alert, reader)
    if evidence.pauses:
        yield "Paused", _pauses(evidence.pauses, reader)
    if evidence.suspended:
        whom = " and ".join(evidence.suspended.sources) or "Milepost, which was away"
        yield "Waits for word of", join(f"{whom}, silent since ", instant(reader, evidence.suspended.since))
    version = element("span", f"version {alert.rule_version[:_DIGEST_SHOWN]}", title=alert.rule_version)
    yield "Rule", join(alert.rule, _muted(f" of {alert.rule_group}, " if alert.rule_group else " "), version)


def _remedy(alert: AlertRecord) -> Iterator[Fact]:
    """What may be done about it, as a command to type."""
    if name := alert.annotations.get(INTERVENTION):
        yield "You may", _code(f"{command_for(name, alert.business_object)} --reason …")


def _people(actions: Sequence[AlertAction], reader: Reader) -> Iterator[Fact]:
    """What people did with it, in order."""
    for action in actions:
        said = element("span", action.comment, class_="mp-sub") if action.comment else ""
        to = {ActionKind.ASSIGN: "to ", ActionKind.SNOOZE: "for "}.get(action.kind, "")
        shows_value = action.value and action.kind is not ActionKind.ACCEPT
        value = [to, element("b", action.value), " "] if shows_value else []
        by = _muted(f"by {action.acted_by} at ")
        yield _DONE[action.kind], join(value, by, instant(reader, action.acted_at, seconds=True), said)


def action_words(action: AlertAction) -> str:
    """What somebody did, such as `Assigned to ben`."""
    if action.kind is ActionKind.ACCEPT:
        return _DONE[action.kind]
    to = " to" if action.kind is ActionKind.ASSIGN else ""
    return f"{_DONE[action.kind]}{to} {action.value}".strip() if action.value else _DONE[action.kind]


def _window(evidence: AlertEvidence) -> Html:
    parts: list[str] = [evidence.within or ""]
    if evidence.calendar:
        parts.append(_muted(f" of open time in {evidence.calendar.name}, {evidence.calendar.time_zone}"))
    if evidence.override:
        parts += [_muted(", by the override "), _code(evidence.override.where)]
    return join(*parts)


def _deadline(alert: AlertRecord, reader: Reader) -> Html:
    at = instant(reader, alert.deadline_at, seconds=True)
    period = alert.evidence.period
    return join(at, _muted(f", the cutoff of period {period.name}")) if period else at


def _pauses(pauses: PausesEvidence, reader: Reader) -> Html:
    named = [*pauses.first, *pauses.last]
    lines = [_pause(pause, reader) for pause in named]
    if pauses.count > len(named):
        lines.insert(len(pauses.first), element("li", f"{grouped(pauses.count - len(named))} more"))
    return element("ul", lines)


def _pause(pause: PauseEvidence, reader: Reader) -> Html:
    end = instant(reader, pause.until) if pause.until else "not ended"
    return element("li", instant(reader, pause.since), " – ", end)


def _cause(cause: AlertCause, reader: Reader) -> Iterator[Fact]:
    match cause.kind:
        case CauseKind.FAILED_CALL:
            yield "Held up at", _hop(cause)
        case CauseKind.DEAD_LETTER:
            yield "Held up as", join(_hop(cause), _muted("a dead letter", class_="mp-why-note"))
        case CauseKind.UNKNOWN:
            seen = (
                f"no unresolved failure among the {count_of(cause.spans, 'span')} of its traces"
                if cause.spans
                else "none of its traces has a span yet"
            )
            yield "Held up at", join(element("span", "unknown", class_="mp-unknown"), _muted(f", {seen}"))
    if cause.last_hop:
        last = cause.last_hop
        how = ", failed" if last.has_failed else ""
        yield (
            "Last hop",
            join(_call(last.service, last.operation), _muted(" at "), instant(reader, last.at), _muted(how)),
        )
    if cause.failed_calls:
        rest = cause.failures - len(cause.failed_calls)
        more = [element("li", f"{grouped(rest)} more kinds")] if rest else []
        yield "Failures", element("ol", [_failed_call(call, cause, reader) for call in cause.failed_calls], more)
    if cause.dead_letter:
        letter = cause.dead_letter
        words = f"{letter.type} of {letter.source or 'an unknown source'} at "
        yield "Dead letter", join(words, instant(reader, letter.received_at), " ", _code(letter.id))


def _hop(cause: AlertCause) -> Html:
    signature = f"signature {cause.signature[:_DIGEST_SHOWN]}"
    return join(
        _call(cause.service, cause.operation),
        element("code", cause.error, class_="mp-verdict-error"),
        element("span", signature, class_="mp-why-note", title=cause.signature),
    )


def _failed_call(call: FailedCall, cause: AlertCause, reader: Reader) -> Html:
    notes = ["once" if call.spans == 1 else f"{grouped(call.spans)} times"]
    notes += [] if call.is_origin else ["because of a call beneath it"]
    notes += ["succeeded later"] if call.has_recovered else []
    return element(
        "li",
        _call(call.service, call.operation),
        _muted(f" {', '.join(notes)}, last "),
        instant(reader, call.last_at, seconds=True),
        # Both ends of a call tell the same.
        "" if call.error == cause.error else element("span", call.error, class_="mp-sub"),
    )


def _call(service: str, operation: str) -> Html:
    return join(element("b", service), " ", operation)


def _event(event: EventEvidence, reader: Reader) -> Html:
    late = join(_muted(", received "), instant(reader, event.received_at, seconds=True))
    return join(
        _code(event.type),
        _muted(f" in {event.source} at "),
        instant(reader, event.occurred_at, seconds=True),
        late if event.received_at > event.occurred_at else "",
        element("span", f"event {event.event_id}", class_="mp-why-note"),
    )


def _code(text: str) -> Html:
    return element("code", text)


def _muted(text: str, class_: str = "mp-why-muted") -> Html:
    return element("span", text, class_=class_)
