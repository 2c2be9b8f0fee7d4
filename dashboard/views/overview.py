"""Overview: what is stuck now, how much money is behind it, and how work flows."""

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from dashboard import reads
from dashboard.components import filters
from dashboard.components.cards import Tile, heading, notice, sentence, tiles
from dashboard.components.figures import CONFIG, MILESTONES, milestone_order, throughput_figure
from dashboard.components.filters import TimeRange
from dashboard.components.frame import draw_frame
from dashboard.components.page import loading, palette, reader, shielded, write
from dashboard.components.sources import sources_table
from dashboard.components.standing import at_rates_words, listed, standing_words
from dashboard.components.tables import alerts_table, rules_table, throughput_table
from dashboard.formatting import UNKNOWN, compact_money, count_of, duration, exact_money, grouped, percent
from dashboard.framing import Frame
from dashboard.money_in import counts_in, risk_in
from domain.alert import AlertState
from storage.freshness import SourceFreshness
from storage.overview import MoneyAtRisk, OrderFlow, RuleCount

REFRESH = timedelta(seconds=5)
_ALERTS_A_PAGE = 12


def _page() -> None:
    drawn = draw_frame()
    with drawn.room:
        range_ = filters.time_range()
    frame = drawn.frame
    with loading("summary"):
        st.fragment(_summary, run_every=REFRESH)(range_, frame)
    st.fragment(_alerts, run_every=REFRESH)(frame.without_currency())
    st.fragment(_by_rule, run_every=REFRESH)(frame)
    st.fragment(_throughput, run_every=4 * REFRESH)(range_, frame.without_currency())


def _summary(range_: TimeRange, frame: Frame) -> None:
    def draw() -> None:
        whose = frame.without_currency()
        counts, sources = reads.alert_counts(whose), reads.sources()
        money = risk_in(reads.money_at_risk(whose), frame.currency)
        flow, before = reads.order_flow(range_.name, whose)
        if not _has_heard(sources):
            write(
                notice(
                    "No event has arrived yet",
                    "Here stands what is stuck and how much money is behind it, as soon as a system sends its first "
                    "event to the collector. To see it with the demo company's traffic:",
                    "make demo",
                )
            )
            return
        write(sentence(*_in_words(counts, money)))
        write(tiles(_tiles(counts, money, flow, before, range_)))
        with st.expander("Sources by event type", key="sources_table"):
            write(sources_table(sources, reader()))

    shielded(draw)


def _has_heard(sources: Sequence[SourceFreshness]) -> bool:
    return any(source.last_received_at for source in sources)


def _in_words(counts: Sequence[RuleCount], money: Sequence[MoneyAtRisk]) -> tuple[str, str]:
    """The state of things in one sentence, and its tone."""
    parts, tone = standing_words(counts, money, reads.judged_through(), reader())
    words = f"{'; '.join(parts)}."
    return words[0].upper() + words[1:], tone


def _tiles(
    counts: Sequence[RuleCount],
    money: Sequence[MoneyAtRisk],
    flow: OrderFlow,
    before: OrderFlow,
    range_: TimeRange,
) -> list[Tile]:
    firing = sum(count.alerts for count in counts if count.state is AlertState.FIRING)
    at_risk = sum(count.alerts for count in counts if count.state is AlertState.AT_RISK)
    unsure = sum(count.alerts for count in counts if count.state is AlertState.SUSPENDED)
    more = (f"{grouped(unsure)} unknown while a source is silent",) if unsure else ()
    stretch = range_.words
    return [
        Tile(
            "Alerts firing",
            grouped(firing),
            f"{grouped(at_risk)} at risk",
            tone="firing" if firing else "in_time",
            more=more,
        ),
        _money_tile(money),
        Tile(
            "Orders in time",
            percent(flow.share_in_time),
            f"{grouped(flow.late)} of {grouped(flow.decided)} late in {stretch}"
            if flow.decided
            else f"none decided in {stretch}",
            more=(f"{percent(before.share_in_time)} in {range_.before}",),
        ),
        Tile(
            "Approved → posted, median",
            duration(flow.median),
            f"{count_of(flow.posted, 'order')} in {stretch}",
            more=(f"{duration(before.median)} in {range_.before}",),
        ),
    ]


def _money_tile(money: Sequence[MoneyAtRisk]) -> Tile:
    """Money past its window, currency by currency: amounts of different currencies are never added."""
    firing = [row for row in money if row.state is AlertState.FIRING]
    stated = [row for row in firing if row.amount is not None]
    unknown = sum(row.unknown for row in firing)
    risk = _stated(money, AlertState.AT_RISK)
    unsure = _stated(money, AlertState.SUSPENDED)
    more: tuple[str, ...] = (f"{listed(risk)} more at risk",) if risk else ()
    if unsure:
        more = (*more, f"{listed(unsure)} not judged while a source is silent")
    if not firing:
        return Tile("Money past its window", "none", "no object is known to be late", more=more)
    note = count_of(sum(row.objects for row in firing), "object")
    if unknown:
        note += f", {grouped(unknown)} without an amount"
    if not stated:
        return Tile("Money past its window", UNKNOWN, note, tone="firing", more=more)
    figures = [compact_money(row.amount, row.currency) for row in stated]
    if len(figures) > 1:
        more = (f"and {listed(figures[1:])}", *more)
    exact = "; ".join(exact_money(row.amount, row.currency) for row in stated)
    return Tile("Money past its window", figures[0], note, exact=exact, tone="firing", more=more)


def _stated(money: Sequence[MoneyAtRisk], state: AlertState) -> list[str]:
    return [compact_money(row.amount, row.currency) for row in money if row.state is state and row.amount is not None]


def _alerts(frame: Frame) -> None:
    def draw() -> None:
        page = int(st.session_state.get("alerts_page", 1))
        found = reads.open_alerts(frame, _ALERTS_A_PAGE, (page - 1) * _ALERTS_A_PAGE)
        if not found.alerts and page > 1:
            # Alerts were resolved while the reader stood on a page that is no more.
            st.session_state["alerts_page"] = page = 1
            found = reads.open_alerts(frame, _ALERTS_A_PAGE, 0)
        write(heading("Alerts now", count_of(found.total, "open alert")))
        if not found.alerts:
            write(
                notice(
                    "Nothing is open",
                    "An alert stands here from the moment an object is about to miss its service window until it is "
                    "resolved. What was resolved stays in the list:",
                    "milepost alerts list --state resolved",
                )
            )
            return
        write(alerts_table(found.alerts, reader(), reads.muted_alerts()))
        pages = -(-found.total // _ALERTS_A_PAGE)
        if pages > 1:
            st.pagination(pages, key="alerts_page")

    shielded(draw)


def _by_rule(frame: Frame) -> None:
    def draw() -> None:
        counts = reads.alert_counts(frame.without_currency())
        if counts:
            write(heading("Money at risk by handoff", at_rates_words(frame)))
            write(rules_table(counts_in(counts, frame.currency)))

    shielded(draw)


def _throughput(range_: TimeRange, frame: Frame) -> None:
    def draw() -> None:
        if not _has_heard(reads.sources()):
            return
        found = reads.throughput(range_.name, frame)
        write(heading("Throughput per milestone", f"{range_.words}, each row to its own scale, heights by square root"))
        if not found.counts:
            write(notice("No milestone was reached in this time", "Choose a longer time range above."))
            return
        types = milestone_order(set(found.counts) | (set(MILESTONES) if len(found.counts) > 3 else set()))
        totals = ", ".join(f"{type_} {sum(found.counts.get(type_, {}).values())}" for type_ in types)
        st.plotly_chart(
            throughput_figure(found, types, reader(), palette()),
            theme=None,
            config=CONFIG,
            key="throughput",
            alt=f"Milestones reached over {range_.words}: {totals}",
        )
        with st.expander("As a table", key="throughput_table"):
            write(throughput_table(found, types))

    shielded(draw)


shielded(_page)
