"""The program where the kernel refuses what the unit filters: nothing in it may need those calls."""

import platform
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.program import MILEPOST, environment

ANALYZE = shutil.which("systemd-analyze")
UNIT = (Path(__file__).parents[2] / "deploy/systemd/milepost.service").read_text(encoding="utf-8")
pytestmark = [
    pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the calls' numbers here are those of x86_64"),
]
# arch/x86/entry/syscalls/syscall_64.tbl; `nice` has none there.
NUMBERS = {
    "mbind": 237,
    "set_mempolicy": 238,
    "migrate_pages": 256,
    "move_pages": 279,
    "set_mempolicy_home_node": 450,
    "setpriority": 141,
    "ioprio_set": 251,
    "setrlimit": 160,
    "sched_setaffinity": 203,
    "sched_setattr": 314,
    "sched_setparam": 142,
    "sched_setscheduler": 144,
    "chroot": 161,
    "capset": 126,
    "setuid": 105,
    "setgid": 106,
    "setgroups": 116,
    "setresuid": 117,
    "setresgid": 119,
    "setreuid": 113,
}
EPERM, KILL = 0x00050001, 0x80000000
# A filter of the kernel's own kind, put before the program that is given: it loads the number of a call, compares it
# with each of the list, and allows what is not in it. https://docs.kernel.org/userspace-api/seccomp_filter.html
FILTERED = """
import ctypes, os, struct, sys
action, numbers = int(sys.argv[1]), [int(one) for one in sys.argv[2].split(",")]
lines = [(0x20, 0, 0, 0)]
lines += [(0x15, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
lines += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, action)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(code)))
kernel = ctypes.CDLL(None, use_errno=True)
if kernel.prctl(38, 1, 0, 0, 0) or kernel.prctl(22, 2, program, 0, 0):
    sys.exit(f"no filter: {os.strerror(ctypes.get_errno())}")
os.execv(sys.argv[3], sys.argv[3:])
"""


def filtered_calls() -> set[str]:
    """The names of the calls that the unit takes away again, of those that it allowed."""
    [sets] = re.findall(r"^SystemCallFilter=~(.+)$", UNIT, re.MULTILINE)
    answer = subprocess.run(
        [str(ANALYZE), "syscall-filter", "--no-pager", *sets.split()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(re.findall(r"^    (\w+)$", answer.stdout, re.MULTILINE))


def migrated(folder: Path, action: int) -> "subprocess.CompletedProcess[str]":
    """`milepost migrate` on a new store behind the filter: it begins the engine and makes every table."""
    numbers = ",".join(str(number) for name, number in NUMBERS.items() if name in filtered_calls())
    return subprocess.run(
        [sys.executable, "-c", FILTERED, str(action), numbers, MILEPOST, "migrate"],
        cwd=folder,
        env=environment(folder, {}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_calls_that_a_program_of_numbers_makes_are_among_the_filtered() -> None:
    assert {"mbind", "sched_setaffinity", "setpriority", "setuid"} <= filtered_calls() & NUMBERS.keys()


def test_the_program_does_without_the_calls_that_the_unit_refuses(tmp_path: Path) -> None:
    assert "SystemCallErrorNumber=EPERM" in UNIT

    answer = migrated(tmp_path, EPERM)

    assert (answer.returncode, answer.stderr) == (0, "")


def test_it_makes_some_of_them_so_that_a_filter_that_kills_would_end_it(tmp_path: Path) -> None:
    assert migrated(tmp_path, KILL).returncode == -signal.SIGSYS
