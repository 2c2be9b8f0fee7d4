"""Debian's MariaDB on loopback, in a folder of its own, for as long as a test needs it."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import eventually

USER, PASSWORD = "reader", "p4ss'word \\ of the test"
DATABASE = "billing"


def server_program() -> str | None:
    """MariaDB's server; None where it is not installed."""
    return shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass(frozen=True, slots=True)
class MariadbServer:
    """A running server whose sessions are in UTC until it is told otherwise."""

    folder: Path
    port: int

    def run(self, *statements: str) -> None:
        """Runs statements as the server's root."""
        client = ["mariadb", "--no-defaults", f"--socket={self.folder}/socket", "--user=root"]
        subprocess.run(client, input=";\n".join(statements).encode(), check=True, timeout=60)

    def is_up(self) -> bool:
        """Whether it answers."""
        ping = ["mariadb-admin", "--no-defaults", f"--socket={self.folder}/socket", "--user=root", "ping"]
        return subprocess.run(ping, capture_output=True, timeout=60).returncode == 0


@contextlib.contextmanager
def mariadb(program: str) -> Iterator[MariadbServer]:
    """A server that is stopped at the end."""
    # The server refuses to run as root, and a socket's path must be short.
    account = "mysql" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="milepost-mariadb-"))
    try:
        if account:
            shutil.chown(folder, account)
        data = folder / "data"
        install = [
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
        ]
        subprocess.run([*install, "--skip-test-db"], user=account, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        port = _free_port()
        options = [
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={folder}/socket",
            f"--pid-file={folder}/pid",
            f"--log-error={folder}/log",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            "--default-time-zone=+00:00",
            "--innodb-flush-log-at-trx-commit=0",
        ]
        with subprocess.Popen([program, *options], user=account, cwd=folder) as process:
            try:
                server = MariadbServer(folder, port)
                eventually(server.is_up, "MariaDB answers")
                quoted = PASSWORD.replace("\\", "\\\\").replace("'", "''")
                server.run(
                    f"CREATE DATABASE {DATABASE}",
                    f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{quoted}'",
                    f"GRANT SELECT ON {DATABASE}.* TO {USER}@'127.0.0.1'",
                )
                yield server
            finally:
                process.terminate()
                process.wait(timeout=60)
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
