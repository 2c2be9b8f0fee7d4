"""`milepost engine`: evaluates and tells on a server store, or stands by for the engine that does."""

from collections.abc import Callable

from alerts.interventions.config import load_interventions
from collector.request_timing import TimedRequests
from domain.clock import Clock
from milepost.collection import collect_rarely
from milepost.exposure import LOOPBACK, require_token
from milepost.http_server import HttpServer, address
from milepost.roles.engine_part import EnginePart
from milepost.roles.ground import Ground, require_server
from milepost.roles.health import RoleDoor
from milepost.roles.pull_door import PullDoor
from milepost.roles.settled import SettledStore
from milepost.rule_setup import rule_references
from milepost.settings import Settings
from milepost.tracing import configure_tracing


class EngineRole:
    """One engine of those on a store, of which one acts at a time."""

    def __init__(self, settings: Settings, clock: Clock, report: Callable[[str], None]) -> None:
        """Checks the configuration, the port and the store, in this order; nothing runs yet."""
        require_server(settings, "engine")
        if settings.host not in LOOPBACK:
            require_token(settings, clock)
        self._ground = Ground(settings, clock, report)
        try:
            self._build()
        except BaseException:
            self._ground.closing.close()
            raise

    def _build(self) -> None:
        ground, settings = self._ground, self._ground.settings
        references = rule_references(settings)
        interventions = load_interventions(settings.interventions_path)
        self._engine = EnginePart(ground, references, interventions, settings.routing_path)
        listening = ground.bind(settings.host, settings.engine_port, "MILEPOST_ENGINE_PORT")
        self.url = address(listening)
        ground.open_store()
        ground.arrival.attempt()
        self._engine.open(f"http://{settings.console_host or settings.host}:{settings.console_port}")
        self._door = RoleDoor(ground, settings.host, self._status)
        store = self._engine.store
        routes = self._engine.connect(SettledStore(store).through, PullDoor(settings, store, ground.clock))
        self._server = HttpServer(TimedRequests(self._door.app(routes), ground.registry), listening, "engine")

    def _status(self) -> str:
        return "active" if self._engine.may_act else "standby"

    def start(self) -> None:
        """Takes part from now on."""
        ground = self._ground
        ground.closing.callback(configure_tracing())
        ground.arrival.start()
        ground.closing.callback(ground.arrival.stop)
        self._door.start()
        self._server.start()
        ground.closing.callback(self._server.stop)
        self._engine.start()
        ground.report(f"engine     {self.url}/readyz")
        self._engine.tell()
        ground.report(f"metrics    {self.url}/metrics")
        ground.report(f"store      {ground.where}{' is away' if ground.arrival.problem else ''}")
        collect_rarely()

    def stop(self) -> None:
        """Stops in reverse; a standby takes over at once, and takes up what was being sent."""
        self._ground.closing.close()
