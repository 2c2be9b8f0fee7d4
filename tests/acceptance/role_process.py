"""The roles as a user runs them: child processes on one ClickHouse endpoint, which is a process of its own as well."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.acceptance.program import MILEPOST, environment, free_port
from tests.waiting import eventually

_URL = re.compile(r"http://[\d.:]+")


@contextmanager
def clickhouse(folder: Path, user: str = "default", password: str = "") -> Iterator[str]:
    """The DSN of an endpoint that answers until the end."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.clickhouse_process", str(folder), str(port), user, password],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "answers\n"
    try:
        yield f"clickhouse://{user}:{password}@127.0.0.1:{port}/milepost"
    finally:
        process.communicate()


def role_settings(folder: Path, dsn: str, **settings: str) -> dict[str, str]:
    """Settings of a role on any free ports."""
    return {
        "MILEPOST_STORE": dsn,
        "MILEPOST_SPOOL": str(folder / "spool"),
        "MILEPOST_PERSONAL_DATA_KEY": "0123456789abcdef",
        "MILEPOST_COLLECTOR_PORT": "0",
        "MILEPOST_GRPC_PORT": "0",
        "MILEPOST_CONSOLE_PORT": "0",
        "MILEPOST_ENGINE_PORT": "0",
        "MILEPOST_TICK": "1s",
        **settings,
    }


def address_in(log: Path, name: str) -> str:
    """The address that a role has written into its log, once it has."""

    def found() -> str:
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return next((_URL.findall(line)[0] for line in lines if line.startswith(f"{name} ")), "")

    return eventually(found, f"{name} says where it listens", 120)


def status(url: str) -> str:
    """What a role says of itself; empty where it does not answer."""
    try:
        answer = httpx.get(f"{url}/readyz", timeout=5)
    except httpx.HTTPError:
        return ""
    return str(answer.json()["status"])


class RoleProcess:
    """`milepost ROLE` as a child; what it prints is in a file."""

    def __init__(self, role: str, folder: Path, settings: Mapping[str, str]) -> None:
        folder.mkdir(exist_ok=True)
        self.role = role
        self.log = folder / "log"
        with self.log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [MILEPOST, role], cwd=folder, env=environment(folder, settings), stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def url(self) -> str:
        """Where it listens."""
        return address_in(self.log, self.role)

    def pause(self) -> None:
        """Stops it where it is."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on."""
        os.kill(self._process.pid, signal.SIGCONT)

    def stop(self) -> int:
        """Ends it as a service manager does; its exit code."""
        self._process.terminate()
        return self._process.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)
