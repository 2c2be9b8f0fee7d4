"""A ClickHouse endpoint in a process of its own, for tests that kill it.

`python -m tests.acceptance.clickhouse_process FOLDER PORT [USER PASSWORD]` prints a line once it answers, and ends with
its input.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chdb

from tests.clickhouse_endpoint import ClickHouseEndpoint, serving

_connect: Callable[[str], Any] = chdb.connect


def main(folder: str, port: str, user: str = "default", password: str = "") -> None:
    """Serves until the input ends."""
    # Held open, so that one statement's connection does not start and stop the engine.
    engine = _connect(folder)
    with serving(ClickHouseEndpoint(Path(folder), port=int(port), user=user, password=password)):
        sys.stdout.write("answers\n")
        sys.stdout.flush()
        sys.stdin.read()
    engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
