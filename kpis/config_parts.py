"""Which keys a definition has to have, and may have, by what it reads; and the signal that it reads."""

from collections.abc import Iterator
from typing import Protocol

from domain.config_file import show
from domain.kpi import Origin, SignalReading
from domain.signal import signal_named

# The keys that only some definitions have: those that must be there, and those that may.
_KEYS: dict[Origin, tuple[frozenset[str], frozenset[str]]] = {
    Origin.MILESTONES: (frozenset(("object", "find", "from")), frozenset(("to", "unless"))),
    Origin.ALERTS: (frozenset(("find",)), frozenset(("alerts",))),
    Origin.DUTIES: (frozenset(("find",)), frozenset(("alerts",))),
    Origin.TOUCHES: (frozenset(("object", "from")), frozenset()),
    Origin.SIGNAL: (frozenset(("signal",)), frozenset(("per", "object", "from", "to"))),
}
_SOME = ("object", "find", "from", "to", "unless", "alerts", "signal", "per")


class Written(Protocol):
    """The part of a definition that says what its cases are."""

    @property
    def reads(self) -> Origin: ...
    @property
    def object(self) -> str | None: ...
    @property
    def from_(self) -> tuple[str, ...] | None: ...
    @property
    def to(self) -> tuple[str, ...]: ...
    @property
    def signal(self) -> str | None: ...
    @property
    def per(self) -> tuple[str, ...]: ...


def misplaced(config: Written) -> Iterator[tuple[str, str]]:
    """Every key that is missing or has no place beside what is read, with what is wrong."""
    needed, possible = _KEYS[config.reads]
    for key in _SOME:
        is_given = bool(getattr(config, "from_" if key == "from" else key))
        if is_given and key not in needed | possible:
            accepted = ", ".join(name for name in _SOME if name in needed | possible)
            yield key, f"{key} has no place where it reads {config.reads}; accepted beside it: {accepted}"
        elif not is_given and key in needed:
            yield "reads", f"{key} is missing, which a KPI that reads {config.reads} has"
    if config.reads is Origin.SIGNAL and config.signal:
        yield from _of_signal(config, config.signal)


def reading_of(config: Written) -> SignalReading | None:
    """The signal that a definition reads, where it reads one."""
    if config.reads is not Origin.SIGNAL or config.signal is None:
        return None
    signal = signal_named(config.signal)
    return SignalReading(signal.name, config.per, signal.quiet_is_zero)


def _of_signal(config: Written, name: str) -> Iterator[tuple[str, str]]:
    try:
        signal = signal_named(name)
    except ValueError as error:
        yield "signal", f"signal {error}"
        return
    for label in config.per:
        if label not in signal.labels:
            yield "per", f"per has {show(label)}; {name} can be had by {', '.join(signal.labels)}"
    has_pair = bool(config.object and config.from_ and config.to)
    if signal.takes_pair and not has_pair:
        yield "signal", f"signal {name} is of an event and the one that it waits for; give object, from and to"
    elif not signal.takes_pair and (config.object or config.from_ or config.to):
        yield "signal", f"signal {name} is of no event; leave out object, from and to"
