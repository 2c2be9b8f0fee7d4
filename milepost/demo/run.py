"""Runs the demo company against a collector: first its history, then live traffic until told to stop."""

import threading
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.clock import Clock
from domain.errors import UsageError
from milepost.demo.company import NAME
from milepost.demo.sender import EventSender
from milepost.demo.telemetry import Telemetry
from milepost.demo.traffic import Traffic

MOST_DAYS = 365
MOST_ORDERS_A_MINUTE = 600
LIVE_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class DemoSettings:
    """Where the demo's traffic goes and how much of it there is; `rate` is web shop orders a minute.

    `token` is sent along where the collector needs one.
    """

    endpoint: str
    seed: int = 7
    days: int = 30
    rate: int = 20
    token: str = field(default="", repr=False)
    # Orders that the demo's middleware had posted.
    posted: Container[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.endpoint.startswith(("http://", "https://")):
            raise UsageError(f"endpoint is {self.endpoint!r}; give a URL, such as http://127.0.0.1:4318")
        if not 1 <= self.days <= MOST_DAYS:
            raise UsageError(f"days is {self.days}; give 1 to {MOST_DAYS}")
        if not 0 <= self.rate <= MOST_ORDERS_A_MINUTE:
            raise UsageError(f"rate is {self.rate}; give 0 to {MOST_ORDERS_A_MINUTE} orders a minute")


def run_demo(settings: DemoSettings, clock: Clock, stop: threading.Event, report: Callable[[str], None]) -> None:
    """Sends the history and then live traffic until `stop`; UsageError where no collector answers.

    Running it again on the same day sends the same history under the same ids, which changes nothing.
    """
    endpoint = settings.endpoint.rstrip("/")
    start = clock.now()
    traffic = Traffic(settings.seed, start, settings.days, settings.rate, settings.posted)
    report(f"demo: {settings.days} days of {NAME} to {endpoint}")
    headers = {"authorization": f"Bearer {settings.token}"} if settings.token else {}
    with EventSender(endpoint, stop, report, headers) as sender, Telemetry(endpoint, headers) as telemetry:
        _send_history(traffic, start, settings.days, sender, telemetry, stop)
        totals = sender.settle()
        seconds = (clock.now() - start).total_seconds()
        report(f"demo: history of {totals.sent:,} events: {totals}; {_spans(telemetry)}; {seconds:.1f} s")
        if not stop.is_set():
            report(f"demo: live with {settings.rate} web shop orders a minute; ERP posting is stuck for DE01 and FR01")
        while not stop.is_set():
            due = traffic.due(clock.now())
            sender.send(due.events)
            telemetry.record(due.spans)
            totals = sender.settle()
            stop.wait(LIVE_PAUSE_SECONDS)
        rest = traffic.half_done()
        sender.send(rest.events)
        telemetry.record(rest.spans)
        totals = sender.settle()
        telemetry.flush()
        report(f"demo: stopped after {totals.sent:,} events: {totals}; {_spans(telemetry)}")


def _send_history(
    traffic: Traffic,
    start: datetime,
    days: int,
    sender: EventSender,
    telemetry: Telemetry,
    stop: threading.Event,
) -> None:
    """Sends what happened up to the start, a day at a time, so that making and sending overlap."""
    for age in range(days, -1, -1):
        if stop.is_set():
            return
        due = traffic.due(start - timedelta(days=age))
        sender.send(due.events)
        telemetry.record(due.spans)
    telemetry.flush()


def _spans(telemetry: Telemetry) -> str:
    lost = f" ({telemetry.lost:,} lost)" if telemetry.lost else ""
    return f"{telemetry.exported:,} spans{lost}"
