"""Answers about KPIs: from the store, and from the process that holds it."""

from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

from domain.instants import format_instant
from kpis.figures import figures
from milepost.answers.answer import Answer
from milepost.answers.api_client import ApiClient
from milepost.kpi_book import KpiBook, KpiWish, check_stretch, load_kpi_book
from milepost.kpi_rows import case_row, figure_row, kpi_row, statement_row
from milepost.settings import Settings
from storage.client import Store
from storage.events import latest_instant
from storage.kpi_cases import case_rows
from storage.kpi_values import read_statements


class KpiAnswers(Protocol):
    """What is asked of KPIs."""

    def kpis(self, settings: Settings) -> list[Answer]: ...
    def kpi_figures(self, settings: Settings, name: str, wish: KpiWish) -> list[Answer]: ...
    def kpi_cases(self, settings: Settings, name: str, wish: KpiWish, limit: int, *, is_open: bool) -> list[Answer]: ...
    def kpi_days(self, settings: Settings, name: str, since: datetime, until: datetime) -> list[Answer]: ...


class KpiReads:
    """The same of one store and the KPIs that are kept in it."""

    def __init__(self, store: Store, book: KpiBook) -> None:
        self._store = store
        self._book = book

    def definitions(self) -> list[Answer]:
        """Every KPI by its id."""
        currency = self._book.settings.pricing.currency
        return [kpi_row(self._book.kpis[name], currency) for name in sorted(self._book.kpis)]

    def figures(self, name: str, wish: KpiWish) -> list[Answer]:
        """What a KPI came to; UsageError where the wish names what there is not."""
        kpi = self._book.of(name)
        question = self._book.question(wish)
        return [figure_row(kpi, one) for one in figures(self._store, kpi, question, self._book.settings.pricing)]

    def cases(self, name: str, wish: KpiWish, limit: int, *, is_open: bool) -> list[Answer]:
        """The cases behind it, the longest or largest first."""
        kpi = self._book.of(name)
        asked = self._book.question(wish)
        rows, _ = case_rows(self._store, kpi, asked.since, asked.until, asked.cases, is_open=is_open, limit=limit)
        return [case_row(row) for row in rows]

    def days(self, name: str, since: datetime, until: datetime) -> list[Answer]:
        """What was stated of it day by day."""
        kpi, currency = self._book.of(name), self._book.settings.pricing.currency
        check_stretch(since, until)
        return [statement_row(kpi, one, currency) for one in read_statements(self._store, kpi, since, until)]


class StoreKpis:
    """Answers from the store in this process, which nobody else keeps up to date."""

    _store: Store

    def kpis(self, settings: Settings) -> list[Answer]:
        """Every KPI by its id."""
        return KpiReads(self._store, self._checked(settings)).definitions()

    def kpi_figures(self, settings: Settings, name: str, wish: KpiWish) -> list[Answer]:
        """What a KPI came to, with all that was received."""
        return self._kept(settings).figures(name, wish)

    def kpi_cases(self, settings: Settings, name: str, wish: KpiWish, limit: int, *, is_open: bool) -> list[Answer]:
        """The cases behind it."""
        return self._kept(settings).cases(name, wish, limit, is_open=is_open)

    def kpi_days(self, settings: Settings, name: str, since: datetime, until: datetime) -> list[Answer]:
        """What was stated of it day by day."""
        return self._kept(settings).days(name, since, until)

    def _checked(self, settings: Settings) -> KpiBook:
        book = load_kpi_book(settings)
        book.check(self._store)
        return book

    def _kept(self, settings: Settings) -> KpiReads:
        book = self._checked(settings)
        if self._store.is_embedded:
            # On a server the engine knows who else is writing.
            latest = latest_instant(self._store)
            book.keep(self._store, latest, latest)
        return KpiReads(self._store, book)


class ApiKpis:
    """Answers from a running Milepost, which has its own KPIs."""

    _api: ApiClient

    def kpis(self, settings: Settings) -> list[Answer]:
        """Every KPI by its id."""
        return self._api.rows("GET", "/api/kpis")

    def kpi_figures(self, settings: Settings, name: str, wish: KpiWish) -> list[Answer]:
        """What a KPI came to."""
        return self._api.rows("GET", f"{_path(name)}/figures", params={**_params(wish), **_by(wish)})

    def kpi_cases(self, settings: Settings, name: str, wish: KpiWish, limit: int, *, is_open: bool) -> list[Answer]:
        """The cases behind it."""
        which = {"state": "open" if is_open else "closed", "limit": limit}
        return self._api.rows("GET", f"{_path(name)}/cases", params={**_params(wish), **which})

    def kpi_days(self, settings: Settings, name: str, since: datetime, until: datetime) -> list[Answer]:
        """What was stated of it day by day."""
        stretch = {"from": format_instant(since), "to": format_instant(until)}
        return self._api.rows("GET", f"{_path(name)}/days", params=stretch)


def _path(name: str) -> str:
    return f"/api/kpis/{quote(name, safe='')}"


def _params(wish: KpiWish) -> dict[str, Any]:
    stretch = {"from": format_instant(wish.since), "to": format_instant(wish.until)}
    if wish.period:
        stretch = {"period": wish.period}
    return {**stretch, **{name: list(values) for name, values in wish.only.items()}}


def _by(wish: KpiWish) -> dict[str, str]:
    return {"by": wish.by} if wish.by else {}
