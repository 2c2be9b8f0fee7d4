"""What the demo company has around Milepost: a receiver of its messages, a middleware, rates, and its traffic."""

import contextlib
import logging
import threading
from collections.abc import Callable, Container
from pathlib import Path

from domain.clock import Clock
from domain.errors import UsageError
from milepost.demo.middleware import DemoMiddleware, demo_interventions, demo_middleware, sending_to
from milepost.demo.receiver import demo_receiver, demo_routing
from milepost.demo.run import DemoSettings, run_demo

log = logging.getLogger("milepost")
_SECONDS_TO_END = 15


class DemoWorld:
    """Everything that is closed with `closing`; nothing is sent before `start`."""

    def __init__(self, closing: contextlib.ExitStack, clock: Clock, report: Callable[[str], None]) -> None:
        self._closing = closing
        self._clock = clock
        self._report = report
        self._receiver = closing.enter_context(demo_receiver(report))
        self.routing_path: Path = closing.enter_context(demo_routing(self._receiver.url))
        self._middleware: DemoMiddleware | None = None

    def open_middleware(self) -> Path:
        """The file of calls to a middleware of the demo's own, which answers from now on."""
        self._middleware = self._closing.enter_context(demo_middleware(self._clock, self._report))
        return self._closing.enter_context(demo_interventions(self._middleware.host))

    def start(self, endpoint: str, token: str) -> None:
        """Begins to send the company's traffic to a collector."""
        self._report(f"webhook    {self._receiver.url}")
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(endpoint, token, stop), name="demo", daemon=True)

        def end() -> None:
            stop.set()
            thread.join(timeout=_SECONDS_TO_END)

        thread.start()
        self._closing.callback(end)

    def _run(self, endpoint: str, token: str, stop: threading.Event) -> None:
        try:
            posted: Container[str] = frozenset()
            if self._middleware:
                self._middleware.connect(sending_to(endpoint, token))
                posted = self._middleware.posted
            settings = DemoSettings(endpoint=endpoint, token=token, posted=posted)
            run_demo(settings, self._clock, stop, self._report)
        except UsageError as error:
            log.error("demo: %s", error)
