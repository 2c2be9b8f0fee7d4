"""Texts of others on the terminal of whoever runs a command."""

import json

import pytest

from milepost.output import echo, print_json, print_table, problem

# It clears the screen in two ways, writes over its line, and turns the direction of writing.
HOSTILE = "a\x1b[2Jb\x9b2Jc\rd\x07e\u202ef\ud800"
SHOWN = "a�[2Jb�2Jc�d�e�f�"


def test_a_terminal_is_not_commanded_by_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    echo(HOSTILE)
    problem(HOSTILE)
    print_table([{"object": HOSTILE}], ["object"], "none")

    shown = capsys.readouterr()
    assert shown.out == f"{SHOWN}\nobject\n{SHOWN}\n"
    assert shown.err == f"{SHOWN}\n"


def test_line_ends_tabs_and_any_script_stay(capsys: pytest.CaptureFixture[str]) -> None:
    echo("eins\tzwei\n€12.5\u202fK Übersicht 売上")

    assert capsys.readouterr().out == "eins\tzwei\n€12.5\u202fK Übersicht 売上\n"


def test_json_keeps_the_text_in_another_writing(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"object": HOSTILE, "name": "Ü"})

    text = capsys.readouterr().out
    assert json.loads(text) == {"object": HOSTILE, "name": "Ü"}
    assert "Ü" in text
    assert not set("\x1b\x9b\r\x07\u202e\ud800") & set(text)
