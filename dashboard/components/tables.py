"""Tables as markup: figures right-aligned and tabular, ids as links, states as icon, word and colour."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlencode

from alerts.muting import MutedBy, MuteKind
from dashboard.components.amounts import Stated, invoiced, stated_amounts
from dashboard.components.cards import instant, money, severity_word, state_chip, trace_link
from dashboard.components.markup import Html, element, join
from dashboard.formatting import UNKNOWN, Reader, compact_money, count_of, duration, exact_money, grouped
from domain.alert import AlertState
from domain.business_object import BusinessObject
from storage.overview import OPEN_STATES, OpenAlert, RuleCount, Throughput
from storage.trace_view import EventRecord, SpanRecord

_MUTED = {
    MuteKind.SILENCE: "silenced",
    MuteKind.INHIBITION: "inhibited by",
    MuteKind.MUTE_INTERVAL: "muted",
    MuteKind.ACTIVE_INTERVAL: "muted outside",
}
_NONE = Html('<span class="mp-none">–</span>')


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and how it stands; `label` repeats it in each cell on a phone."""

    label: str
    kind: str = "text"


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], *, caption: str, class_: str = "") -> Html:
    """A table whose caption is for readers who cannot see it."""
    head = element("tr", [element("th", column.label, class_=f"mp-{column.kind}", scope="col") for column in columns])
    body = [
        element(
            "tr",
            [
                element("td", cell, class_=f"mp-{column.kind}", data_label=column.label)
                for column, cell in zip(columns, row, strict=True)
            ],
        )
        for row in rows
    ]
    inner = element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", body),
        class_=f"mp-table {class_}".strip(),
    )
    return element("div", inner, class_="mp-scroll", tabindex="0", role="region", aria_label=caption)


def alerts_table(alerts: Sequence[OpenAlert], reader: Reader, muted: Mapping[str, Sequence[MutedBy]]) -> Html:
    """The open alerts: what is stuck, how much money, since when, until when, why; and why nobody is told of it."""
    columns = (
        Column("State"),
        Column("Severity"),
        Column("Object"),
        Column("Entity"),
        Column("Amount", "number"),
        Column("Stuck since", "number"),
        Column("Deadline", "number"),
        Column("Why", "wide"),
    )
    rows = [_alert_row(alert, reader, muted.get(alert.alert_id, ())) for alert in alerts]
    return table(columns, rows, caption="Open alerts, the most urgent first", class_="mp-alerts mp-cards-on-phone")


def _alert_row(alert: OpenAlert, reader: Reader, muted: Sequence[MutedBy]) -> tuple[str, ...]:
    stuck = alert.business_object
    return (
        join(state_chip(alert.state), *(element("span", muted_words(one), class_="mp-sub") for one in muted)),
        severity_word(alert.severity),
        join(trace_link(str(stuck), stuck.id), element("span", stuck.type, class_="mp-sub")),
        alert.legal_entity or UNKNOWN,
        money(alert.amount, alert.currency),
        join(
            instant(reader, alert.started_at),
            element("span", duration(reader.now - alert.started_at), class_="mp-sub"),
        ),
        join(instant(reader, alert.deadline_at), _deadline_note(alert, reader)),
        join(
            element("b", alert.rule),
            # Not the annotation's summary: what it says of elapsed time was so when the alert last changed.
            element("span", reader.in_words(alert.reason), class_="mp-sub"),
            *([element("span", f"you may: {alert.intervention}", class_="mp-sub")] if alert.intervention else []),
        ),
    )


def muted_words(one: MutedBy) -> str:
    """What mutes an alert, in words."""
    whom = f" for {one.receiver}" if one.receiver else ""
    return f"{_MUTED[one.kind]}{whom}: {one.name}"


def _deadline_note(alert: OpenAlert, reader: Reader) -> Html:
    left = alert.deadline_at - reader.now
    text = f"{duration(left)} left" if left > timedelta(0) else f"{duration(-left)} over"
    class_ = "mp-sub" if left > timedelta(0) else f"mp-sub mp-over mp-{alert.state}"
    return element("span", text, class_=class_)


def rules_table(counts: Sequence[RuleCount]) -> Html:
    """Money at risk by handoff: each rule's open alerts and what is behind them, bars to one scale per currency."""
    most: dict[str | None, Decimal] = defaultdict(Decimal)
    totals: dict[tuple[str, str | None], tuple[Decimal | None, int]] = {}
    for count in counts:
        amount, unknown = totals.get((count.rule, count.currency), (None, 0))
        summed = count.amount if amount is None else amount + (count.amount or 0)
        totals[count.rule, count.currency] = (summed, unknown + count.unknown)
        most[count.currency] = max(most[count.currency], summed or Decimal(0))
    by_rule: dict[str, list[RuleCount]] = defaultdict(list)
    for count in counts:
        by_rule[count.rule].append(count)
    rows = [
        (
            element("a", rule, href=f"rules?{urlencode({'rule': rule})}", target="_self", class_="mp-link"),
            _state_counts(found),
            join(
                _money_bar(*totals[rule, currency], currency, most[currency])
                for currency in sorted({count.currency for count in found}, key=lambda name: name or "~")
            ),
        )
        for rule, found in sorted(by_rule.items(), key=lambda item: -sum(count.alerts for count in item[1]))
    ]
    columns = (Column("Rule"), Column("Open alerts"), Column("Money behind them", "money"))
    return table(columns, rows, caption="Money at risk by rule, per currency", class_="mp-rules")


def _state_counts(counts: Sequence[RuleCount]) -> Html:
    parts = []
    for state in OPEN_STATES:
        number = sum(count.alerts for count in counts if count.state is state)
        if number:
            parts.append(element("span", state_chip(state), f" {grouped(number)}", class_="mp-state-count"))
    return join(parts)


def _money_bar(amount: Decimal | None, unknown: int, currency: str | None, most: Decimal) -> Html:
    share = max(round(100 * amount / most), 1) if amount and most else 0
    text = compact_money(amount, currency)
    hover = exact_money(amount, currency)
    if unknown:
        hover += f"; {count_of(unknown, 'alert')} without an amount"
        text += f" + {unknown} unknown" if amount is not None else ""
    return element(
        "div",
        element("span", element("i", style=f"width:{share}%"), class_="mp-bar"),
        element("span", text, class_="mp-bar-text"),
        class_="mp-money-bar",
        title=hover,
    )


def throughput_table(throughput: Throughput, types: Sequence[str]) -> Html:
    """The figure of milestones over time as a table: totals, and the latest slice."""
    last = max((at for counts in throughput.counts.values() for at in counts), default=None)
    rows = [
        (
            type_,
            grouped(sum(throughput.counts.get(type_, {}).values())),
            grouped(throughput.counts.get(type_, {}).get(last, 0)) if last else "0",
        )
        for type_ in types
    ]
    columns = (Column("Milestone"), Column("In this time", "number"), Column("In the latest slice", "number"))
    return table(columns, rows, caption="Milestones reached")


def objects_table(
    objects: Sequence[BusinessObject],
    events: Sequence[EventRecord],
    states: Mapping[BusinessObject, AlertState],
    systems: Sequence[str],
) -> Html:
    """The linked objects: how far each got, and what each system says it is worth, differences marked."""
    latest = {each: event for event in events for each, _ in event.objects}
    stated = stated_amounts(events)
    used = [system for system in systems if any(system in found for found in stated.values())]
    rows: list[tuple[str, ...]] = []
    for each in objects:
        link = join(trace_link(str(each), each.id), element("span", each.type, class_="mp-sub"))
        reached = latest[each].type if each in latest else UNKNOWN
        chip = state_chip(states[each]) if each in states else _NONE
        found = stated.get(each, {})
        rows.append((link, reached, chip, *_amount_cells(found, used, differs=len(set(found.values())) > 1)))
    together = invoiced(stated)
    if together:
        label = f"{count_of(together.invoices, 'invoice')} of the order, added up"
        rows.append((label, _NONE, _NONE, *_amount_cells(together.summed, used, differs=together.differs)))
    columns = (
        Column("Object"),
        Column("Latest milestone"),
        Column("Alert"),
        Column("Currency"),
        *(Column(system, "number") for system in used),
    )
    return table(columns, rows, caption="Linked objects and their amounts per system")


def _amount_cells(found: Stated, systems: Sequence[str], *, differs: bool) -> Iterator[str]:
    """The currency, then what each system stated."""
    currencies = sorted({money.currency or UNKNOWN for money in found.values()})
    yield " / ".join(currencies) or _NONE
    for system in systems:
        if system not in found:
            yield _NONE
            continue
        amount, currency = found[system].amount, found[system].currency
        exact = exact_money(amount, currency)
        text = exact.removesuffix(f" {currency}") if len(currencies) == 1 else exact
        mark = element("b", " ≠", aria_hidden="true")
        yield element("span", text, mark, class_="mp-differs", title="amounts differ") if differs else text


def events_table(events: Sequence[EventRecord], reader: Reader) -> Html:
    """Every event in time order, the raw one a click away."""
    columns = (
        Column("Occurred", "number"),
        Column("Milestone"),
        Column("System"),
        Column("Objects"),
        Column("Amount", "number"),
        Column("Received", "number"),
        Column("Event", "raw"),
    )
    rows = [
        (
            instant(reader, event.occurred_at, seconds=True),
            element("b", event.type),
            event.source,
            ", ".join(each.id for each, qualifier in event.objects if not qualifier)
            or ", ".join(str(each) for each, _ in event.objects)
            or "names no object",
            money(event.amount, event.currency or None) if event.amount is not None else _NONE,
            _received(event),
            _raw(event),
        )
        for event in events
    ]
    return table(columns, rows, caption="Events", class_="mp-events")


def _received(event: EventRecord) -> str:
    lag = event.received_at - event.occurred_at
    return "at once" if lag < timedelta(seconds=1) else f"{duration(lag)} later"


def _raw(event: EventRecord) -> Html:
    text = event.data
    if not event.is_base64:
        try:
            text = json.dumps(json.loads(event.data), indent=2, ensure_ascii=False)
        except ValueError:
            text = event.data
    known = {
        "id": event.event_id,
        "correlation id": event.correlation_id,
        "caused by": event.causation_id,
        "trace id": event.trace_id,
        "contract": event.dataschema,
    }
    lines = "\n".join(f"{name}: {value}" for name, value in known.items() if value)
    body = f"{lines}\n\n{text}" if text else lines
    return element("details", element("summary", "raw"), element("pre", body))


def spans_table(spans: Sequence[SpanRecord], reader: Reader) -> Html:
    """Every span in time order; a failed one with its error and exception."""
    columns = (
        Column("Started", "number"),
        Column("System"),
        Column("Operation"),
        Column("Kind"),
        Column("Took", "number"),
        Column("Outcome", "wide"),
    )
    rows = [
        (
            instant(reader, span.started_at, seconds=True),
            span.service,
            element("b", span.name),
            span.kind.lower(),
            duration(span.duration),
            _outcome(span),
        )
        for span in spans
    ]
    return table(columns, rows, caption="Spans", class_="mp-spans")


def _outcome(span: SpanRecord) -> Html:
    if not span.is_error:
        return element("span", "ok", class_="mp-quiet")
    status = span.attributes.get("http.response.status_code") or span.attributes.get("http.status_code")
    head = element("span", element("b", "failed"), f" {span.error}", f" (HTTP {status})" if status else "")
    if span.exception_stacktrace:
        trace = element("details", element("summary", "stack trace"), element("pre", span.exception_stacktrace))
        return element("div", head, trace, class_="mp-over mp-firing")
    return element("div", head, class_="mp-over mp-firing")
