"""The collector as a part of a process: its doors over HTTP and gRPC, before one store."""

import os
from collections.abc import Sequence

from starlette.routing import BaseRoute

from collector.access import DoorSettings
from collector.app import Collector
from collector.receivers.otlp_grpc import GrpcServer
from collector.receivers.source_webhook import webhooks
from collector.request_timing import TimedRequests
from collector.source_definitions import load_definitions
from collector.span_mapping_config import load_correlation
from collector.spooling import SpoolSettings
from collector.tokens import new_operator_token
from domain.contract import Contracts
from milepost.contract_checks import open_contract_door
from milepost.exposure import LOOPBACK, no_token, opens_to_anybody
from milepost.http_server import HttpServer, address, bind
from milepost.roles.ground import Ground, log


class CollectorPart:
    """Receivers, spool, dead letters and replay."""

    collector: Collector

    def __init__(self, ground: Ground, contracts: Contracts) -> None:
        """Reads its files; ConfigError where they are wrong."""
        self._ground = ground
        self._contracts = contracts
        settings = ground.settings
        self._sources = webhooks(load_definitions(settings.sources_paths).values(), os.environ, settings.public_url)
        self.correlation = load_correlation(settings.correlation_path)
        # What opens everything here, for parts of this process and commands beside it.
        self.operator = new_operator_token()

    def bind(self) -> None:
        """Takes its ports; gRPC opens its own later, and here it is only tried."""
        settings = self._ground.settings
        self._socket = self._ground.bind(settings.host, settings.collector_port, "MILEPOST_COLLECTOR_PORT")
        # A free one (0) is whichever it finds then: another process may have taken this one meanwhile.
        bind(settings.host, settings.grpc_port, "MILEPOST_GRPC_PORT").close()
        self.url = address(self._socket)

    def open(self, routes: Sequence[BaseRoute]) -> None:
        """Builds the collector on the store, with what is answered beside its own routes."""
        ground, settings = self._ground, self._ground.settings
        self.collector = Collector(
            ground.store,
            ground.clock,
            ground.registry,
            list(routes),
            open_contract_door(settings, self._contracts, ground.store),
            self._sources,
            self.correlation,
            door=DoorSettings(settings.host not in LOOPBACK, settings.rate_limit, self.operator),
            spool=SpoolSettings(settings.spool, settings.spool_size),
            store_problem=lambda: ground.arrival.problem,
        )
        ground.arrival.attempt(self.collector.load)
        self._server = HttpServer(TimedRequests(self.collector.app, ground.registry), self._socket, "collector")

    def start(self) -> None:
        """Takes input from now on."""
        closing, settings = self._ground.closing, self._ground.settings
        self.collector.start()
        closing.callback(self.collector.stop)
        self._server.start()
        closing.callback(self._server.stop)
        grpc_server = GrpcServer(self.collector, settings.host, settings.grpc_port, "MILEPOST_GRPC_PORT")
        grpc_server.start()
        closing.callback(grpc_server.stop)
        self._grpc_address = grpc_server.address
        self._ground.arrival.attempt(self._look_for_tokens)

    def tell(self) -> None:
        """Says where it listens."""
        report = self._ground.report
        report(f"collector  {self.url}/v1/events, /v1/sources, /v1/traces and /v1/logs")
        report(f"grpc       http://{self._grpc_address} (OTLP)")
        configured = ", ".join(sorted(name for name, source in self._sources.items() if source.is_configured))
        report(f"sources    {configured or 'none has its secret yet'}")

    def tell_store(self) -> None:
        """Says where the store is, and whether it is there."""
        ground = self._ground
        away = " is away: what comes is spooled" if ground.arrival.problem else ""
        ground.report(f"store      {ground.where}{away}")

    def _look_for_tokens(self) -> None:
        """Tells of a door that opens to nobody, where the start could not know."""
        settings = self._ground.settings
        if settings.host not in LOOPBACK and not opens_to_anybody(self._ground.store, self._ground.clock):
            log.error("%s", no_token(settings))
