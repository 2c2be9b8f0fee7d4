"""Trace an object: everything known about one order, invoice, payment or run, on one timeline."""

from datetime import timedelta

import streamlit as st

from dashboard import reads
from dashboard.components import filters
from dashboard.components.amounts import stated_amounts
from dashboard.components.cards import facts_line, heading, money, notice, state_chip, trace_link
from dashboard.components.figures import CONFIG
from dashboard.components.frame import Follows, draw_frame
from dashboard.components.markup import Html, element, join
from dashboard.components.page import figure_width, palette, reader, shielded, write
from dashboard.components.tables import alerts_table, events_table, objects_table, spans_table
from dashboard.components.timeline import around, systems_of, timeline_figure, whole
from dashboard.components.verdict import Verdict, gravest, hop_words, verdict_of
from dashboard.components.waterfall import trace_words, traces_of, waterfall_figure
from dashboard.components.why import why_panel
from dashboard.formatting import Reader, count_of
from dashboard.framing import EVERYTHING
from storage.trace_view import HUB_TYPES, Journey

REFRESH = timedelta(seconds=5)
FOLLOWS = Follows(entity=False, region=False, currency=False, because="one object is shown whole, in its own currency")
_RUNS_IN_TITLE = 3
_EXAMPLES = 5
_WHOLE, _AROUND = "Whole journey", "Around the alert"


def _page() -> None:
    draw_frame(FOLLOWS)
    text = st.query_params.get(filters.OBJECT, "").strip()
    if not text:
        write(
            notice(
                "Search for an id to see its journey",
                "Paste the id of an order, quote, contract, invoice or payment, a correlation id or a trace id into "
                "the box above. Every alert on the overview opens its journey, too. To see what there is:",
                "milepost alerts list",
            )
        )
        examples = reads.open_alerts(EVERYTHING, _EXAMPLES, 0)
        if examples.alerts:
            write(heading("Stuck now", f"the most urgent of {count_of(examples.total, 'open alert')}"))
            write(alerts_table(examples.alerts, reader(), reads.muted_alerts()))
        return
    st.fragment(_journey, run_every=REFRESH)(text)


def _journey(text: str) -> None:
    shielded(lambda: _draw(text))


def _draw(text: str) -> None:
    journey, who = reads.journey(text), reader()
    if journey is None:
        write(
            notice(
                f"Nothing is known as “{text}”",
                "No event, trace or correlation id has this name. Ids are compared letter by letter; an object may be "
                "given with its type, such as order/O-1001. If the event was refused, it is a dead letter:",
                "milepost dead-letters list",
            )
        )
        return
    verdict = verdict_of(journey, who)
    write(_title(journey, text))
    write(_verdict(verdict, who))
    if journey.is_cut:
        write(
            notice(
                "This is not all of it",
                "The journey has more objects or events than can be shown, so here are the latest. Search for one "
                "of its orders or invoices to see that one whole.",
            )
        )
    if journey.alerts:
        write(heading("Why", f"what decided {count_of(len(journey.alerts), 'alert')}, and where it is held up"))
        write(why_panel(journey.alerts, who))
    _timeline(journey, who)
    _hops(journey, who, verdict)
    _facts(journey, who)


def _title(journey: Journey, text: str) -> Html:
    subject = journey.subject
    about = [event for event in journey.events if subject is None or any(each == subject for each, _ in event.objects)]
    facts: list[str] = []
    own = [alert for alert in journey.alerts if alert.business_object == subject and alert.amount is not None]
    stated = list(stated_amounts(journey.events).get(subject, {}).values()) if subject else []
    if own:
        facts.append(money(own[-1].amount, own[-1].currency))
    elif stated:
        facts.append(money(stated[-1].amount, stated[-1].currency or None))
    latest = journey.events[-1] if journey.events else None
    if latest:
        customers = sorted({each.id for event in about for each, _ in event.objects if each.type in HUB_TYPES})
        names = sorted({event.attributes["customer"] for event in about if event.attributes.get("customer")})
        facts += [part for part in (", ".join(names), ", ".join(customers), latest.legal_entity, latest.region) if part]
    facts += _run_facts(journey)
    alert = gravest(journey.alerts)
    chip = [state_chip(alert.state)] if alert else []
    type_ = element("span", subject.type, class_="mp-title-type") if subject else Html("")
    return element(
        "div",
        element("h1", type_, subject.id if subject else text, chip),
        element("div", facts_line(facts), class_="mp-title-facts"),
        class_="mp-title",
    )


def _run_facts(journey: Journey) -> list[str]:
    """The run of the workflow, and the correlation ids that turned out to be the same; else those of the events."""
    if journey.run is None:
        ids, word = journey.correlation_ids, "run"
        own, same = [], ""
    else:
        ids, word = (
            tuple(each for each in journey.run.correlation_ids if each != journey.run.id),
            "other correlation id",
        )
        own, same = [trace_link(journey.run.id)], "the same as "
    if len(ids) > _RUNS_IN_TITLE:
        return [*own, same + count_of(len(ids), word)]
    return [*own, *(join(same, trace_link(each)) for each in ids)]


def _verdict(verdict: Verdict, who: Reader) -> Html:
    parts = [element("div", verdict.headline, class_="mp-verdict-head")]
    if verdict.hop:
        parts.append(
            element(
                "div",
                element("span", hop_words(verdict.hop, who), class_="mp-verdict-hop"),
                element("code", verdict.hop.error, class_="mp-verdict-error"),
            )
        )
    if verdict.detail:
        parts.append(element("div", verdict.detail, class_="mp-verdict-detail"))
    return element("div", join(parts), class_=f"mp-verdict mp-{verdict.tone}", role="status")


def _timeline(journey: Journey, who: Reader) -> None:
    alert = gravest(journey.alerts)
    chosen = _WHOLE
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="timeline_head"
    ):
        write(heading("Timeline", "milestones as dots, calls as bars, failed ones crossed"))
        if alert:
            chosen = (
                st.segmented_control(
                    "Shown",
                    [_WHOLE, _AROUND],
                    default=_WHOLE,
                    required=True,
                    key="shown",
                    label_visibility="collapsed",
                    bind="query-params",
                )
                or _WHOLE
            )
    shown = around(alert, who) if alert and chosen == _AROUND else whole(journey, who)
    milestones = ", ".join(
        f"{event.type} in {event.source} at {who.instant(event.occurred_at)}" for event in journey.events
    )
    promises = ", ".join(
        f"{each.rule} {each.state} with its deadline at {who.instant(each.deadline_at)}" for each in journey.alerts
    )
    st.plotly_chart(
        timeline_figure(journey, shown, who, palette(), figure_width()),
        theme=None,
        config=CONFIG,
        key=f"timeline_{chosen}",
        alt=f"Milestones: {milestones or 'none'}. Alerts: {promises or 'none'}.",
    )


def _hops(journey: Journey, who: Reader, verdict: Verdict) -> None:
    traces = traces_of(journey.spans)
    if not traces:
        write(heading("Hop by hop"))
        write(
            notice(
                "No trace was received for this journey",
                "Spans are tied to it by their trace id or by the attribute correlation.id. Systems send them as OTLP "
                "to the collector's /v1/traces.",
            )
        )
        return
    broken = verdict.hop.last.trace_id if verdict.hop else None
    ids = list(traces)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="hops_head"):
        write(heading("Hop by hop", "who called whom, and how it ended"))
        chosen = st.selectbox(
            "Trace",
            ids,
            index=ids.index(broken) if broken in traces else len(ids) - 1,
            format_func=lambda trace_id: trace_words(traces[trace_id], who),
            key="trace",
            label_visibility="collapsed",
            width=420,
        )
    spans = traces[chosen]
    failed = "; ".join(f"{span.service} {span.name}: {span.error}" for span in spans if span.is_error)
    st.plotly_chart(
        waterfall_figure(spans, who, palette()),
        theme=None,
        config=CONFIG,
        key=f"waterfall_{chosen}",
        alt=f"{count_of(len(spans), 'span')} of trace {chosen}. Failed: {failed or 'none'}.",
    )


def _facts(journey: Journey, who: Reader) -> None:
    states = {alert.business_object: alert.state for alert in reversed(journey.alerts)}
    grave = gravest(journey.alerts)
    if grave:
        states[grave.business_object] = grave.state
    write(heading("Objects and amounts", f"{count_of(len(journey.objects), 'linked object')}, differences are marked"))
    write(objects_table(journey.objects, journey.events, states, systems_of(journey)))
    write(heading("Events", count_of(len(journey.events), "event")))
    write(events_table(journey.events, who))
    if journey.spans:
        failed = sum(span.is_error for span in journey.spans)
        write(heading("Spans", f"{count_of(len(journey.spans), 'span')}, {failed} failed"))
        with st.expander("Show every span", key="spans"):
            write(spans_table(journey.spans, who))


shielded(_page)
