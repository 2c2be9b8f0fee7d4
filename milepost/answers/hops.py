"""Answers about hops: from the store, and from the process that holds it."""

from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from domain.clock import Clock
from domain.errors import UsageError
from domain.instants import format_instant
from kpis.hop_figures import hop_list
from kpis.hop_keeper import HopKeeper
from kpis.hop_outlook import hop_outlooks
from milepost.answers.answer import Answer
from milepost.answers.api_client import ApiClient
from milepost.hop_rows import hop_list_row, hop_row, outlook_row
from milepost.kpi_book import KpiBook, check_stretch, load_kpi_book
from milepost.settings import Settings
from storage.client import Store


class HopAnswers(Protocol):
    """What is asked of hops."""

    def hops(self, settings: Settings, since: datetime, until: datetime) -> Answer: ...
    def hop(self, settings: Settings, hop: str, since: datetime, until: datetime) -> Answer: ...


class HopReads:
    """The same of one store whose calls are kept, with the rates and periods that amounts and cutoffs follow."""

    def __init__(self, store: Store, clock: Clock, book: KpiBook) -> None:
        self._store = store
        self._clock = clock
        self._pricing = book.settings.pricing
        self._periods = book.periods

    def all(self, since: datetime, until: datetime) -> Answer:
        """Every hop over a stretch of time."""
        check_stretch(since, until)
        return hop_list_row(hop_list(self._store, since, until, self._pricing))

    def one(self, name: str, since: datetime, until: datetime) -> Answer:
        """One hop with what would wait if it stayed down; UsageError where there is none of that id."""
        check_stretch(since, until)
        hops = hop_list(self._store, since, until, self._pricing).hops
        found = next((one for one in hops if one.hop.id == name), None)
        if found is None:
            raise UsageError(f"there is no hop {name!r} in this stretch of time; `milepost hops list` shows them")
        outlooks = hop_outlooks(self._store, found.hop, self._periods, self._clock.now(), self._pricing)
        currency = self._pricing.currency
        return {**hop_row(found, currency), "until_cutoff": [outlook_row(one, currency) for one in outlooks]}


class StoreHops:
    """Answers from the store in this process, which nobody else keeps up to date."""

    _store: Store
    _clock: Clock

    def hops(self, settings: Settings, since: datetime, until: datetime) -> Answer:
        """Every hop over a stretch of time, with all that was received."""
        return self._hop_reads(settings).all(since, until)

    def hop(self, settings: Settings, hop: str, since: datetime, until: datetime) -> Answer:
        """One hop with what would wait if it stayed down."""
        return self._hop_reads(settings).one(hop, since, until)

    def _hop_reads(self, settings: Settings) -> HopReads:
        if self._store.is_embedded:
            # On a server the engine knows what is still on its way.
            HopKeeper(self._store).tick(self._clock.now())
        return HopReads(self._store, self._clock, load_kpi_book(settings))


class ApiHops:
    """Answers from a running Milepost."""

    _api: ApiClient

    def hops(self, settings: Settings, since: datetime, until: datetime) -> Answer:
        """Every hop over a stretch of time."""
        answer: Answer = self._api.ask("GET", "/api/hops", params=_stretch(since, until))
        return answer

    def hop(self, settings: Settings, hop: str, since: datetime, until: datetime) -> Answer:
        """One hop with what would wait if it stayed down."""
        answer: Answer = self._api.ask("GET", f"/api/hops/{quote(hop, safe='')}", params=_stretch(since, until))
        return answer


def _stretch(since: datetime, until: datetime) -> dict[str, str]:
    return {"from": format_instant(since), "to": format_instant(until)}
