"""Serves the console: Streamlit's own ASGI app on our pages, in a thread of its own."""

import asyncio
import importlib
import logging
import secrets
import socket
import threading
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
import uvicorn
from starlette.types import ASGIApp
from streamlit import config as streamlit_config
from streamlit.web import bootstrap

from dashboard.entry_page import EntryPage
from dashboard.page_guard import PageGuard
from dashboard.session import ConsoleContext, attach
from dashboard.sign_in import SignIn
from dashboard.sign_in_config import LOOPBACK_NAMES, SignInSetup
from dashboard.sign_in_door import SignInDoor

APP = Path(__file__).parent / "app.py"
# An open page holds a websocket for as long as it is open; a stop does not wait for readers to leave.
_SECONDS_TO_STOP = 1
Wrap = Callable[[ASGIApp], ASGIApp]
_log = logging.getLogger("milepost.console")


def console_app(context: ConsoleContext, setup: SignInSetup | None = None, known_as: str = "") -> ASGIApp:
    """The console on this store as an ASGI app with a lifespan; one per process.

    `known_as` is the name of the machine by which people reach it, where that is not this one's own.
    """
    attach(replace(context, sign_in=SignIn(setup)) if setup else context)
    # Streamlit reads the config.toml beside the main script, and only when told of the script before it reads.
    streamlit_config._main_script_path = str(APP)
    bootstrap.load_config_options(_options(setup, known_as))
    if setup is None:
        app: ASGIApp = st.App(APP, on_script_error=report_error)
        return PageGuard(EntryPage(app))
    _load_authlib()
    # Given so, they stand in no file and in no environment.
    app = st.App(APP, on_script_error=report_error, secrets=setup.streamlit_secrets)
    return SignInDoor(
        PageGuard(EntryPage(app)), context.store, context.clock, is_https=setup.origin.startswith("https:")
    )


def _load_authlib() -> None:
    """Loads what Streamlit signs in with, which calls the one HTTP client that it and we both have outdated."""
    # Which has its own warnings shown always, from when it is loaded.
    importlib.import_module("authlib.deprecate")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("authlib.integrations.starlette_client")


def _options(setup: SignInSetup | None, known_as: str) -> dict[str, Any]:
    """What Streamlit is told beside its config.toml: nobody may say by a header who they are."""
    own = urlsplit(setup.origin).hostname if setup else known_as
    options: dict[str, Any] = {
        "server.trustedUserHeaders": {},
        # A page of anybody's, whose name leads to this machine, would else be let in as if it were ours.
        "server.allowedHosts": [*LOOPBACK_NAMES, *([own] if own else [])],
        "server.enableCORS": True,
    }
    if setup:
        options |= {
            "server.cookieSecret": setup.cookie_secret,
            "server.enableXsrfProtection": True,
            "browser.serverAddress": own,
        }
    return options


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
        context: ConsoleContext,
        listening: socket.socket,
        *,
        sign_in: SignInSetup | None = None,
        known_as: str = "",
        wrap: Wrap | None = None,
    ) -> None:
        """`wrap` puts something before the pages, such as what tells of the process."""
        app = console_app(context, sign_in, known_as)
        config = uvicorn.Config(
            wrap(app) if wrap else app,
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
