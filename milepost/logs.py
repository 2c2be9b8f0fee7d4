"""Log lines: readable text for a terminal, JSON for a log store."""

import json
import logging
import re
import sys
import textwrap
from datetime import UTC, datetime

from milepost.settings import LogFormat

_QUIET = ("httpx", "httpcore", "uvicorn", "opentelemetry", "watchdog")
# Its warnings, one for each time that something takes too long, are told in our words.
_ERRORS_ONLY = ("apscheduler",)
_SILENT = ("clickhouse_connect", "urllib3", "apscheduler.executors")
# Control characters, which a terminal obeys or takes for the end of a line, and what turns the direction of writing.
_UNWANTED = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return _UNWANTED.sub(lambda found: json.dumps(found[0])[1:-1], json.dumps(entry, ensure_ascii=False))


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # Text from outside may reach a message; nothing in it must pass for a line of ours.
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = f"{at} {record.levelname.lower()} {_shown(record.getMessage())}"
        if not record.exc_info:
            return line
        trace = "\n".join(map(_shown, self.formatException(record.exc_info).split("\n")))
        return f"{line}\n{textwrap.indent(trace, '  ')}"


def _shown(text: str) -> str:
    """The text on one line, with what should not reach a terminal written as Python writes it."""
    return _UNWANTED.sub(lambda found: ascii(found[0])[1:-1], text)


def configure_logging(form: LogFormat) -> None:
    """Sends all logging to standard error in the form asked for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if form is LogFormat.JSON else _TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # They tell of what fails with a traceback, beside the error that is told in our words.
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in _ERRORS_ONLY:
        logging.getLogger(name).setLevel(logging.ERROR)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
