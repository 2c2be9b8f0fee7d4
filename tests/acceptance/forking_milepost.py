"""Starts `milepost up`, or one role, again and again without importing it anew: for tests that kill it many times.

Each line of its input is answered by one line: `start FILE [ROLE]` by the process id of a Milepost that writes to the
file, `wait` once the latest one has ended. It has no thread and no store of its own, so that it may fork.
"""

import os
import sys
from pathlib import Path

from milepost.cli import main
from milepost.roles.engine import EngineRole
from milepost.service import Service

# What a start would import when it is needed, which takes it longest.
STARTED = (Service, EngineRole)


def start(file: Path, role: str) -> int:
    """The process id of a new Milepost."""
    pid = os.fork()
    if pid:
        return pid
    output = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for here, there in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(here, there)
    sys.argv = ["milepost", role]
    main()
    os._exit(0)


if __name__ == "__main__":
    latest = 0
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        if command == "start":
            file, _, role = argument.partition(" ")
            latest = start(Path(file), role or "up")
        else:
            os.waitpid(latest, 0)
        sys.stdout.write(f"{latest}\n")
        sys.stdout.flush()
