"""rotel, a collector written in Rust, taking spans and keeping none: how far Milepost, which stores them, is from that.

It is no dependency of Milepost: `make bench` installs it from peers.lock where there is a build of it.
"""

import importlib.util
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_SECONDS = 15


@contextmanager
def rotel_into_nothing() -> Iterator[int | None]:
    """The port on which rotel takes OTLP over HTTP, into its blackhole exporter; None where it is not installed."""
    found = importlib.util.find_spec("rotel")
    if found is None or found.origin is None:
        yield None
        return
    port, grpc_port = _free_port(), _free_port()
    command = [
        str(Path(found.origin).parent / "rotel-agent"), "start", "--exporter", "blackhole",
        "--otlp-http-endpoint", f"127.0.0.1:{port}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc_port}",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _await(port, process)
            yield port
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("rotel did not begin to listen")
