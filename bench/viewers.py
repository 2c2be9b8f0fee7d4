"""How long views take for people who look at once while events come in: the whole program, over its websockets.

A viewer speaks Streamlit's protocol as the browser does: a page is asked for and its parts come until the script has
ended; a part that is to be drawn again every few seconds is asked for again when it says so. What a browser takes to
draw the parts is not in the figures.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import streamlit as st
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from bench.figures import Figure, percentile
from bench.load import Sent
from bench.processes import load_process, spawned
from bench.tick import fill
from domain.clock import SystemClock
from milepost.rule_setup import rule_references
from milepost.service import Service
from milepost.settings import Settings
from rules.engine import Engine
from rules.loader import load_rules
from storage.client import Store
from storage.migrator import migrate

# What the console's pages are called in the address; the first is the overview.
PAGES = ("", "executive", "work", "alerts", "flow", "reconcile", "close", "rules", "sources")
VIEWERS = 10
EVENTS_A_SECOND, EVENTS_A_BATCH = 20_000, 500
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Scale:
    """How many events of history there are, and for how long people look."""

    events: int
    seconds: int


QUICK = (Scale(1_000_000, 20),)
FULL = (Scale(1_000_000, 60), Scale(10_000_000, 60))


@dataclass(slots=True)
class Seen:
    """How long pages took to be whole, by page, and parts that were drawn again."""

    pages: dict[str, list[float]] = field(default_factory=dict)
    parts: list[float] = field(default_factory=list)


class PageFailed(Exception):
    """A page ended in an error."""


def viewing(scales: Sequence[Scale]) -> list[Figure]:
    """For each scale: each page alone, with nothing read before it, then ten viewers while events come in."""
    figures: list[Figure] = []
    for scale in scales:
        at = f"at {scale.events // 1_000_000} million events"
        with (
            tempfile.TemporaryDirectory(prefix="milepost-bench-") as folder,
            spawned(_run_milepost, folder, scale.events) as milepost,
            load_process() as load,
        ):
            console, collector_port = milepost.recv()

            def forget() -> None:
                milepost.send("forget")
                milepost.recv()

            # One look warms up: modules are loaded and pages compiled.
            asyncio.run(_look_at_each(console, 1, forget))
            alone = asyncio.run(_look_at_each(console, 3, forget))
            batches = scale.seconds * EVENTS_A_SECOND // EVENTS_A_BATCH
            load.prepare_batches(f"viewed-{scale.events}", batches, EVENTS_A_BATCH)
            load.begin_paced(collector_port, _CONNECTIONS, scale.seconds, EVENTS_A_SECOND / EVENTS_A_BATCH)
            together = asyncio.run(_look_together(console, scale.seconds))
            seen = [seconds for times in together.pages.values() for seconds in times]
            sent: Sent = load.answer()
        slowest = max(alone.pages.values(), key=_middle)
        taken, most_late = sent.items / sent.seconds, 1e3 * percentile(sent.latencies, 0.99)
        figures += [
            Figure(
                "viewers",
                f"slowest view, one viewer, nothing read before, {at}",
                "s",
                slowest,
                1.5,
                more_is_better=False,
            ),
            Figure("viewers", f"view, ten viewers and 20,000 events/s, {at}", "s", seen, 1.5, more_is_better=False),
            Figure("viewers", f"p95 of it {at}", "s", [percentile(seen, 0.95)], more_is_better=False),
            Figure("viewers", f"part drawn again {at}", "s", together.parts, more_is_better=False),
            Figure("viewers", f"events stored meanwhile {at}", "/s", [taken], 0.99 * EVENTS_A_SECOND),
            Figure("viewers", f"p99 of a batch {at}", "ms", [most_late], more_is_better=False),
        ]
    return figures


def _middle(values: Sequence[float]) -> float:
    """The median, near enough to tell which page is slowest."""
    return percentile(values, 0.5)


async def _look_at_each(console: str, rounds: int, forget: Callable[[], None]) -> Seen:
    """Nothing that was read for one page is there for the next: each is as slow as for the first reader of the day."""
    seen = Seen()
    for _ in range(rounds):
        for page in PAGES:
            forget()
            await _open(console, page, seen, linger=0)
    return seen


async def _look_together(console: str, seconds: float) -> Seen:
    seen = Seen()
    until = time.perf_counter() + seconds

    async def viewer(number: int) -> None:
        # They do not all begin at one instant, nor look at one page.
        await asyncio.sleep(number * 0.3)
        turn = number
        while time.perf_counter() < until:
            await _open(console, PAGES[turn % len(PAGES)], seen, linger=min(12, max(0, until - time.perf_counter())))
            turn += 1

    await asyncio.gather(*(viewer(number) for number in range(VIEWERS)))
    return seen


async def _open(console: str, page: str, seen: Seen, linger: float) -> None:
    """Opens a page in a window of its own, and stays for so many seconds after it is whole."""
    address = console.replace("http://", "ws://") + "/_stcore/stream"
    async with websockets.connect(address, subprotocols=[websockets.Subprotocol("streamlit")], max_size=None) as socket:
        began = time.perf_counter()
        await socket.send(_asking_for(page))
        again: dict[str, float] = {}
        await _until_finished(socket, again)
        seen.pages.setdefault(page, []).append(time.perf_counter() - began)
        leaves = time.perf_counter() + linger
        due = {part: time.perf_counter() + interval for part, interval in again.items()}
        while due and min(due.values()) < leaves:
            part = min(due, key=lambda name: due[name])
            await asyncio.sleep(max(0, due[part] - time.perf_counter()))
            began = time.perf_counter()
            await socket.send(_asking_for(page, part))
            await _until_finished(socket, again)
            seen.parts.append(time.perf_counter() - began)
            due[part] = time.perf_counter() + again[part]
        await asyncio.sleep(max(0, leaves - time.perf_counter()))


def _asking_for(page: str, part: str = "") -> bytes:
    message = BackMsg()
    message.rerun_script.page_name = page
    if part:
        message.rerun_script.fragment_id = part
        message.rerun_script.is_auto_rerun = True
    wire: bytes = message.SerializeToString()
    return wire


async def _until_finished(socket: websockets.ClientConnection, again: dict[str, float]) -> None:
    """Reads until the script has ended; PageFailed where it ended in an error."""
    while True:
        message = ForwardMsg.FromString(await socket.recv(decode=False))
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
            raise PageFailed(message.delta.new_element.exception.message)
        if kind == "auto_rerun":
            again[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        if kind == "script_finished" and message.script_finished in (
            ForwardMsg.FINISHED_SUCCESSFULLY,
            ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
        ):
            return


def _run_milepost(pipe: Connection, folder: str, events: int) -> None:
    clock = SystemClock()
    dsn = f"chdb://{folder}/store"
    settings = Settings(store=dsn, collector_port=0, grpc_port=0, console_port=0, spool=Path(folder) / "spool")
    with Store(dsn) as store:
        now = clock.now()
        migrate(store, now)
        # The history was judged while it came, and what there is to learn from it was learnt.
        references = rule_references(settings)
        rules = load_rules([settings.rules_path], references)
        Engine(store, rules, references.contracts).tick(now)
        fill(f"{folder}/store", events, now)
    service = Service(settings, clock, lambda line: None)
    service.start()
    _wait_until_counted(service.collector_url)
    pipe.send((service.console_url, int(service.collector_url.rpartition(":")[2])))
    try:
        while pipe.recv() == "forget":
            st.cache_data.clear()
            pipe.send("forgotten")
    except EOFError:
        service.stop()


def _wait_until_counted(collector: str) -> None:
    """Returns when what was filled in is judged and kept, as it would have been while it came."""
    for what in ("milepost_evaluated_through", "milepost_kpi_kept_through"):
        while True:
            lines = httpx.get(f"{collector}/metrics", timeout=60).text.splitlines()
            if any(float(line.split()[-1]) > 0 for line in lines if line.startswith(f"{what}_timestamp_seconds ")):
                break
            time.sleep(1)
