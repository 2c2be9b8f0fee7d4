"""Incidents as a table: the hop that fails, how, and what waits behind it."""

from collections.abc import Sequence
from datetime import datetime

from dashboard.components.cards import instant, severity_word
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import UNKNOWN, Reader, compact_money, count_of, duration, exact_money
from domain.incident import Incident, IncidentFigures


def incidents_table(incidents: Sequence[Incident], reader: Reader) -> Html:
    """The incidents that are open, the latest first: one cause each, whatever the number of its alerts."""
    columns = (
        Column("What fails", "wide"),
        Column("Severity"),
        Column("Waiting", "number"),
        Column("Money", "number"),
        Column("First seen", "number"),
        Column("Deadline", "number"),
        Column("Look into it", "raw"),
    )
    rows = [_row(incident, incident.figures, reader) for incident in incidents if incident.figures]
    return table(columns, rows, caption="Open incidents", class_="mp-incidents mp-cards-on-phone")


def _row(incident: Incident, figures: IncidentFigures, reader: Reader) -> tuple[str, ...]:
    waiting = [count_of(count, type_) for type_, count in figures.objects.items()]
    return (
        join(element("b", incident.failure), _sub(incident.error)),
        severity_word(figures.severity),
        join(", ".join(waiting) or "nothing", _sub(count_of(figures.firing, "alert"))),
        _money(figures),
        join(instant(reader, incident.first_seen_at), _sub(f"for {duration(reader.now - incident.first_seen_at)}")),
        _deadline(figures.deadline_at, reader),
        element("code", f"milepost incidents show {incident.incident_id[:12]}"),
    )


def _money(figures: IncidentFigures) -> Html:
    """Each currency by itself; what is unknown is said."""
    shown = [compact_money(money.amount, money.currency) for money in figures.money] or [UNKNOWN]
    exact = "; ".join(exact_money(money.amount, money.currency) for money in figures.money)
    unknown = _sub(f"{figures.unknown:,} of unknown amount") if figures.unknown else ""
    return element("span", ", ".join(shown), unknown, title=exact or None)


def _deadline(at: datetime | None, reader: Reader) -> Html:
    if at is None:
        return Html("–")
    left = at - reader.now
    words = f"{duration(left)} left" if left.total_seconds() > 0 else f"{duration(-left)} over"
    return join(instant(reader, at), _sub(words))


def _sub(text: str) -> Html:
    return element("span", text, class_="mp-sub")
