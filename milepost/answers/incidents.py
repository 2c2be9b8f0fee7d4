"""Answers about incidents: from the store, and from the process that holds it."""

from collections.abc import Callable, Sequence
from urllib.parse import quote

import msgspec

from alerts.incident_handling import acknowledge_incident, find_incident
from alerts.muting import Routing
from domain.audit import Actor
from domain.clock import Clock
from domain.errors import UsageError
from domain.incident import incident_document
from milepost.alert_handling import AcknowledgeWish
from milepost.answers.answer import Answer
from milepost.answers.api_client import ApiClient
from rules.evaluator import evaluation_row
from storage.client import Store
from storage.incidents import STATES, alerts_of_incident, list_incidents


class StoreIncidents:
    """Answers from the store in this process."""

    _store: Store
    _clock: Clock
    _routing: Callable[[], Routing]

    def incidents(self, states: Sequence[str], limit: int) -> list[Answer]:
        """The incidents in these states, all where none is named; UsageError for a state there is not."""
        for state in states:
            if state not in STATES:
                raise UsageError(f"state is {state!r}; give one of {', '.join(STATES)}")
        return [incident_document(one) for one in list_incidents(self._store, states or STATES, limit)]

    def incident(self, incident_id: str, limit: int) -> Answer:
        """The incident whose id begins so with its first alerts; UsageError where there is none, or more than one."""
        found = find_incident(self._store, incident_id)
        alerts = alerts_of_incident(self._store, found.incident_id, limit)
        rows = [{"alert_id": alert.alert_id, **evaluation_row(alert)} for alert in alerts]
        return {**incident_document(found), "alerts": rows}

    def acknowledge_incident(self, incident_id: str, wish: AcknowledgeWish) -> Answer:
        """How many alerts of the incident whose id begins so are acknowledged now that were not before."""
        return self.acknowledge_as(incident_id, wish, Actor(wish.by))

    def acknowledge_as(self, incident_id: str, wish: AcknowledgeWish, by: Actor) -> Answer:
        """The same, by somebody who may be proven."""
        routing, now = self._routing(), self._clock.now()
        done = acknowledge_incident(self._store, routing, incident_id, wish.comment, by, now)
        return {"incident_id": done.incident_id, "acknowledged": done.alerts}


class ApiIncidents:
    """Answers from a running Milepost."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def incidents(self, states: Sequence[str], limit: int) -> list[Answer]:
        """The incidents in these states, all where none is named."""
        return self._api.rows("GET", "/api/incidents", params={"state": list(states), "limit": limit})

    def incident(self, incident_id: str, limit: int) -> Answer:
        """The incident whose id begins so with its first alerts."""
        path = f"/api/incidents/{quote(incident_id, safe='')}"
        answer: Answer = self._api.ask("GET", path, params={"limit": limit})
        return answer

    def acknowledge_incident(self, incident_id: str, wish: AcknowledgeWish) -> Answer:
        """How many alerts of the incident whose id begins so are acknowledged now that were not before."""
        path = f"/api/incidents/{quote(incident_id, safe='')}/acknowledge"
        answer: Answer = self._api.ask("POST", path, json=msgspec.to_builtins(wish))
        return answer
