"""What the close costs beside much history: keeping it, and every reading that people wait for."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from multiprocessing.connection import Connection

from bench.figures import Figure
from bench.processes import spawned
from bench.tick import arrivals, fill
from close.book import CloseBook
from close.keeper import CloseKeeper
from close.readiness import read_close
from close.sign_offs import SignOffWish, sign_off, suspend_changed
from domain.audit import Actor
from domain.clock import SystemClock
from domain.close import Gate
from milepost.close_book import shipped_close_book
from rules.engine import ENGINE
from storage.client import Store
from storage.close_cases import CasesWhich, case_rows
from storage.events import insert_events
from storage.migrator import migrate

Seconds = dict[str, list[float]]
_PAGE = 20


@dataclass(frozen=True, slots=True)
class Scale:
    """How many events of history there are, and how often each reading is measured."""

    events: int
    rounds: int


QUICK = Scale(1_000_000, 3)
FULL = Scale(10_000_000, 7)


def closing(scale: Scale) -> list[Figure]:
    """A figure for each reading and for the keeping of a minute."""
    with tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder, spawned(_measure, folder, scale) as pipe:
        measured: Seconds = pipe.recv()
    at = f"at {scale.events // 1_000_000} million events"
    return [
        Figure("close", f"{what}, {at}", "s", seconds, target, more_is_better=False)
        for (what, seconds), target in zip(measured.items(), (None, 0.3, 0.3, 0.3, 1.0), strict=True)
    ]


def _book() -> CloseBook:
    """The shipped close, with the event types of the handoffs that the history has."""
    shipped = shipped_close_book()
    types = {
        "orders_posted": ("order.approved", "order.posted"),
        "invoices_visible": ("invoice.posted", "invoice.visible_in_crm"),
        "payments_applied": ("payment.received", "payment.visible_to_account"),
    }
    gates: list[Gate] = []
    for gate in shipped.gates:
        begin, end = types.get(gate.id, ("", ""))
        gates.append(replace(gate, from_types=(begin,), to_types=(end,), version="bench") if begin else gate)
    return replace(shipped, definition=replace(shipped.definition, gates=tuple(gates)))


def _measure(pipe: Connection, folder: str, scale: Scale) -> None:
    now, book = SystemClock().now(), _book()
    with Store(f"chdb://{folder}") as store:
        migrate(store, now)
        fill(folder, scale.events, now)
        keeper = CloseKeeper(store, book.gates, ENGINE)
        first = _timed(lambda: keeper.tick(now))
        [period] = {one.period.name for one in read_close(store, book, now)}
        entities = [one.legal_entity for one in read_close(store, book, now, period)]
        for entity in entities:
            sign_off(store, book, SignOffWish(entity, period, "measured", with_blockers=True), Actor("bench"), now)
        extents = [scope.extent for scope in book.scopes(period, now)]

        def page(gates: Sequence[Gate], *, is_open: bool) -> None:
            case_rows(
                store,
                gates,
                extents,
                book.pricing,
                now,
                which=CasesWhich.OPEN if is_open else CasesWhich.CLEARED,
                limit=_PAGE,
                offset=_PAGE,
            )

        measured: Seconds = {
            "first keeping": [first],
            "readiness, forecast and sign-offs": _rounds(scale, lambda: read_close(store, book, now, period)),
            "a page of blockers": _rounds(scale, lambda: page(book.gates, is_open=True)),
            "a page of cleared cases": _rounds(scale, lambda: page(book.gates[:1], is_open=False)),
            "a minute's keeping and suspending": _keepings(store, book, keeper, scale, now),
        }
        pipe.send(measured)


def _keepings(store: Store, book: CloseBook, keeper: CloseKeeper, scale: Scale, now: datetime) -> list[float]:
    seconds = []
    for number in range(scale.rounds):
        at = now + (number + 1) * timedelta(minutes=1)
        insert_events(store, arrivals(number, scale.events, at))

        def keep(at: datetime = at) -> None:
            keeper.tick(at)
            suspend_changed(store, book, at)

        seconds.append(_timed(keep))
    return seconds


def _rounds(scale: Scale, work: Callable[[], object]) -> list[float]:
    work()
    return [_timed(work) for _ in range(scale.rounds)]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
