"""Reads the configured rules again when their files change; files with errors change nothing.

Rules are read with `calendars.yaml`. Contracts are those of the start: the collector's door is built with them.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from domain.contract import Contracts
from domain.errors import ConfigError
from domain.instants import format_instant
from domain.rule import Rule
from milepost.settings import Settings
from rules.loader import load_rules
from rules.references import load_references

log = logging.getLogger("milepost.rules")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The files were found wrong at `since`, and the rules that were read before go on."""

    since: datetime
    problems: tuple[str, ...]


class RuleFiles:
    """The files of the configured rules, and the rules that were read from them last."""

    def __init__(self, settings: Settings, contracts: Contracts, registry: CollectorRegistry, now: datetime) -> None:
        """ConfigError where they are wrong: a start has no rules that could go on."""
        self._settings = settings
        self._contracts = contracts
        self._failed = Gauge(
            "milepost_rules_reload_failed",
            "1 while the rule files are wrong and the rules read before go on.",
            registry=registry,
        )
        self._loaded_at = Gauge(
            "milepost_rules_loaded_timestamp_seconds", "When the rules in force were read.", registry=registry
        )
        # Before they are read: what is written meanwhile is read again.
        self._seen = self._loaded = self._content()
        self.rules = self._read()
        self.refusal: Refusal | None = None
        self._loaded_at.set(now.timestamp())

    def changed(self, now: datetime) -> tuple[Rule, ...] | None:
        """The rules, where the files have changed and are right; None where there is nothing new."""
        content = self._content()
        if content == self._seen:
            return None
        self._seen = content
        if content == self._loaded:
            self._is_right()
            return None
        try:
            rules = self._read()
        except ConfigError as error:
            problems = tuple(map(str, error.problems)) or (str(error),)
            self.refusal = Refusal(self.refusal.since if self.refusal else now, problems)
            self._failed.set(1)
            log.error("the rule files are wrong, and the rules read before go on:\n%s", "\n".join(problems))
            return None
        self.rules, self._loaded = rules, content
        self._loaded_at.set(now.timestamp())
        self._is_right()
        log.info("rules read again: %d", len(rules))
        return rules

    @property
    def row(self) -> dict[str, Any] | None:
        """Since when the files are refused, and why; None where they are not."""
        if self.refusal is None:
            return None
        return {"since": format_instant(self.refusal.since), "problems": list(self.refusal.problems)}

    def _is_right(self) -> None:
        self.refusal = None
        self._failed.set(0)

    def _read(self) -> tuple[Rule, ...]:
        return load_rules([self._settings.rules_path], load_references(self._settings.calendars_path, self._contracts))

    def _content(self) -> str:
        """A digest of all that is read; a file that cannot be read counts as one with other content."""
        digest = hashlib.sha256()
        for path in self._paths():
            try:
                content = path.read_bytes()
            except OSError as error:
                content = repr(error).encode()
            digest.update(f"{path}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    def _paths(self) -> Iterator[Path]:
        rules = self._settings.rules_path
        yield self._settings.calendars_path
        yield from sorted(rules.rglob("*.yaml")) if rules.is_dir() else (rules,)
