"""The console as a part of a process: pages that read the store, and act through the doors they are given."""

from collections.abc import Callable

from alerts.muting import Routing
from dashboard.server import Wrap
from dashboard.session import ConsoleContext
from domain.intervention import KnownInterventions
from domain.span_names import SpanNames
from milepost.console_door import ConsoleDoor, edited_rules
from milepost.http_server import address
from milepost.kpi_keeping import KpiKeeping
from milepost.roles.ground import Ground
from milepost.rule_reload import RuleFiles
from rules.references import References


class ConsolePart:
    """What people look at, on this machine or behind their sign-in."""

    def __init__(self, ground: Ground) -> None:
        """UsageError where others would reach it and nobody had to sign in; ConfigError for what is wrong in a file."""
        self._ground = ground
        self._people = ConsoleDoor(ground.settings)

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._people.host

    def bind(self) -> None:
        """Takes its port."""
        port = self._ground.settings.console_port
        self._socket = self._ground.bind(self._people.host, port, "MILEPOST_CONSOLE_PORT")
        self.url = address(self._socket)

    def open(
        self,
        references: References,
        interventions: KnownInterventions,
        span_names: SpanNames,
        routing: Callable[[], Routing],
        kpis: KpiKeeping,
        rules: RuleFiles,
        wrap: Wrap | None = None,
    ) -> None:
        """Builds it on the store; `rules` are those in force, and `wrap` puts something before the pages."""
        ground, contracts = self._ground, references.contracts
        edited = edited_rules(ground.settings, contracts, interventions, rules)
        shown = ConsoleContext(
            ground.store,
            ground.clock,
            span_names,
            contracts,
            routing,
            *kpis.shown,
            edited,
            grafana_url=ground.settings.grafana_url or "",
        )
        self._server = self._people.console(shown, self._socket, self.url, wrap)

    def start(self) -> None:
        """Serves from now on."""
        self._server.start()
        self._ground.closing.callback(self._server.stop)

    def tell(self) -> None:
        """Says where it listens."""
        self._ground.report(f"console    {self.url}")
