"""Close: how ready each legal entity is to close a period, what blocks it, and signing it off."""

from datetime import timedelta

import streamlit as st

from dashboard import actions, close_reads
from dashboard.components.acting import reason_form, tell_done
from dashboard.components.cards import heading, notice, sentence
from dashboard.components.close import (
    cell_facts,
    close_cases_table,
    entity_name,
    gates_table,
    history_table,
    readiness_bullets,
    sign_off_banner,
)
from dashboard.components.close_course import course_figure, course_table, course_words
from dashboard.components.figures import CONFIG
from dashboard.components.frame import Follows, draw_frame
from dashboard.components.markup import as_label
from dashboard.components.page import palette, reader, shielded, write
from dashboard.formatting import count_of, duration, grouped, percent
from domain.close import CellState, EntityClose
from domain.errors import UsageError
from domain.permission import Permission
from storage.close_cases import CasesWhich

REFRESH = timedelta(seconds=15)
FOLLOWS = Follows(
    region=False,
    currency=False,
    because="a close is of a whole legal entity, and amounts stand in the currency that each case states",
)
_A_PAGE = 20
_STATES = {"late": CasesWhich.LATE, "in flight": CasesWhich.IN_FLIGHT, "cleared": CasesWhich.CLEARED}

_NOTHING = {
    CasesWhich.LATE: "Nothing is late here",
    CasesWhich.IN_FLIGHT: "Nothing is in flight here",
    CasesWhich.CLEARED: "Nothing is cleared here yet",
}


def _page() -> None:
    tell_done()
    if close_reads.book() is None:
        draw_frame(FOLLOWS)
        write(notice("No close is configured", "The program that serves this console was started without one."))
        return
    drawn = draw_frame(FOLLOWS)
    with drawn.room:
        period = _period()
    entities = drawn.frame.entities
    st.fragment(_readiness, run_every=REFRESH)(period, entities)
    st.fragment(_behind, run_every=REFRESH)(period, entities)
    # No fragment that runs by itself: a half-typed reason must not be lost.
    _sign_off(period, entities)


def _period() -> str:
    names = close_reads.period_names()
    asked = st.query_params.get("period", "")
    # A colleague's link may name one that is further back than the list goes.
    options = names if asked in ("", *names) else [asked, *names]
    return st.selectbox("Period", options, key="period", label_visibility="collapsed", bind="query-params", width=130)


def _closes(period: str, entities: tuple[str, ...]) -> list[EntityClose]:
    try:
        return close_reads.closes(period, entities)
    except UsageError as error:
        text = str(error)
        write(notice("There is no such period", f"{text[:1].upper()}{text[1:]}."))
        return []


def _readiness(period: str, entities: tuple[str, ...]) -> None:
    def draw() -> None:
        found = _closes(period, entities)
        if not found:
            write(
                notice(
                    f"Nothing to close in {period} yet",
                    "Here stand the gates of the period by legal entity, as soon as orders, invoices or payments begin "
                    "in it; they are brought up to date once a minute. Choose another period above, or see the demo "
                    "company's:",
                    "make demo",
                )
            )
            return
        write(sentence(*_in_words(found)))
        book = close_reads.book()
        assert book is not None
        who = f"target {percent(float(book.definition.target))}, owner {book.definition.owner.replace('_', ' ')}"
        write(heading("Readiness", f"{period}, {who}"))
        write(readiness_bullets(found, book.definition.target, reader()))
        write(
            heading(
                "Gates",
                "cleared of what is due, the money of what is late, and what is in flight; a cell opens its cases",
            )
        )
        write(gates_table(found, _address(period, entities), _chosen(found)))
        _course(found, float(book.definition.target))

    shielded(draw)


def _course(found: list[EntityClose], target: float) -> None:
    shown = [close for close in found if close.course]
    if not shown:
        return
    write(
        heading(
            "Forecast to the cutoff",
            "of all cases known today, those in flight as well, by how quickly such were cleared before",
        )
    )
    st.plotly_chart(
        course_figure(shown, target, reader(), palette()),
        theme=None,
        config=CONFIG,
        key="course",
        alt=f"Expected readiness: {course_words(shown, reader())}",
    )
    with st.expander("As a table", key="course_table"):
        write(course_table(shown, reader()))
        write(
            notice(
                "How it is counted",
                "Of each open case the chance to be cleared by then, on condition of the time it has waited already. "
                "Cases that are still to come are not in it. A gate that nobody can forecast counts as it stands "
                "today; a legal entity with one of which nobody knows how it stands has no line.",
            )
        )


def _in_words(found: list[EntityClose]) -> tuple[str, str]:
    """How the close stands in one sentence, and its tone."""
    suspended = [close for close in found if close.is_suspended]
    blocked = [close for close in found if close.state is CellState.BLOCKED]
    unknown = [close for close in found if close.state is CellState.UNKNOWN]
    ready = [close for close in found if close.state is CellState.READY]
    signed = sum(1 for close in found if close.is_signed_off)
    parts = []
    if suspended:
        verb = "was" if len(suspended) == 1 else "were"
        parts.append(f"{_named(suspended)} {verb} signed off and reopened since")
    parts.append(f"{len(ready)} of {count_of(len(found), 'legal entity', 'legal entities')} ready")
    if blocked:
        waiting = sum(close.late for close in blocked)
        parts.append(f"{count_of(waiting, 'case')} {'blocks' if waiting == 1 else 'block'} {_named(blocked)}")
    flying = sum(close.in_flight for close in found)
    if flying:
        parts.append(f"{grouped(flying)} more in flight" if blocked else f"{count_of(flying, 'case')} in flight")
    if unknown:
        parts.append(f"nobody can know how {_named(unknown)} {'stands' if len(unknown) == 1 else 'stand'}")
    if signed:
        parts.append(f"{signed} signed off")
    left = min(close.period.cutoff_at for close in found) - reader().now
    cutoff = reader().instant(min(close.period.cutoff_at for close in found))
    parts.append(
        f"cutoff {cutoff}, {duration(left)} left"
        if left > timedelta(0)
        else f"cutoff was {cutoff}, {duration(-left)} ago"
    )
    tone = "suspended" if suspended or (unknown and not blocked) else "in_time" if not blocked else "at_risk"
    if blocked and left < timedelta(0):
        tone = "firing"
    return f"{'; '.join(parts)}.", tone


def _named(closes: list[EntityClose]) -> str:
    names = [entity_name(close.legal_entity) for close in closes]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _chosen(found: list[EntityClose]) -> tuple[str, str]:
    """The legal entity and the gate that the address names, and so whose cases are shown; ('', '') where none."""
    entity, gate = st.query_params.get("of"), st.query_params.get("gate", "")
    close = next((one for one in found if one.legal_entity == entity), None)
    if close is None or not any(cell.gate.id == gate for cell in close.cells):
        return "", ""
    return close.legal_entity, gate


def _address(period: str, entities: tuple[str, ...]) -> dict[str, str]:
    return {"period": period, **({"entity": ",".join(entities)} if entities else {})}


def _behind(period: str, entities: tuple[str, ...]) -> None:
    def draw() -> None:
        found = _closes(period, entities)
        if not found:
            return
        entity, gate = _chosen(found)
        if gate:
            _cell_cases(next(close for close in found if close.legal_entity == entity), gate)
        else:
            _blockers(period, entities)

    shielded(draw)


def _cell_cases(close: EntityClose, gate: str) -> None:
    cell = next(one for one in close.cells if one.gate.id == gate)
    write(heading(f"{entity_name(close.legal_entity)}: {cell.gate.title}", close.period.name))
    write(cell_facts(close, cell, reader()))
    if not cell.gate.keeps_cases:
        return
    shown = st.segmented_control(
        "Cases",
        list(_STATES),
        default="late",
        required=True,
        key="cases",
        label_visibility="collapsed",
        bind="query-params",
    )
    key = f"close_cases_page {close.legal_entity} {gate} {shown}"
    _cases(close.period.name, (close.legal_entity,), gate, key, _STATES[shown or "late"])


def _blockers(period: str, entities: tuple[str, ...]) -> None:
    write(heading("Blockers", "what is late in all gates, worth most first"))
    _cases(period, entities, "", "close_blockers_page", CasesWhich.LATE)
    flying = sum(close.in_flight for close in _closes(period, entities))
    if flying:
        with st.expander(f"{count_of(flying, 'case')} in flight, inside their windows", key="close_in_flight"):
            _cases(period, entities, "", "close_flying_page", CasesWhich.IN_FLIGHT)


def _cases(period: str, entities: tuple[str, ...], gate: str, key: str, which: CasesWhich) -> None:
    first = (int(st.session_state.get(key, 1)) - 1) * _A_PAGE
    cases, total = close_reads.cases(period, entities, gate, which, _A_PAGE, first)
    if not cases and first:
        # That page has gone since it was chosen.
        cases, total = close_reads.cases(period, entities, gate, which, _A_PAGE, 0)
    if not cases:
        what = _NOTHING[which]
        write(
            notice(
                what,
                "An object is in flight from its first milestone in the period until its window runs out, and late "
                "from then or the cutoff on, until it is cleared.",
            )
        )
        return
    book = close_reads.book()
    assert book is not None
    gates = {one.id: one for one in book.gates}
    caption = f"{count_of(total, 'case')} {which.value.replace('_', ' ')}, worth most first"
    write(close_cases_table(cases, gates, reader(), is_open=which is not CasesWhich.CLEARED, caption=caption))
    pages = -(-total // _A_PAGE)
    if pages > 1:
        st.pagination(pages, key=key)


def _sign_off(period: str, entities: tuple[str, ...]) -> None:
    def draw() -> None:
        found = [close for close in _closes(period, entities) if close.legal_entity]
        if not found:
            return
        write(
            heading(
                "Sign-off",
                "by a person, with a reason; other cases or amounts suspend it later, what is cleared is noted",
            )
        )
        names = [close.legal_entity for close in found]
        asked = st.query_params.get("of", "")
        chosen = st.selectbox(
            "Legal entity",
            names,
            index=names.index(asked) if asked in names else 0,
            key=f"signing {period} {asked}",
            width=220,
        )
        close = next(one for one in found if one.legal_entity == chosen)
        st.fragment(_standing, run_every=REFRESH)(period, close)
        if not close.is_signed_off:
            _form(close)
        entries = close_reads.history(close.legal_entity, period)
        if entries:
            write(heading("History", f"{close.legal_entity} {period}"))
            write(history_table(entries, reader()))

    shielded(draw)


def _standing(period: str, drawn: EntityClose) -> None:
    """Whether the sign-off stands; once that is another than the page was drawn with, the page is drawn anew."""

    def draw() -> None:
        found = [one for one in _closes(period, (drawn.legal_entity,)) if one.legal_entity == drawn.legal_entity]
        close = found[0] if found else drawn
        write(sign_off_banner(close, reader()))
        if close.sign_off != drawn.sign_off:
            # What stands typed in the form stays there.
            st.rerun()

    shielded(draw)


def _form(close: EntityClose) -> None:
    unfinished = (CellState.BLOCKED, CellState.UNKNOWN, CellState.IN_FLIGHT)
    stuck = [cell.gate.title for cell in close.cells if cell.state in unfinished]
    asked = {"with_blockers": False}
    whose = f"{close.legal_entity} {close.period.name}"

    def before() -> None:
        if stuck:
            asked["with_blockers"] = st.checkbox(
                f"Although {count_of(len(stuck), 'gate')} {'is' if len(stuck) == 1 else 'are'} blocked, in flight or "
                f"unknown ({', '.join(stuck)}), which is recorded as such",
                key=f"close_with_blockers {whose}",
            )

    def do(who: str, reason: str) -> str:
        actions.sign_off_close(close, who, reason, with_blockers=asked["with_blockers"])
        return f"{whose} signed off, as {who.strip()}"

    reason_form("close_sign_off", as_label(f"Sign off {whose}"), do, permission=Permission.SIGN_OFF, before=before)


shielded(_page)
