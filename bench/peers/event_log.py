"""The published log of the comparison with pm4py: a simulated order-to-cash process, 1,266 cases and 8,109 events.

It is test data of pm4py (GPL-3.0), so it is no part of Milepost: BENCH_LOG names a copy, which may be a .gz, else it is
downloaded.
"""

import gzip
import hashlib
import os
from pathlib import Path

import httpx

NAME = "interval_event_log.csv"
_URL = (
    "https://raw.githubusercontent.com/pm4py/pm4py-core/7e6af63a86568ad17c3980e8ec2213d6549a252f/tests/input_data/"
    f"{NAME}"
)
_SHA256 = "cc18dc94ec88182fabb83b2adbb9f8d58041349bb2f3fbb08bb52a5594b23d65"


class NoLog(Exception):
    """The log cannot be had here; the message says why."""


def event_log(folder: Path) -> Path:
    """The log as a CSV file in `folder`; NoLog where there is none or it is another one."""
    named = os.environ.get("BENCH_LOG")
    try:
        content = Path(named).read_bytes() if named else _download()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (OSError, EOFError, httpx.HTTPError) as error:
        raise NoLog(f"{named or _URL} cannot be read: {error}; BENCH_LOG names a copy of the log") from error
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise NoLog(f"{named or _URL} is not the log that was measured before; its SHA-256 must be {_SHA256}")
    path = folder / NAME
    path.write_bytes(content)
    return path


def _download() -> bytes:
    response = httpx.get(_URL, timeout=15, follow_redirects=True)
    response.raise_for_status()
    return response.content
