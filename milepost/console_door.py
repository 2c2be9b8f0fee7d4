"""Who may reach the console: this machine, or with sign-in whoever the provider knows and a role lets in."""

import socket
from urllib.parse import urlsplit

from dashboard.rule_files import RuleFiles
from dashboard.server import ConsoleServer, Wrap
from dashboard.session import ConsoleContext
from dashboard.sign_in_config import load_sign_in, set_up_sign_in
from domain.contract import Contracts
from domain.errors import UsageError
from domain.intervention import KnownInterventions
from milepost.exposure import LOOPBACK, reachable
from milepost.rule_reload import RuleFiles as WatchedRules
from milepost.rule_setup import known_kpis
from milepost.settings import Settings


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
        self, context: ConsoleContext, listening: socket.socket, url: str, wrap: Wrap | None = None
    ) -> ConsoleServer:
        """The console behind a listening socket, whose own address is `url`; `wrap` puts something before it."""
        told = self._settings.console_url
        return ConsoleServer(
            context,
            listening,
            sign_in=set_up_sign_in(*self._sign_in, told or reachable(url)) if self._sign_in else None,
            known_as=urlsplit(told).hostname or "" if told else "",
            wrap=wrap,
        )


def edited_rules(
    settings: Settings, contracts: Contracts, interventions: KnownInterventions, running: WatchedRules
) -> RuleFiles:
    """The rule files as the console shows and changes them."""
    return RuleFiles(
        folder=lambda: settings.rules_path,
        own=settings.config / "rules" if settings.config else None,
        calendars=lambda: settings.calendars_path,
        contracts=contracts,
        interventions=interventions,
        kpis=known_kpis(settings),
        running=lambda: running.rules,
        refused=lambda: running.row,
    )
