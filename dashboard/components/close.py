"""The close as blocks of markup: readiness per legal entity, the gates, what blocks them, and who signed off."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlencode

from dashboard.components.cards import instant, money, trace_link
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import UNKNOWN, Reader, compact_money, count_of, duration, exact_money, grouped, percent
from domain.close import CellState, EntityClose, Gate, GateCell, GateForecast, SignOff, SignOffKind
from storage.close_cases import CloseCase

PAGE = "close"
WORDS = {
    CellState.READY: "ready",
    CellState.BLOCKED: "blocked",
    CellState.IN_FLIGHT: "in flight",
    CellState.UNKNOWN: "unknown",
    CellState.NOTHING_TO_DO: "nothing to do",
}
# Colours mean what they mean everywhere: kept, at fault, not to be known, of no concern.
TONES = {
    CellState.READY: "in_time",
    CellState.BLOCKED: "firing",
    CellState.IN_FLIGHT: "underway",
    CellState.UNKNOWN: "suspended",
    CellState.NOTHING_TO_DO: "retracted",
}
_NONE = Html('<span class="mp-none">–</span>')
Address = Mapping[str, str]


def entity_name(legal_entity: str) -> str:
    """A legal entity as readers see it."""
    return legal_entity or "unknown entity"


def state_word(state: CellState) -> Html:
    """A state as icon, word and colour."""
    return _chip(TONES[state], WORDS[state])


def shown_score(close: EntityClose) -> str:
    """The score, or between what it lies where a gate is unknown."""
    score = close.score
    if score.value is None and score.at_least is None and close.in_flight:
        return "nothing due yet"
    if score.value is not None:
        return percent(score.value)
    if score.at_least is None or score.at_most is None:
        return UNKNOWN
    return f"{percent(score.at_least)} to {percent(score.at_most)}"


def readiness_bullets(closes: Sequence[EntityClose], target: Decimal, reader: Reader) -> Html:
    """A line per legal entity: the score against its target, where it will be at the cutoff, and who signed it off.

    Each opens the close page. It stands by itself, so that other pages may show it.
    """
    lines = [_bullet(close, float(target), reader) for close in closes]
    return element("div", lines, class_="mp-bullets", role="list")


def _bullet(close: EntityClose, target: float, reader: Reader) -> Html:
    score, forecast = close.score, close.forecast
    low, high = score.at_least or 0, score.at_most or 0
    bar = element(
        "span",
        element("i", style=f"width:{100 * low:.2f}%"),
        element("u", style=f"left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%") if high > low else Html(""),
        element("b", style=f"left:{100 * target:.2f}%", title=f"target {percent(target)}"),
        class_="mp-bullet-bar",
        aria_hidden="true",
    )
    href = f"{PAGE}?{urlencode({'period': close.period.name, 'of': close.legal_entity})}"
    left = close.period.cutoff_at - reader.now
    when = f"{duration(left)} left" if left > timedelta(0) else f"cutoff was {duration(-left)} ago"
    facts = [
        element("span", state_word(close.state)),
        element("span", f"at cutoff {shown_forecast(forecast)}", class_="mp-bullet-forecast"),
        element("span", when, title=f"cutoff {reader.instant(close.period.cutoff_at)}"),
        sign_off_word(close),
    ]
    return element(
        "div",
        element("a", entity_name(close.legal_entity), href=href, target="_self", class_="mp-link mp-bullet-name"),
        bar,
        element("span", shown_score(close), class_="mp-bullet-score"),
        element("span", facts, class_="mp-bullet-facts"),
        element(
            "details",
            element("summary", "How it is counted"),
            element("span", f"{close.score.formula} = {shown_score(close)}, target {percent(target)}"),
        ),
        class_="mp-bullet",
        role="listitem",
    )


def shown_forecast(forecast: GateForecast | None) -> str:
    """A share at the cutoff, its bounds where a gate leaves it open, or why nobody can say."""
    if forecast is None:
        return "nothing to forecast"
    if forecast.share is not None:
        return percent(forecast.share)
    if forecast.at_least is not None and forecast.at_most is not None:
        return f"{percent(forecast.at_least)} to {percent(forecast.at_most)}"
    return f"{UNKNOWN}: {forecast.why}"


def sign_off_word(close: EntityClose) -> Html:
    """Whether a sign-off stands, as icon, word and colour."""
    if close.is_signed_off and close.sign_off is not None:
        with_ = ", with open blockers" if close.sign_off.with_blockers else ""
        return _chip("in_time", f"signed off{with_}")
    if close.is_suspended:
        return _chip("suspended", "sign-off suspended")
    return element("span", "not signed off", class_="mp-quiet")


def gates_table(closes: Sequence[EntityClose], address: Address, chosen: tuple[str, str]) -> Html:
    """Gates as rows, legal entities as columns; every cell opens the cases behind it."""
    gates = [cell.gate for cell in closes[0].cells] if closes else []
    columns = (Column("Gate"), *(Column(entity_name(close.legal_entity), "gate") for close in closes))
    rows = [
        (
            join(element("b", gate.title), _sub(f"weight {gate.weight} · {gate.owner.replace('_', ' ')}")),
            *(_gate_cell(close, close.cells[number], address, chosen) for close in closes),
        )
        for number, gate in enumerate(gates)
    ]
    return table(columns, rows, caption="Gates of the close by legal entity", class_="mp-gates")


def _gate_cell(close: EntityClose, cell: GateCell, address: Address, chosen: tuple[str, str]) -> Html:
    href = f"?{urlencode({**address, 'of': close.legal_entity, 'gate': cell.gate.id})}"
    is_chosen = chosen == (close.legal_entity, cell.gate.id)
    counted = f"{grouped(cell.cleared)} of {grouped(cell.due)} due" if cell.due else ""
    flying = _money_words([(one.in_flight_amount, one.in_flight_unknown, one.currency) for one in cell.money])
    apart = f"{grouped(cell.in_flight)} in flight{f', {flying}' if flying else ''}" if cell.in_flight else ""
    return element(
        "a",
        state_word(cell.state),
        _sub(counted) if counted else Html(""),
        _late_money(cell),
        element("span", apart, class_="mp-sub mp-gate-flight") if apart else Html(""),
        href=href,
        target="_self",
        title=cell.why or None,
        aria_current="true" if is_chosen else None,
        aria_label=f"{entity_name(close.legal_entity)}, {cell.gate.title}: {WORDS[cell.state]}",
        class_=f"mp-gate mp-{TONES[cell.state]}{' mp-gate-chosen' if is_chosen else ''}",
    )


def _late_money(cell: GateCell) -> Html:
    """What is behind the cases that block."""
    if not cell.late or not cell.money:
        return Html("")
    words = _money_words([(one.late_amount, one.late_unknown, one.currency) for one in cell.money])
    exact = "; ".join(exact_money(one.late_amount, one.currency) for one in cell.money if one.late_amount)
    return element("span", words, class_="mp-gate-money", title=exact or None)


def _money_words(parts: Sequence[tuple[Decimal | None, int, str | None]]) -> str:
    """Amounts currency by currency, and how many cases state none."""
    shown = [compact_money(amount, currency) for amount, _, currency in parts if amount]
    unknown = sum(number for _, number, _ in parts)
    if unknown:
        shown.append(f"{grouped(unknown)} unknown" if shown else UNKNOWN)
    return " + ".join(shown)


def cell_facts(close: EntityClose, cell: GateCell, reader: Reader) -> Html:
    """What a cell says in words: what it counts, why it stands so, and where it will be at the cutoff."""
    gate, forecast = cell.gate, cell.forecast
    parts = [
        element("span", gate.description),
        element("span", _counts(gate), class_="mp-quiet"),
        element("span", cell.why[:1].upper() + reader.in_words(cell.why)[1:] + ".") if cell.why else Html(""),
        element("span", _forecast_words(close, forecast, reader)) if forecast else Html(""),
    ]
    return element("div", [part for part in parts if part], class_="mp-cell-facts")


def _counts(gate: Gate) -> str:
    if gate.from_types:
        unless = f", unless {' or '.join(gate.unless_types)}" if gate.unless_types else ""
        way = f"from {' or '.join(gate.from_types)} to {' or '.join(gate.to_types)}"
        window = "" if gate.within is None else f"; for {duration(gate.within)} one is in flight, and no blocker"
        return f"Counts every {gate.object_type} {way}{unless}{window}."
    if gate.alerts:
        return f"Counts every {' and '.join(gate.alerts)} that fired, until it is resolved."
    return "Counts the sources whose word the other gates wait for."


def _forecast_words(close: EntityClose, forecast: GateForecast, reader: Reader) -> str:
    when = reader.instant(close.period.cutoff_at)
    if forecast.share is None:
        return f"At the cutoff, {when}: {UNKNOWN}; {reader.in_words(forecast.why)}."
    if not forecast.learnt_from:
        return f"At the cutoff, {when}: all that is known today is cleared."
    counts = "counts" if forecast.beyond == 1 else "count"
    longer = f" {count_of(forecast.beyond, 'case')} waited longer than any of those and {counts} as open."
    beyond = longer if forecast.beyond else ""
    return (
        f"At the cutoff, {when}: {percent(forecast.share)} cleared, between {percent(forecast.at_least)} and "
        f"{percent(forecast.at_most)}; all of them with a chance of {percent(forecast.ready)}. Learnt from "
        f"{count_of(forecast.learnt_from, 'case')} of the last 90 days.{beyond}"
    )


def close_cases_table(
    cases: Sequence[CloseCase], gates: Mapping[str, Gate], reader: Reader, *, is_open: bool, caption: str
) -> Html:
    """Cases with their money: where an open one is stuck, since when, and who answers for it."""
    columns = (
        Column("Object"),
        Column("Entity"),
        Column("Amount", "number"),
        Column("Stuck at" if is_open else "Gate", "wide"),
        Column("Since" if is_open else "Cleared", "number"),
        Column("Began", "number"),
        Column("Owner"),
    )
    rows = [
        (
            join(trace_link(f"{case.object_type}/{case.object_id}", case.object_id), _sub(case.object_type)),
            case.legal_entity or UNKNOWN,
            money(case.amount, case.currency or None),
            join(element("b", case.stuck_at), _sub(gates[case.gate].title)) if is_open else gates[case.gate].title,
            join(instant(reader, case.stuck_since), _sub(f"for {duration(reader.now - case.stuck_since)}"))
            if is_open
            else instant(reader, case.cleared_at or case.stuck_since),
            instant(reader, case.started_at),
            gates[case.gate].owner.replace("_", " "),
        )
        for case in cases
    ]
    return table(columns, rows, caption=caption, class_="mp-cards-on-phone mp-close-cases")


def sign_off_banner(close: EntityClose, reader: Reader) -> Html:
    """What holds of a sign-off: who gave it and why, or what suspended it."""
    entry = close.sign_off
    if entry is None:
        return element("p", "Nobody has signed this close off yet.", class_="mp-quiet")
    if close.is_suspended:
        return element(
            "div",
            element("div", _chip("suspended", "Sign-off suspended"), class_="mp-verdict-head"),
            element("div", "Reopened at ", instant(reader, entry.at), f" by what came after it. {entry.reason}."),
            _changed(entry),
            class_="mp-verdict mp-suspended",
            role="status",
        )
    with_ = " with open blockers" if entry.with_blockers else ""
    since = close.cleared_since
    noted = (
        element("div", "Cleared since, and it stands (", instant(reader, since.at), f"): {since.reason}.")
        if since
        else Html("")
    )
    return element(
        "div",
        element("div", _chip("in_time", f"Signed off{with_} by {entry.who}"), class_="mp-verdict-head"),
        element("div", instant(reader, entry.at), f" · “{entry.reason}”"),
        noted,
        class_="mp-verdict mp-in_time",
        role="status",
    )


def _changed(entry: SignOff) -> Html:
    """The objects that reopened it, each a link to its trace."""
    items = []
    for change in entry.changes:
        objects = change["objects"]
        for one in objects if isinstance(objects, list) else ():
            name = f"{one['object_type']}/{one['object_id']}"
            worth = f", {one['amount']} {one['currency'] or ''}".rstrip() if one["amount"] else ", amount unknown"
            at = f" at {one['stuck_at']}" if one["stuck_at"] else ""
            items.append(
                element("li", trace_link(name, one["object_id"]), f" is {one['is']}{at}{worth} ({change['title']})")
            )
    return element("ul", items) if items else Html("")


def history_table(entries: Sequence[SignOff], reader: Reader) -> Html:
    """The history of a close, the newest first."""
    columns = (
        Column("When", "number"),
        Column("What"),
        Column("Who"),
        Column("Score", "number"),
        Column("Why", "wide"),
    )
    rows = [
        (
            instant(reader, entry.at, seconds=True),
            _entry_word(entry),
            entry.who if entry.kind is SignOffKind.SIGNED_OFF else "by what came later",
            percent(entry.score),
            entry.reason,
        )
        for entry in entries
    ]
    return table(columns, rows, caption="Who signed this close off, and what reopened it", class_="mp-stacked")


def _entry_word(entry: SignOff) -> Html:
    if entry.kind is SignOffKind.REOPENED:
        return _chip("suspended", "reopened")
    if entry.kind is SignOffKind.CLEARED:
        return join(_chip("in_time", "cleared"), _sub("the sign-off stands"))
    return join(_chip("in_time", "signed off"), _sub("with open blockers") if entry.with_blockers else Html(""))


def _chip(tone: str, word: str) -> Html:
    icon = element("span", class_=f"mp-icon mp-icon-{tone}", aria_hidden="true")
    return element("span", icon, word, class_=f"mp-chip mp-{tone}")


def _sub(text: str) -> Html:
    return element("span", text, class_="mp-sub")
