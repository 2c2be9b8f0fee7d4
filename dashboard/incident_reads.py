"""The console's reads of incidents: one with its alerts, and who has them; kept for a few seconds for all readers."""

from dataclasses import dataclass

import streamlit as st

from dashboard.reads import FRESH
from dashboard.session import current
from domain.alert import Alert
from domain.alert_action import NOT_HANDLED, Handling
from domain.alert_cause import FailedCall
from domain.incident import Incident
from storage.alert_actions import handling_of
from storage.alert_causes import alert_causes
from storage.incidents import alerts_of_incident, list_incidents

# Who has an incident is told by so many of its alerts, the longest overdue.
MOST_ALERTS = 200


@dataclass(frozen=True, slots=True)
class IncidentFile:
    """One incident with its first alerts, what people did with them, and a call that failed as an example."""

    incident: Incident
    alerts: tuple[Alert, ...]
    handling: dict[str, Handling]
    example: FailedCall | None
    runbook: str

    @property
    def owners(self) -> dict[str, int]:
        """Who acknowledged how many of the open alerts, whoever has most first; nobody is empty."""
        found: dict[str, int] = {}
        for one in self.alerts:
            taken = self.handling.get(one.alert_id, NOT_HANDLED).acknowledged
            if one.state.is_open:
                name = taken.acted_by if taken else ""
                found[name] = found.get(name, 0) + 1
        return dict(sorted(found.items(), key=lambda item: (not item[0], -item[1], item[0])))


@st.cache_data(ttl=FRESH, show_spinner=False)
def incident_file(incident_id: str) -> IncidentFile | None:
    """All about the incident of an id, or of enough of its beginning; None where there is none, or more than one."""
    found = list_incidents(current().store, limit=2, beginning=incident_id) if incident_id else []
    return _file(found[0]) if len(found) == 1 else None


@st.cache_data(ttl=FRESH, show_spinner=False)
def open_files(most: int) -> list[IncidentFile]:
    """The incidents that are open, the latest first."""
    return [_file(one) for one in list_incidents(current().store, ["open"], most)]


def forget() -> None:
    """What was just changed is read anew."""
    incident_file.clear()
    open_files.clear()


def _file(incident: Incident) -> IncidentFile:
    store = current().store
    alerts = alerts_of_incident(store, incident.incident_id, MOST_ALERTS)
    ids = [one.alert_id for one in alerts]
    causes = alert_causes(store, ids[:1])
    calls = [call for cause in causes.values() for call in cause.failed_calls if call.signature == incident.signature]
    runbooks = (one.annotations.get("runbook") or one.annotations.get("runbook_url") for one in alerts)
    return IncidentFile(
        incident=incident,
        alerts=tuple(alerts),
        handling=handling_of(store, ids),
        example=calls[0] if calls else None,
        runbook=next((text for text in runbooks if text), ""),
    )
