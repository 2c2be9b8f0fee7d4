"""Debian's PostgreSQL on loopback, in a folder of its own, for as long as a test needs it."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
USER, PASSWORD = "reader", "p4ss'word \\ of the test"


def programs() -> Path | None:
    """Where PostgreSQL's programs are; None where it is not installed."""
    return next(iter(sorted(DEBIAN.glob("*/bin"), reverse=True)), None)


@dataclass(frozen=True, slots=True)
class PostgresqlServer:
    """A running server whose sessions are in Berlin's time unless they ask for another."""

    bin: Path
    port: int

    def run(self, *statements: str) -> None:
        """Runs statements as its user."""
        commands = [part for statement in statements for part in ("-c", statement)]
        subprocess.run(
            [self.bin / "psql", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "postgres", *commands],
            env={**os.environ, "PGPASSWORD": PASSWORD},
            check=True,
            timeout=60,
        )


@contextlib.contextmanager
def postgresql(bin: Path) -> Iterator[PostgresqlServer]:
    """A server that is stopped at the end."""
    # The server refuses to run as root.
    account = "postgres" if os.geteuid() == 0 else None
    # Not the test's folder, which other accounts may not enter.
    folder = Path(tempfile.mkdtemp(prefix="milepost-postgresql-"))
    try:
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        if account:
            for path in (folder, folder / "password"):
                shutil.chown(path, account)
        port = _free_port()
        data = str(folder / "data")
        initdb: list[str | Path] = [
            bin / "initdb",
            "-D",
            data,
            "-A",
            "scram-sha-256",
            "-U",
            USER,
            f"--pwfile={folder}/password",
        ]
        subprocess.run(
            [*initdb, f"--pwfile={folder}/password", "--no-sync"],
            user=account,
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c timezone=Europe/Berlin -c fsync=off"
        control: list[str | Path] = [bin / "pg_ctl", "-D", data, "-w", "-l", str(folder / "log")]
        start = [*control, "-o", options, "start"]
        subprocess.run(start, user=account, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        try:
            yield PostgresqlServer(bin, port)
        finally:
            stop = [*control, "-m", "fast", "stop"]
            subprocess.run(stop, user=account, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
