"""A console that is served, and windows of a browser to look at it; gone with their file, before another test."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from collector.contract_definitions import SHIPPED, load_contracts
from dashboard.server import ConsoleServer
from dashboard.session import ConsoleContext
from domain.clock import FixedClock
from kpis.catalog import SHIPPED as SHIPPED_KPIS
from kpis.catalog import load_kpis
from kpis.config import load_kpi_settings
from kpis.flow_keeper import keep_flow
from kpis.keeper import KpiKeeper
from milepost.http_server import bind
from storage.client import Store
from storage.migrator import migrate
from tests.browser.closing import BOOK, keep_close
from tests.browser.stuck_order import seed_incident, seed_stuck_order
from tests.browser.visiting import CHROMIUM, QUIET, SIZES
from tests.builders import NOW
from tests.engine import Engine

# One is enough to follow; to keep all would take the tests' time.
KPIS_SHOWN = {"order_activation": load_kpis([SHIPPED_KPIS])["order_activation"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that talks to nobody but this machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def console_url(engine: Engine) -> Iterator[str]:
    """Where the console of a company with one stuck order is served; one per process is all Streamlit allows."""
    with Store(engine.dsn("console")) as store:
        migrate(store, NOW)
        seed_stuck_order(store, NOW)
        keep_flow(store, NOW)
        seed_incident(store, NOW)
        listening = bind("127.0.0.1", 0, "MILEPOST_CONSOLE_PORT")
        contracts = load_contracts(SHIPPED).contracts
        keep_close(store, NOW)
        KpiKeeper(store, KPIS_SHOWN, load_kpi_settings()).tick(NOW)
        shown = ConsoleContext(store, FixedClock(NOW), contracts=contracts, kpis=KPIS_SHOWN, close=BOOK)
        server = ConsoleServer(shown, listening)
        server.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.stop()
    engine.drop("console")


@pytest.fixture
def window(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A window of the size and theme the test is parametrized with; at a desk and light unless said."""
    size: str
    theme: Literal["light", "dark"]
    size, theme = getattr(request, "param", ("desk", "light"))
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,
        timezone_id="Europe/Berlin",
        is_mobile=size == "phone",
    )
    yield context
    context.close()
