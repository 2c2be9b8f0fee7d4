"""Texts of others in log lines."""

import json
import logging
import sys

import pytest

from milepost.logs import configure_logging
from milepost.settings import LogFormat

FORGED = "order\n2026-11-30T00:00:00Z info audit 5:ab token.create of root\x1b[2J\x9b2J\u2028\u202e"


@pytest.fixture
def told(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> str:
    """What a warning and a failure with that text are logged as."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    # What else configuring says is for the program alone.
    root.handlers = []
    try:
        configure_logging(request.param)
        logging.getLogger("milepost").warning("refused: %s", FORGED)
        try:
            raise ValueError(FORGED)
        except ValueError:
            logging.getLogger("milepost").error("failed", exc_info=sys.exc_info())
    finally:
        root.handlers, root.level = before, level
    return capsys.readouterr().err


@pytest.mark.parametrize("told", [LogFormat.TEXT], indirect=True)
def test_no_text_passes_for_a_line_of_ours_or_commands_a_terminal(told: str) -> None:
    first, second, *trace = told.splitlines()

    assert first.endswith(
        "warning refused: order\\n2026-11-30T00:00:00Z info audit 5:ab token.create of root"
        "\\x1b[2J\\x9b2J\\u2028\\u202e"
    )
    assert second.endswith(" error failed")
    assert trace[-1].startswith("  2026-11-30T00:00:00Z info audit")
    assert all(line.startswith("  ") for line in trace)
    assert not set("\x1b\x9b\u2028\u202e") & set(told)


@pytest.mark.parametrize("told", [LogFormat.JSON], indirect=True)
def test_a_log_store_gets_the_text_as_it_was_and_no_terminal_obeys_it(told: str) -> None:
    first, second = told.splitlines()

    assert json.loads(first)["message"] == f"refused: {FORGED}"
    assert FORGED in json.loads(second)["exception"]
    assert not set("\x1b\x9b\u2028\u202e") & set(told)
