"""Answers about the month-end close: from the store, and from the process that holds it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from close.book import CloseBook
from close.readiness import read_close
from close.sign_offs import SignOffWish, sign_off, suspend_changed
from domain.audit import Actor
from domain.clock import Clock
from milepost.answers.answer import Answer
from milepost.answers.api_client import ApiClient
from milepost.close_book import close_keeper, load_close_book
from milepost.close_rows import case_row, close_row, gate_row, sign_off_row
from milepost.settings import Settings
from storage.client import Store
from storage.close_cases import CasesWhich, case_rows
from storage.close_sign_offs import sign_off_history
from storage.events import latest_instant


@dataclass(frozen=True, slots=True)
class CasesWish:
    """Which cases of the close: of a period, of a legal entity and a gate where these are given."""

    period: str = ""
    legal_entity: str | None = None
    gate: str = ""
    which: CasesWhich = CasesWhich.LATE
    limit: int = 100
    offset: int = 0


class SignOffRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Who signs off whose close of which period, and why."""

    legal_entity: str
    period: str
    by: str
    reason: str
    with_blockers: bool = False
    seen: str = ""

    def wish(self) -> SignOffWish:
        """What is asked for, whoever asks."""
        return SignOffWish(self.legal_entity, self.period, self.reason, self.with_blockers, self.seen)


class CloseAnswers(Protocol):
    """What is asked of the close."""

    def close_readiness(self, settings: Settings, period: str, legal_entities: Sequence[str]) -> list[Answer]: ...
    def close_gates(self, settings: Settings) -> list[Answer]: ...
    def close_cases(self, settings: Settings, wish: CasesWish) -> list[Answer]: ...
    def close_history(self, settings: Settings, legal_entity: str, period: str, limit: int) -> list[Answer]: ...
    def sign_off_close(self, settings: Settings, request: SignOffRequest) -> Answer: ...


class CloseReads:
    """The same of one store and the gates that are kept in it."""

    def __init__(self, store: Store, clock: Clock, book: CloseBook) -> None:
        self._store = store
        self._clock = clock
        self._book = book

    def close(self, period: str, legal_entities: Sequence[str]) -> list[Answer]:
        """How ready each legal entity is; UsageError for a period that there is not."""
        found = read_close(self._store, self._book, self._clock.now(), period, legal_entities)
        return [close_row(self._book, one) for one in found]

    def gates(self) -> list[Answer]:
        """The gates in their order."""
        return [gate_row(gate) for gate in self._book.gates]

    def cases(self, wish: CasesWish) -> list[Answer]:
        """The cases behind cells, those worth most first."""
        at, book = self._clock.now(), self._book
        gates = [book.gate(wish.gate)] if wish.gate else list(book.gates)
        scopes = book.scopes(wish.period, at)
        if wish.legal_entity is not None:
            scopes = [book.scope_of(wish.legal_entity, wish.period, at)]
        found, _ = case_rows(
            self._store,
            gates,
            [scope.extent for scope in scopes],
            book.pricing,
            at,
            which=wish.which,
            limit=wish.limit,
            offset=wish.offset,
        )
        periods = {one.legal_entity: book.scope_of(one.legal_entity, wish.period, at).period.name for one in found}
        return [{"period": periods[one.legal_entity], **case_row(book, one)} for one in found]

    def history(self, legal_entity: str, period: str, limit: int) -> list[Answer]:
        """The sign-offs and what suspended them, the newest first."""
        return [sign_off_row(entry) for entry in sign_off_history(self._store, legal_entity, period, limit)]

    def sign_off(self, wish: SignOffWish, by: Actor) -> Answer:
        """The close as it stands signed off."""
        return close_row(self._book, sign_off(self._store, self._book, wish, by, self._clock.now()))


class StoreClose:
    """Answers from the store in this process, which nobody else keeps up to date."""

    _store: Store
    _clock: Clock

    def close_readiness(self, settings: Settings, period: str, legal_entities: Sequence[str]) -> list[Answer]:
        """How ready each legal entity is, with all that was received."""
        return self._close(settings).close(period, legal_entities)

    def close_gates(self, settings: Settings) -> list[Answer]:
        """The gates in their order."""
        return CloseReads(self._store, self._clock, load_close_book(settings)).gates()

    def close_cases(self, settings: Settings, wish: CasesWish) -> list[Answer]:
        """The cases behind cells."""
        return self._close(settings).cases(wish)

    def close_history(self, settings: Settings, legal_entity: str, period: str, limit: int) -> list[Answer]:
        """The sign-offs and what suspended them."""
        return self._close(settings).history(legal_entity, period, limit)

    def sign_off_close(self, settings: Settings, request: SignOffRequest) -> Answer:
        """The close as it stands signed off."""
        return self._close(settings).sign_off(request.wish(), Actor(request.by))

    def _close(self, settings: Settings) -> CloseReads:
        book = load_close_book(settings)
        if self._store.is_embedded:
            # On a server the engine knows who else is writing.
            close_keeper(self._store, book).tick(latest_instant(self._store))
            suspend_changed(self._store, book, self._clock.now())
        return CloseReads(self._store, self._clock, book)


class ApiClose:
    """Answers from a running Milepost, which has its own gates."""

    _api: ApiClient

    def close_readiness(self, settings: Settings, period: str, legal_entities: Sequence[str]) -> list[Answer]:
        """How ready each legal entity is."""
        return self._api.rows("GET", "/api/close", params={**_period(period), "legal_entity": list(legal_entities)})

    def close_gates(self, settings: Settings) -> list[Answer]:
        """The gates in their order."""
        return self._api.rows("GET", "/api/close/gates")

    def close_cases(self, settings: Settings, wish: CasesWish) -> list[Answer]:
        """The cases behind cells."""
        params: dict[str, Any] = {
            **_period(wish.period),
            "state": wish.which.value,
            "limit": wish.limit,
            "offset": wish.offset,
        }
        if wish.gate:
            params["gate"] = wish.gate
        if wish.legal_entity is not None:
            params["legal_entity"] = wish.legal_entity
        return self._api.rows("GET", "/api/close/cases", params=params)

    def close_history(self, settings: Settings, legal_entity: str, period: str, limit: int) -> list[Answer]:
        """The sign-offs and what suspended them."""
        entity = {"legal_entity": legal_entity} if legal_entity else {}
        params: dict[str, Any] = {**_period(period), **entity, "limit": limit}
        return self._api.rows("GET", "/api/close/history", params=params)

    def sign_off_close(self, settings: Settings, request: SignOffRequest) -> Answer:
        """The close as it stands signed off."""
        answer: Answer = self._api.ask("POST", "/api/close/sign-offs", json=msgspec.to_builtins(request))
        return answer


def _period(period: str) -> dict[str, str]:
    return {"period": period} if period else {}
