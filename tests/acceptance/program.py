"""The installed program as a user runs it: a child process with its own store, ports and folder."""

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

MILEPOST = str(Path(sys.executable).parent / "milepost")
_URL = re.compile(r"http://[\d.:]+")


def run_milepost(folder: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """One command to its end."""
    return subprocess.run(
        [MILEPOST, *arguments],
        cwd=folder,
        env=environment(folder, settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: this one's, without settings of our own, and a store in the folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MILEPOST_")}
    return {**kept, "MILEPOST_STORE": f"chdb://{folder / 'store'}", **settings}


class RunningMilepost:
    """`milepost up` as a child; what it prints is kept, its addresses are read from there."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self.folder = folder
        used = {
            "MILEPOST_COLLECTOR_PORT": "0",
            "MILEPOST_GRPC_PORT": "0",
            "MILEPOST_CONSOLE_PORT": "0",
            "MILEPOST_TICK": "1s",
            **settings,
        }
        self._process = subprocess.Popen(
            [MILEPOST, "up", *arguments],
            cwd=folder,
            env=environment(folder, used),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._new: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.console = self._address("console")
        self.collector = self._address("collector")

    def address_of(self, name: str) -> str:
        """An address that the program has printed, or prints soon."""
        for line in self.lines:
            if line.startswith(f"{name} "):
                return str(_URL.findall(line)[0])
        return self._address(name)

    def ask(self, *arguments: str) -> Any:
        """What a command prints as JSON while the program runs."""
        answer = run_milepost(self.folder, *arguments, "--output", "json")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def alerts(self, **params: str) -> list[dict[str, Any]]:
        """The alerts as the running program's API gives them."""
        response = httpx.get(f"{self.collector}/api/alerts", params=params, timeout=30)
        rows: list[dict[str, Any]] = response.json()
        return rows

    def resident_bytes(self) -> int:
        """How much memory it holds just now."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def interrupt(self) -> None:
        """Asks it to end as Ctrl+C does."""
        self._process.send_signal(signal.SIGINT)

    def wait(self, seconds: float) -> None:
        """Returns once it has ended; subprocess.TimeoutExpired when that takes longer."""
        self._process.wait(seconds)

    def kill(self) -> None:
        """Ends the process as a power failure would: no signal handler runs."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.kill()
        self._reader.join(timeout=10)
        if self._process.stdout:
            self._process.stdout.close()

    @property
    def returncode(self) -> int | None:
        """How it ended, once it has."""
        return self._process.poll()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._new.put(line)
        self._new.put(None)

    def _address(self, name: str) -> str:
        deadline = time.monotonic() + 60
        while (rest := deadline - time.monotonic()) > 0:
            line = self._new.get(timeout=rest)
            if line is None:
                raise AssertionError("the program ended: " + "\n".join(self.lines))
            if line.startswith(f"{name} "):
                return str(_URL.findall(line)[0])
        raise AssertionError(f"no {name} address within a minute: " + "\n".join(self.lines))


def free_port() -> int:
    """A port on loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
