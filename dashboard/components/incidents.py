"""Incidents as cards: the hop that fails, how, what waits behind it since when, and who has it."""

from collections.abc import Sequence
from urllib.parse import urlencode

from dashboard.components.alert_rows import who_has
from dashboard.components.cards import facts_line, instant, money, severity_word, state_chip
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import Column, table
from dashboard.formatting import UNKNOWN, Reader, compact_money, count_of, duration, exact_money, grouped
from dashboard.incident_reads import IncidentFile
from domain.alert import Alert
from domain.alert_action import NOT_HANDLED
from domain.incident import Incident, IncidentFigures


def incident_card(file: IncidentFile, reader: Reader) -> Html:
    """One open incident in a few lines, its money first."""
    incident, figures = file.incident, file.incident.figures
    if figures is None:
        return Html("")
    return element(
        "div",
        element("div", element("b", incident.failure), severity_word(figures.severity), class_="mp-incident-head"),
        element("div", incident.error, class_="mp-incident-error"),
        element("div", _money(figures), f" · {_waiting(figures)}", class_="mp-incident-behind"),
        element(
            "div",
            facts_line([_since(incident, reader), *_deadline(figures, reader), _owners(file)]),
            class_="mp-incident-facts",
        ),
        class_="mp-incident",
    )


def incident_head(file: IncidentFile, reader: Reader) -> Html:
    """What fails, how much waits, since when, until when, who has it."""
    incident, figures = file.incident, file.incident.figures
    over = "" if incident.ended_at is None else f"over since {reader.instant(incident.ended_at)}"
    lines = [element("div", incident.error, class_="mp-incident-error")]
    if figures is not None:
        facts = [severity_word(figures.severity), _since(incident, reader), *_deadline(figures, reader), over]
        lines += [
            element("div", _money(figures), f" · {_waiting(figures)}", class_="mp-title-rule"),
            element("div", facts_line([fact for fact in facts if fact]), class_="mp-title-facts"),
        ]
    lines.append(
        element("div", element("span", "Who has it: ", class_="mp-quiet"), _owners(file), class_="mp-title-who")
    )
    return element("div", element("h1", incident.failure), lines, class_="mp-title mp-alert-title")


def incident_alerts(file: IncidentFile, reader: Reader) -> Html:
    """The alerts of an incident, those that are open first; each leads to its page."""
    columns = (
        Column("State"),
        Column("Object", "wide"),
        Column("Money", "number"),
        Column("Deadline", "number"),
        Column("Who has it"),
    )
    rows = [
        (
            state_chip(alert.state),
            join(_alert_link(alert), element("span", alert.name, class_="mp-sub")),
            money(alert.amount, alert.currency),
            instant(reader, alert.deadline_at),
            who_has(file.handling.get(alert.alert_id, NOT_HANDLED)),
        )
        for alert in file.alerts
    ]
    return table(columns, rows, caption="Alerts of the incident, those that are open first", class_="mp-stacked")


def incidents_table(files: Sequence[IncidentFile], reader: Reader) -> Html:
    """The cards as a table."""
    columns = (
        Column("What fails", "wide"),
        Column("Severity"),
        Column("Waiting", "number"),
        Column("Money", "number"),
        Column("Since", "number"),
        Column("Who has it"),
    )
    rows = [
        (
            join(element("b", file.incident.failure), element("span", file.incident.error, class_="mp-sub")),
            severity_word(figures.severity),
            _waiting(figures),
            _money(figures),
            instant(reader, file.incident.first_seen_at),
            _owners(file),
        )
        for file in files
        if (figures := file.incident.figures)
    ]
    return table(columns, rows, caption="Open incidents", class_="mp-incidents mp-cards-on-phone")


def _alert_link(alert: Alert) -> Html:
    label = f"{alert.business_object.type} {alert.business_object.id}"
    query = urlencode({"alert": alert.alert_id})
    return element("a", label, href=f"alerts?{query}", target="_self", class_="mp-link")


def _waiting(figures: IncidentFigures) -> str:
    objects = ", ".join(count_of(count, type_) for type_, count in figures.objects.items()) or "nothing"
    return f"{objects} behind it"


def _since(incident: Incident, reader: Reader) -> Html:
    return join(
        "for ", duration(reader.now - incident.first_seen_at), ", since ", instant(reader, incident.first_seen_at)
    )


def _deadline(figures: IncidentFigures, reader: Reader) -> list[str]:
    if figures.deadline_at is None:
        return []
    left = figures.deadline_at - reader.now
    words = (
        f"{duration(left)} to the first deadline" if left.total_seconds() > 0 else f"{duration(-left)} past a deadline"
    )
    return [words]


def _owners(file: IncidentFile) -> Html:
    owners = file.owners
    named = [
        element(
            "span", f"✓ {name}{f' ({count} of {sum(owners.values())})' if len(owners) > 1 else ''}", class_="mp-has"
        )
        for name, count in owners.items()
        if name
    ]
    return join(*named) if named else element("span", "nobody yet", class_="mp-quiet")


def _money(figures: IncidentFigures) -> Html:
    """Each currency by itself; what is unknown is said."""
    shown = [compact_money(one.amount, one.currency) for one in figures.money] or [UNKNOWN]
    exact = "; ".join(exact_money(one.amount, one.currency) for one in figures.money)
    unknown = f", {grouped(figures.unknown)} of unknown amount" if figures.unknown and figures.money else ""
    return element("b", ", ".join(shown), unknown, title=exact or None)
