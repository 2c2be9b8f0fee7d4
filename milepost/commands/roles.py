"""`milepost up`, `collector`, `engine` and `console`: what runs until it is told to stop."""

import signal
import threading
from typing import Annotated, Protocol

import typer

from domain.clock import SystemClock
from milepost.logs import configure_logging
from milepost.output import echo
from milepost.settings import load_settings

roles_app = typer.Typer()


class Role(Protocol):
    """What is started once and stopped once."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


@roles_app.command()
def up(demo: Annotated[bool, typer.Option("--demo", help="Also send the demo company's traffic.")] = False) -> None:
    """Run everything in one process: collector, rules, alerts and console."""
    # Only here, as below: the console's framework takes a second to import.
    from milepost.service import Service

    settings = load_settings()
    configure_logging(settings.log)
    stop = stop_on_signals()
    _run(Service(settings, SystemClock(), echo, demo=demo), stop)


@roles_app.command()
def collector() -> None:
    """Run a collector on a server store: takes input, beside as many others as are wanted."""
    from milepost.roles.collector import CollectorRole

    settings = load_settings()
    configure_logging(settings.log)
    stop = stop_on_signals()
    _run(CollectorRole(settings, SystemClock(), echo), stop)


@roles_app.command()
def engine() -> None:
    """Run an engine on a server store: evaluates and tells, or stands by for the one that does."""
    from milepost.roles.engine import EngineRole

    settings = load_settings()
    configure_logging(settings.log)
    stop = stop_on_signals()
    _run(EngineRole(settings, SystemClock(), echo), stop)


@roles_app.command()
def console() -> None:
    """Run the console on a server store."""
    from milepost.roles.console import ConsoleRole

    settings = load_settings()
    configure_logging(settings.log)
    stop = stop_on_signals()
    _run(ConsoleRole(settings, SystemClock(), echo), stop)


def _run(role: Role, stop: threading.Event) -> None:
    try:
        role.start()
        stop.wait()
        echo("stopping: storing what was acknowledged")
    finally:
        role.stop()


def stop_on_signals() -> threading.Event:
    """Set by the first SIGINT or SIGTERM, to stop in order; a second one ends the process at once."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def begin(*_: object) -> None:
        stop.set()
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)

    for number in numbers:
        signal.signal(number, begin)
    return stop
