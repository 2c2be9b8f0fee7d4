"""Serves the console: Streamlit's own ASGI app on our pages, in a thread of its own."""

import asyncio
import logging
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st
import uvicorn
from starlette.types import ASGIApp
from streamlit import config as streamlit_config
from streamlit.web import bootstrap

from alerts.muting import Routing, shipped_routing
from close.book import CloseBook
from dashboard.session import NO_KPIS, attach
from domain.clock import Clock
from domain.contract import Contracts
from domain.kpi import Kpi
from domain.span_names import SpanNames
from storage.client import Store
from storage.kpi_cases import Pricing

APP = Path(__file__).parent / "app.py"
# An open page holds a websocket for as long as it is open; a stop does not wait for readers to leave.
_SECONDS_TO_STOP = 1
_log = logging.getLogger("milepost.console")


def console_app(
    store: Store,
    clock: Clock,
    span_names: SpanNames,
    contracts: Contracts,
    routing: Callable[[], Routing],
    kpis: Mapping[str, Kpi] = NO_KPIS,
    pricing: Pricing = Pricing("EUR", 7),
    close: CloseBook | None = None,
) -> ASGIApp:
    """The console on this store as an ASGI app with a lifespan; one per process."""
    attach(store, clock, span_names, contracts, routing, kpis, pricing, close)
    # Streamlit reads the config.toml beside the main script, and only when told of the script before it reads.
    streamlit_config._main_script_path = str(APP)
    bootstrap.load_config_options({})
    app: ASGIApp = st.App(APP, on_script_error=report_error)
    return app


def report_error(error: Exception) -> bool:
    """Shows a failed page as a sentence with an id, and logs what happened under that id."""
    error_id = secrets.token_hex(4)
    _log.error("page failed, error %s", error_id, exc_info=error)
    st.error(
        f"This view could not be shown. The log says why under **{error_id}**; the other views still work.",
        icon=":material/error:",
    )
    return True


class ConsoleServer:
    """The console behind a listening socket; started once it accepts requests."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        listening: socket.socket,
        span_names: SpanNames = SpanNames(),
        contracts: Contracts = Contracts(),
        routing: Callable[[], Routing] = shipped_routing,
        kpis: Mapping[str, Kpi] = NO_KPIS,
        pricing: Pricing = Pricing("EUR", 7),
        close: CloseBook | None = None,
    ) -> None:
        config = uvicorn.Config(
            console_app(store, clock, span_names, contracts, routing, kpis, pricing, close),
            access_log=False,
            log_config=None,
            # Below that, uvicorn tells of every page that opens and closes.
            log_level="warning",
            server_header=False,
            ws="websockets-sansio",
            timeout_graceful_shutdown=_SECONDS_TO_STOP,
        )
        self._server = uvicorn.Server(config)
        self._socket = listening
        self._thread = threading.Thread(target=self._serve, name="console", daemon=True)

    def start(self) -> None:
        """Serves from now on; connections queue in the socket until the first can be answered."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the open pages' connections and the thread."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        # Streamlit's runtime lives on a plain event loop; signals are for the main thread's server to handle.
        asyncio.run(self._server.serve(sockets=[self._socket]))
