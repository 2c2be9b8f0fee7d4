"""The ground of the test suite: one embedded engine a run, stores on it, a fixed instant, generated tests."""

import itertools
import os
from collections.abc import Generator, Iterator
from datetime import datetime

import pytest
from hypothesis import settings

from storage.client import Store
from storage.migrator import migrate
from tests.builders import NOW
from tests.clickhouse_endpoint import ClickHouseEndpoint, serving
from tests.engine import Engine

# A generated test's first run pays for imports and a cold engine, so single examples have no deadline. In CI
# the examples are the same at every run: a failure there can be repeated, and news is found at the desk.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

IN_PROCESS = pytest.param("embedded", id="in the embedded engine")
ON_A_SERVER = pytest.param("server", id="on a server", marks=pytest.mark.clickhouse_server)
_PLACES = {"embedded": "engine", "server": "endpoint"}
_databases = (f"test_{number}" for number in itertools.count())


def pytest_addoption(parser: pytest.Parser) -> None:
    """How often tests kill the program that tells of alerts: a few times each run, hundreds of times on demand."""
    parser.addoption("--kills", type=int, default=5, help="how often test_alerts_survive_kills kills the program")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that is skipped has failed: the machine lacks what `.ci/run` is to install."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture
def now() -> datetime:
    """The instant the tests live at."""
    return NOW


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The embedded engine of this run."""
    engine = Engine(tmp_path_factory.mktemp("store"))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def endpoint(engine: Engine) -> Iterator[ClickHouseEndpoint]:
    """The same engine as a ClickHouse server on loopback."""
    with serving(ClickHouseEndpoint(engine.folder)) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def migrated_database(engine: Engine) -> str:
    """The name of a database with the schema: made once, since emptying it takes a tenth of the time."""
    database = next(_databases)
    with Store(engine.dsn(database)) as store:
        migrate(store, NOW)
    return database


@pytest.fixture
def embedded_store(engine: Engine, migrated_database: str) -> Iterator[Store]:
    """A migrated, empty Store in this process."""
    engine.clear(migrated_database)
    with Store(engine.dsn(migrated_database)) as store:
        yield store


@pytest.fixture
def server_store(engine: Engine, endpoint: ClickHouseEndpoint, migrated_database: str) -> Iterator[Store]:
    """A migrated, empty Store that talks to a ClickHouse server over HTTP."""
    engine.clear(migrated_database)
    with Store(endpoint.dsn(migrated_database)) as store:
        yield store


@pytest.fixture(params=[IN_PROCESS, ON_A_SERVER])
def store(request: pytest.FixtureRequest) -> Store:
    """A migrated, empty Store of each kind in turn."""
    store: Store = request.getfixturevalue(f"{request.param}_store")
    return store


@pytest.fixture(params=[IN_PROCESS, ON_A_SERVER])
def bare_store(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Store]:
    """A Store of each kind in turn on a database of its own, without the schema."""
    database = next(_databases)
    place: Engine | ClickHouseEndpoint = request.getfixturevalue(_PLACES[request.param])
    with Store(place.dsn(database)) as store:
        yield store
    engine.drop(database)
