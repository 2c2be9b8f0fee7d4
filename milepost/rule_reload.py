"""Reads the configured rules again when their files change; files with errors change nothing.

Rules are read with `calendars.yaml`. Contracts, interventions and KPIs are those of the start:
the collector's door, what calls the middleware and what keeps figures are built with them.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from domain.clock import Clock
from domain.contract import Contracts
from domain.intervention import KnownInterventions
from domain.rule import Rule
from milepost.rule_setup import known_kpis
from milepost.settings import Settings
from milepost.watched_files import Watch, WatchedFiles
from rules.loader import load_rules
from rules.references import load_references

log = logging.getLogger("milepost.rules")


class RuleFiles(WatchedFiles[tuple[Rule, ...]]):
    """The files of the configured rules, and the rules that were read from them last."""

    def __init__(
        self,
        settings: Settings,
        contracts: Contracts,
        interventions: KnownInterventions,
        registry: CollectorRegistry,
        now: datetime,
    ) -> None:
        """ConfigError where they are wrong: a start has no rules that could go on."""
        failed = Gauge(
            "milepost_rules_reload_failed",
            "1 while the rule files are wrong and the rules read before go on.",
            registry=registry,
        )
        loaded_at = Gauge(
            "milepost_rules_loaded_timestamp_seconds", "When the rules in force were read.", registry=registry
        )

        def paths() -> Iterator[Path]:
            rules = settings.rules_path
            yield settings.calendars_path
            yield from sorted(rules.rglob("*.yaml")) if rules.is_dir() else (rules,)

        kpis = known_kpis(settings)

        def read() -> tuple[Rule, ...]:
            references = load_references(settings.calendars_path, contracts, interventions, kpis)
            return load_rules([settings.rules_path], references)

        watch = Watch(log, "the rule files are wrong, and the rules read before go on", failed, loaded_at)
        super().__init__(paths, read, watch, now)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force."""
        return self.current

    def changed(self, now: datetime) -> tuple[Rule, ...] | None:
        """The rules, where the files have changed and are right; None where there is nothing new."""
        rules = super().changed(now)
        if rules is not None:
            log.info("rules read again: %d", len(rules))
        return rules


class FollowedRules(RuleFiles):
    """The rule files for a process that does not evaluate them: as they are whenever somebody asks."""

    def __init__(
        self,
        settings: Settings,
        contracts: Contracts,
        interventions: KnownInterventions,
        registry: CollectorRegistry,
        clock: Clock,
    ) -> None:
        """ConfigError where they are wrong."""
        super().__init__(settings, contracts, interventions, registry, clock.now())
        self._clock = clock

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that the files hold now, or held when they were right last."""
        self.changed(self._clock.now())
        return self.current

    @property
    def row(self) -> dict[str, Any] | None:
        """Since when the files are refused, and why; None where they are not."""
        self.changed(self._clock.now())
        return super().row
