"""Answers about how work flows: from the store, and from the process that holds it."""

from typing import Any, Protocol

from domain.instants import format_instant
from kpis.flow_keeper import keep_flow
from milepost.answers.answer import Answer
from milepost.answers.api_client import ApiClient
from milepost.flow_wish import FlowWish, flow_answer
from milepost.kpi_book import load_kpi_book
from milepost.settings import Settings
from storage.client import Store
from storage.events import latest_instant


class FlowAnswers(Protocol):
    """What is asked of the flow of work."""

    def flow(self, settings: Settings, wish: FlowWish) -> Answer: ...


class StoreFlow:
    """Answers from the store in this process, which nobody else keeps up to date."""

    _store: Store

    def flow(self, settings: Settings, wish: FlowWish) -> Answer:
        """The map of handoffs, with all that was received."""
        pricing = load_kpi_book(settings).settings.pricing
        if self._store.is_embedded:
            # On a server the engine knows who else is writing.
            keep_flow(self._store, latest_instant(self._store))
        return flow_answer(self._store, pricing, wish)


class ApiFlow:
    """Answers from a running Milepost."""

    _api: ApiClient

    def flow(self, settings: Settings, wish: FlowWish) -> Answer:
        """The map of handoffs."""
        params: dict[str, Any] = {
            "from": format_instant(wish.since),
            "to": format_instant(wish.until),
            "object_type": list(wish.object_types),
            "legal_entity": list(wish.entities),
            "region": list(wish.regions),
        }
        answer: Answer = self._api.ask("GET", "/api/flow", params=params)
        return answer
