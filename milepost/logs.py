"""Log lines: readable text for a terminal, JSON for a log store."""

import json
import logging
import sys
from datetime import UTC, datetime

from milepost.settings import LogFormat

_QUIET = ("httpx", "httpcore", "uvicorn", "opentelemetry", "watchdog")
# Its warnings, one for each time that something takes too long, are told in our words.
_ERRORS_ONLY = ("apscheduler",)
_SILENT = ("clickhouse_connect", "urllib3", "apscheduler.executors")


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
        return json.dumps(entry, ensure_ascii=False)


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # Text from outside may reach a message; line breaks in it must not pass for lines of ours.
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        line = f"{at} {record.levelname.lower()} {message}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


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
