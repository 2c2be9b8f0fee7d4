"""Reads the routing file again when it changes; a file with errors changes nothing, and nobody is told twice."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from alerts.config import RoutingConfig, load_routing
from alerts.muting import Routing, build_routing
from alerts.notifiers.notifier import Integration
from alerts.notifiers.registry import build_integrations
from milepost.watched_files import Watch, WatchedFiles

Note = Callable[[Path, RoutingConfig], None]
log = logging.getLogger("milepost.routing")


@dataclass(frozen=True, slots=True)
class ReadRouting:
    """A routing file as it was read: who is told when, and the integrations that do it."""

    config: RoutingConfig
    routing: Routing
    integrations: Mapping[str, tuple[Integration, ...]]


class RoutingFile(WatchedFiles[ReadRouting]):
    """The routing file, and what was read from it last. Files of secrets are read anew for every message anyway."""

    def __init__(
        self, path: Path, console_url: str, environ: Mapping[str, str], registry: CollectorRegistry, now: datetime
    ) -> None:
        """ConfigError where it is wrong, or where a secret that it names is missing."""
        failed = Gauge(
            "milepost_routing_reload_failed",
            "1 while the routing file is wrong and the one read before goes on.",
            registry=registry,
        )
        loaded_at = Gauge(
            "milepost_routing_loaded_timestamp_seconds", "When the routing in force was read.", registry=registry
        )
        self._known: ReadRouting | None = None
        self._build = partial(build_integrations, console_url=console_url, environ=environ)
        self._path = path
        self._note: Note | None = None

        def read() -> ReadRouting:
            config = load_routing(path)
            integrations = self._build(config)
            self._known = ReadRouting(config, build_routing(config), self._kept(config, integrations))
            return self._known

        watch = Watch(log, "the routing file is wrong, and the one read before goes on", failed, loaded_at)
        super().__init__(lambda: (path,), read, watch, now)

    def changed(self, now: datetime) -> ReadRouting | None:
        """What the file says, where it has changed and is right; None where there is nothing new."""
        read = super().changed(now)
        if read is not None:
            log.info("routing read again: %d receivers", len(read.integrations))
        return read

    def renew(self) -> ReadRouting:
        """The routing in force with integrations of its own: those of before were closed with what sent by them."""
        self.current = self._known = replace(self.current, integrations=self._build(self.current.config))
        return self.current

    def note_with(self, note: Note) -> None:
        """Has the routing in force written down, and from now on every other before it is; StoreError where that fails.

        Then a change is put off until it can be written down.
        """
        note(self._path, self.current.config)
        self._note = note

    def _before_use(self, read: ReadRouting) -> None:
        if self._note is not None:
            self._note(self._path, read.config)

    def _kept(
        self, config: RoutingConfig, built: Mapping[str, tuple[Integration, ...]]
    ) -> dict[str, tuple[Integration, ...]]:
        """The integrations; those of a receiver that is as before are the objects of before, which go on sending."""
        if self._known is None:
            return dict(built)
        before = {receiver.name: receiver for receiver in self._known.config.receivers}
        kept = dict(built)
        for receiver in config.receivers:
            if before.get(receiver.name) == receiver:
                for one in built[receiver.name]:
                    one.notifier.close()
                kept[receiver.name] = self._known.integrations[receiver.name]
        return kept
