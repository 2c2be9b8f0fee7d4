"""Who may reach the console: this machine, or with sign-in whoever the provider knows and a role lets in."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from alerts.muting import Routing
from dashboard.rule_files import RuleFiles
from dashboard.server import ConsoleServer
from dashboard.sign_in_config import load_sign_in, set_up_sign_in
from domain.clock import Clock
from domain.contract import Contracts
from domain.errors import UsageError
from domain.intervention import KnownInterventions
from domain.span_names import SpanNames
from milepost.exposure import LOOPBACK, reachable
from milepost.kpi_book import KpiBook
from milepost.rule_reload import RuleFiles as WatchedRules
from milepost.settings import Settings
from storage.client import Store


class ConsoleDoor:
    """How people reach the console of these settings."""

    def __init__(self, settings: Settings) -> None:
        """UsageError where others would reach it and nobody had to sign in; ConfigError for what is wrong in a file."""
        self._settings = settings
        path = settings.sign_in_path
        self._sign_in = (path, load_sign_in(path)) if path else None
        self.host = self._host(settings)

    def _host(self, settings: Settings) -> str:
        wished = settings.console_host
        if self._sign_in:
            return wished or settings.host
        if wished is not None and wished not in LOOPBACK:
            raise UsageError(
                f"MILEPOST_CONSOLE_HOST is {wished}: other machines would reach the console, and nobody would have to "
                "sign in; write sign_in.yaml in the folder that MILEPOST_CONFIG names, or give one of "
                + ", ".join(LOOPBACK)
            )
        return wished or (settings.host if settings.host in LOOPBACK else LOOPBACK[0])

    def console(
        self,
        store: Store,
        clock: Clock,
        listening: socket.socket,
        url: str,
        span_names: SpanNames,
        contracts: Contracts,
        routing: Callable[[], Routing],
        kpis: KpiBook,
        rules: WatchedRules,
        interventions: KnownInterventions,
    ) -> ConsoleServer:
        """The console behind a listening socket, whose own address is `url`."""
        told, config = self._settings.console_url, self._settings.config
        setup = set_up_sign_in(*self._sign_in, told or reachable(url)) if self._sign_in else None
        return ConsoleServer(
            store,
            clock,
            listening,
            span_names,
            contracts,
            routing,
            kpis.kpis,
            kpis.settings.pricing,
            kpis.periods,
            sign_in=setup,
            known_as=urlsplit(told).hostname or "" if told else "",
            rule_files=RuleFiles(
                folder=lambda: self._settings.rules_path,
                own=config / "rules" if config else None,
                calendars=lambda: self._settings.calendars_path,
                contracts=contracts,
                interventions=interventions,
                running=lambda: rules.rules,
                refused=lambda: rules.row,
            ),
        )
