"""Executive: what is at risk now, how ready the close is, and the key figures with what is behind each."""

from datetime import timedelta

import streamlit as st

from dashboard import close_reads, kpi_reads, reads
from dashboard.components import filters
from dashboard.components.cards import Tile, facts_line, heading, notice, sentence, tiles
from dashboard.components.close import readiness_bullets
from dashboard.components.export import export
from dashboard.components.figures import CONFIG
from dashboard.components.frame import draw_frame, query_of
from dashboard.components.kpi_course import course_figure, course_table, course_words
from dashboard.components.kpi_groups import GROUPS
from dashboard.components.kpis import (
    cases_table,
    days_table,
    kpi_table,
    kpi_tile,
    parts_table,
    shown_value,
    spark_values,
)
from dashboard.components.markup import Html, element
from dashboard.components.money_funnel import funnel
from dashboard.components.page import loading, palette, reader, shielded, write
from dashboard.components.standing import at_rates_words, close_words, standing_words
from dashboard.components.tables import rules_table
from dashboard.export_sheets import cases_sheet
from dashboard.formatting import count_of, percent
from dashboard.framing import OF_ALL, Frame
from dashboard.kpi_reads import KpiCourses, KpiFigure, KpiRange
from dashboard.money_in import counts_in, risk_in
from domain.close import EntityClose
from domain.kpi import Dimension, Kpi, Origin

REFRESH = timedelta(seconds=20)
# At most six: those that say whether work is in time, how long it takes and what it came to.
TILES = ("sla_attainment", "order_activation", "order_to_invoice", "booked", "billed", "collected")
STEPS = ("Booked", "Billed", "Collected")
_CASES_A_PAGE = 20
_MOST_NAMED = 3


def _page() -> None:
    # Which accounting periods there are depends on the legal entity that is chosen beside them.
    drawn = draw_frame()
    frame = drawn.frame
    with drawn.room:
        name = filters.named_range("30d", "over", kpi_reads.period_names(frame))
    with loading("summary"):
        st.fragment(_summary, run_every=REFRESH)(name, frame)
    chosen = kpi_reads.kpis().get(st.query_params.get("kpi", ""))
    if chosen:
        with st.container(key="behind"):
            st.fragment(_behind, run_every=REFRESH)(chosen, name, frame)


def _summary(name: str, frame: Frame) -> None:
    def draw() -> None:
        range_ = kpi_reads.kpi_range(name, frame)
        found = kpi_reads.kpi_figures(range_.name, frame)
        if not any(one.figure.closed.cases or one.figure.open.cases for one in found):
            write(
                notice(
                    "No case has ended in this time",
                    "Here stand the key figures, as soon as events tell of work that begins and ends; they are brought "
                    "up to date once a minute. Choose a longer time range above, or see the demo company's:",
                    "make demo",
                )
            )
            return
        closes = _closes(frame)
        write(_paper_head(range_, frame))
        write(sentence(*_now_in_words(frame, closes)))
        write(element("p", _in_words(found, frame.currency), class_="mp-lead"))
        by_id = {one.kpi.id: one for one in found}
        shown = [by_id[name] for name in TILES if name in by_id]
        told = kpi_reads.kpi_courses(tuple(one.kpi.id for one in shown), range_.name, frame)
        write(tiles([_tile(one, told, range_) for one in shown]))
        _close(closes, frame)
        steps = [(name, by_id[name.lower()].figure) for name in STEPS if name.lower() in by_id]
        if steps:
            write(heading("From booked to collected", range_.words))
            write(funnel(steps))
        counts = counts_in(reads.alert_counts(frame.without_currency()), frame.currency)
        if counts:
            write(heading("Money at risk by handoff", at_rates_words(frame)))
            write(rules_table(counts))
        address = {"over": [range_.name], **query_of(frame)}
        with st.container(key="kpi_groups"):
            for number, (title, belongs) in enumerate(GROUPS):
                group = [(one.kpi, one.figure) for one in found if belongs(one.kpi)]
                if group:
                    with st.container(key=f"kpi_group_{number}"):
                        whole = OF_ALL if any(kpi_reads.is_of_all(kpi, frame) for kpi, _ in group) else ""
                        write(heading(title, f"{range_.words}, beside {range_.before}{whole}"))
                        write(kpi_table(group, address, title))

    shielded(draw)


def _paper_head(range_: KpiRange, frame: Frame) -> Html:
    """What stands above the page on paper, where no filter can be seen: of whom it is, and of when."""
    who = reader()
    whose = ", ".join(frame.entities) or "all legal entities"
    where = ", ".join(frame.regions) or "all regions"
    facts = facts_line([whose, where, range_.words, f"amounts in {frame.currency}", who.instant(who.now)])
    return element("div", element("b", "Milepost, executive summary"), facts, class_="mp-paper")


def _tile(one: KpiFigure, told: KpiCourses, range_: KpiRange) -> Tile:
    return kpi_tile(one.kpi, one.figure, spark_values(one.kpi, told.of[one.kpi.id], told.steps), range_.before)


def _closes(frame: Frame) -> list[EntityClose]:
    """The close of the period whose cutoff comes next; empty where none is configured."""
    return close_reads.closes("", frame.entities) if close_reads.book() else []


def _close(closes: list[EntityClose], frame: Frame) -> None:
    book = close_reads.book()
    if not closes or book is None:
        return
    target = book.definition.target
    whole = "; of all regions" if frame.regions else ""
    note = f"{closes[0].period.name}, target {percent(float(target))}; a name opens the close{whole}"
    write(heading("Close readiness", note))
    write(readiness_bullets(closes, target, reader()))


def _now_in_words(frame: Frame, closes: list[EntityClose]) -> tuple[str, str]:
    """What is past its window and whose close is at risk, in one sentence with its tone."""
    whose = frame.without_currency()
    money = risk_in(reads.money_at_risk(whose), frame.currency)
    parts, tone = standing_words(reads.alert_counts(whose), money, reads.judged_through(), reader())
    book = close_reads.book()
    if book is not None and (closing := close_words(closes, float(book.definition.target), reader())):
        parts.append(closing)
        tone = "at_risk" if tone == "in_time" and "at risk" in closing else tone
    words = f"{'; '.join(parts)}."
    return words[0].upper() + words[1:], tone


def _in_words(found: list[KpiFigure], currency: str) -> str:
    """How many targets are met, and which are not, in one sentence."""
    judged = [(one, one.kpi.is_met(one.figure.value)) for one in found]
    missed = [one for one, met in judged if met is False]
    met = sum(1 for _, is_met in judged if is_met)
    if not missed and not met:
        return "No target can be judged in this time: no case of theirs has ended."
    if not missed:
        return f"All {count_of(met, 'target')} that can be judged are met."
    named = [f"{one.kpi.title} at {shown_value(one.kpi, one.figure.value, currency)}" for one in missed[:_MOST_NAMED]]
    more = f" and {len(missed) - _MOST_NAMED} more" if len(missed) > _MOST_NAMED else ""
    verb = "misses its target" if len(missed) == 1 else "miss their targets"
    words = f"{', '.join(named)}{more} {verb}; {count_of(met, 'target')} {'is' if met == 1 else 'are'} met."
    return words[0].upper() + words[1:]


def _course(kpi: Kpi, range_: KpiRange, frame: Frame) -> None:
    """Its course as a figure, in a sentence, and as a table."""
    told = kpi_reads.kpi_courses((kpi.id,), range_.name, frame)
    course = [(at, told.of[kpi.id].get(at)) for at in told.steps]
    currency = frame.currency
    words = course_words(kpi, course, reader(), currency)
    st.plotly_chart(
        course_figure(kpi, course, reader(), palette(), currency),
        theme=None,
        config=CONFIG,
        key="course",
        alt=f"The course of {kpi.title} over {range_.words}. {words}",
    )
    write(element("p", words, class_="mp-sub"))
    with st.expander("The course as a table", key="course_table"):
        write(course_table(kpi, course, reader(), currency))


def _behind(asked: Kpi, name: str, frame: Frame) -> None:
    kpi = kpi_reads.targeted(asked, frame)

    def draw() -> None:
        range_ = kpi_reads.kpi_range(name, frame)
        whole = OF_ALL if kpi_reads.is_of_all(kpi, frame) else ""
        write(heading(kpi.title, f"what is behind it, {range_.words}{whole}"))
        _course(kpi, range_, frame)
        parted = [(Dimension.LEGAL_ENTITY, "Legal entity")]
        if kpi.cases.origin is not Origin.MILESTONES:
            parted = [(Dimension.HANDOFF, "Handoff"), (Dimension.RULE, "Rule"), (Dimension.SOURCE, "Source"), *parted]
        for dimension, words in parted:
            told = kpi_reads.kpi_by(kpi.id, dimension, range_.name, frame)
            if any(one.label for one in told):
                write(parts_table(kpi, told, words))
        is_open = (
            st.segmented_control(
                "Cases",
                ["ended", "still open"],
                default="ended",
                required=True,
                key="cases",
                label_visibility="collapsed",
                bind="query-params",
            )
            == "still open"
        )
        key = f"cases_page {kpi.id} {'open' if is_open else 'ended'}"
        first = (int(st.session_state.get(key, 1)) - 1) * _CASES_A_PAGE
        cases, total = kpi_reads.kpi_cases(kpi.id, range_.name, frame, is_open, _CASES_A_PAGE, first)
        if not cases and first:
            # That page has gone since it was chosen.
            cases, total = kpi_reads.kpi_cases(kpi.id, range_.name, frame, is_open, _CASES_A_PAGE, 0)
        export("cases", kpi.id, total, cases_sheet(kpi, kpi_reads.question(kpi, range_.name, frame), is_open=is_open))
        if cases:
            write(cases_table(kpi, cases, reader(), is_open=is_open))
        else:
            write(notice("No such case in this time", "Choose a longer time range above, or the other cases."))
        pages = -(-total // _CASES_A_PAGE)
        if pages > 1:
            st.pagination(pages, key=key)
        statements = kpi_reads.kpi_statements(kpi.id, range_.name)
        if statements:
            # What was stated once is not restated in another currency, or of fewer.
            of_all = f", of all together in {reads.reporting_currency()}" if query_of(frame) else ""
            with st.expander(f"Day by day, as it was stated{of_all}", key="days"):
                write(days_table(kpi, statements, reader(), reads.reporting_currency()))

    shielded(draw)


shielded(_page)
