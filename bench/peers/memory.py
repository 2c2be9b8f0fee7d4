"""How much memory a process held at the most."""

from pathlib import Path


def most_resident_mib() -> float:
    """The most this process ever held, in MiB.

    From /proc, since what getrusage says of a process begins with what the one that started it held.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
