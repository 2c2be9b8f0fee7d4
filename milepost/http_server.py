"""Serves one ASGI app from a thread of its own, on a port that is checked before anything else starts."""

import errno
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from domain.errors import MilepostError


def bind(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket; an error names the setting to change when the port is taken. Port 0 takes a free one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise MilepostError(
                f"port {port} on {host} is taken; stop what uses it or set {setting} to another"
            ) from None
        raise MilepostError(f"cannot listen on {host}:{port} ({setting}): {error.strerror or error}") from None
    return listening


def address(listening: socket.socket) -> str:
    """The URL that a listening socket answers at."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class HttpServer:
    """A uvicorn server in a thread; started once it accepts requests, stopped once it answered the last."""

    def __init__(self, app: ASGIApp, listening: socket.socket, name: str) -> None:
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        self._server = uvicorn.Server(config)
        self._socket = listening
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name=name, daemon=True)

    def start(self) -> None:
        """Serves from now on; connections queue in the listening socket until the loop runs."""
        self._thread.start()

    def stop(self) -> None:
        """Answers what is being served, then ends."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
