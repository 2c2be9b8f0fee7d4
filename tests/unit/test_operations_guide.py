"""What the guides tell people to run is there, and the unit that they install is whole."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main

from bench.__main__ import BENCHMARKS
from milepost.cli import app
from milepost.settings import PREFIX, Settings
from tests.unit.test_conventions import ROOT

GUIDES = sorted((ROOT / "docs").glob("*.md"))
UNIT = ROOT / "deploy/systemd/milepost.service"
SCRIPT = ROOT / "deploy/systemd/milepost.sh"
COMMANDS = typer.main.get_command(app)
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")


def unknown_commands(text: str) -> list[str]:
    """The commands that a text tells people to run and that there are not, with their options."""
    # In a sentence as `milepost …`, in a block at the beginning of a line, perhaps behind a setting.
    asked = re.findall(r"(?:`|^(?:[A-Z_]+=\S+ )?)milepost ([^`\n]+)", text, re.MULTILINE)
    return [f"milepost {words}" for words in asked if not _is_known(words.split())]


def _is_known(words: list[str]) -> bool:
    command: Any = COMMANDS
    for word in words:
        within = getattr(command, "commands", None)
        if within is None:
            break
        if word not in within:
            return False
        command = within[word]
    options = {name for one in command.params for name in one.opts}
    return all(word in options for word in words if word.startswith("--"))


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_every_command_of_a_guide_exists(path: Path) -> None:
    assert unknown_commands(path.read_text(encoding="utf-8")) == []


def test_a_command_that_there_is_not_is_found() -> None:
    text = "Run `milepost hops list --nothing`, `milepost alerts vanish` or\nmilepost fly\nand `milepost up`."

    assert unknown_commands(text) == ["milepost hops list --nothing", "milepost alerts vanish", "milepost fly"]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_every_file_setting_metric_and_benchmark_of_a_guide_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    files = re.findall(r"\b((?:deploy|tests|storage)/[\w/.-]+\.\w+)", text)
    links = [target for target in re.findall(r"\]\(([^)#]+)", text) if not target.startswith("http")]
    settings = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}

    assert [name for name in files if not (ROOT / name).exists()] == []
    assert [link for link in links if not (path.parent / link).exists()] == []
    assert set(re.findall(r"MILEPOST_[A-Z_]+[A-Z]", text)) - settings == set()
    # All metrics that there are stand in the README, which another test holds.
    described = set(re.findall(r"milepost_\w+", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert set(re.findall(r"`(milepost_\w+_(?:total|seconds|bytes))", text)) - described == set()
    assert set(re.findall(r"python -m bench (\w+)", text)) - BENCHMARKS.keys() == set()


def test_there_are_guides() -> None:
    assert {"operations.md", "capacity.md"} <= {path.name for path in GUIDES}


def unit_lines() -> list[tuple[str, str]]:
    """Every setting of the unit's service, in order; a list such as SystemCallFilter stands several times."""
    service = UNIT.read_text(encoding="utf-8").partition("[Service]")[2].partition("[Install]")[0]
    lines = [line.partition("=") for line in service.splitlines() if "=" in line and not line.startswith("#")]
    return [(name, value) for name, _, value in lines]


def test_the_unit_starts_the_program_as_a_user_of_its_own() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    service = unit["Service"]

    assert service["ExecStart"] == "/opt/milepost/.venv/bin/milepost up"
    assert (service["User"], service["ProtectSystem"], service["NoNewPrivileges"]) == ("milepost", "strict", "yes")
    named = set(re.findall(r"(MILEPOST_[A-Z_]+)=", service["Environment"]))
    assert named <= {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}


def test_a_command_runs_as_the_unit_runs_the_program(tmp_path: Path) -> None:
    unit = unit_lines()
    options, program = started_by_the_script(tmp_path, "backup", "/var/backups/of today")

    assert program == [dict(unit)["ExecStart"].split()[0], "backup", "/var/backups/of today"]
    assert {f"--uid={dict(unit)['User']}", f"--gid={dict(unit)['Group']}"} <= set(options)
    assert f"--working-directory={dict(unit)['WorkingDirectory']}" in options
    kept = {f"--property={name}={value}" for name, value in unit if name in ("EnvironmentFile", "UMask")}
    assert {option for option in options if option.startswith("--property=")} == kept
    settings = {f"--setenv={one}" for one in dict(unit)["Environment"].split()}
    # What the program logs is for a collector of logs; a person reads a command's.
    assert {option for option in options if option.startswith("--setenv=")} == settings - {"--setenv=MILEPOST_LOG=json"}


@needs_systemd
def test_systemd_run_knows_every_option_of_the_script(tmp_path: Path) -> None:
    options, _ = started_by_the_script(tmp_path)
    known = subprocess.run(["systemd-run", "--help"], capture_output=True, text=True, timeout=60, check=True).stdout

    assert {option.partition("=")[0] for option in options} - set(re.findall(r"--[\w-]+", known)) == set()


def started_by_the_script(folder: Path, *arguments: str) -> tuple[list[str], list[str]]:
    """The options that systemd-run is given, and the program with its arguments."""
    stand_in = folder / "systemd-run"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    stand_in.chmod(0o755)
    answer = subprocess.run(
        ["sh", str(SCRIPT), *arguments],
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    given = answer.stdout.splitlines()
    begin = next(place for place, one in enumerate(given) if not one.startswith("--"))
    return given[:begin], given[begin:]


def test_the_guide_installs_the_script_that_its_commands_are() -> None:
    guide = (ROOT / "docs/operations.md").read_text(encoding="utf-8")

    assert f"install -m 0755 {SCRIPT.relative_to(ROOT)} /usr/local/sbin/milepost\n" in guide
    # One that was given a setting in front would be given it in vain: systemd-run passes none on.
    assert re.findall(r"^[A-Z_]+=\S+ milepost .*", guide, re.MULTILINE) == []


def test_a_system_call_that_is_filtered_is_refused_and_does_not_end_the_program() -> None:
    """OpenBLAS asks for mbind and chDB for sched_setaffinity and setpriority: both go on without them."""
    service = unit_lines()

    assert [value for name, value in service if name == "SystemCallFilter"] == [
        "@system-service",
        "~@privileged @resources",
    ]
    assert [value for name, value in service if name == "SystemCallErrorNumber"] == ["EPERM"]


@needs_systemd
def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    answer = analyze("verify", runnable(tmp_path))

    assert (answer.returncode, answer.stderr) == (0, "")


@needs_systemd
def test_the_unit_exposes_no_more_than_the_guide_states(tmp_path: Path) -> None:
    answer = analyze("security", "--offline=true", "--no-pager", runnable(tmp_path))
    [stated] = re.findall(
        r"`systemd-analyze security milepost` finds no more than at the installation \(([\d.]+), \"OK\",",
        (ROOT / "docs/operations.md").read_text(encoding="utf-8"),
    )

    # Not the same: what a setting weighs changes with systemd's version.
    [found] = re.findall(r"Overall exposure level for [\w.]+: ([\d.]+) OK", answer.stdout)
    assert float(found) <= float(stated)


def runnable(folder: Path) -> Path:
    """The unit with a program that there is on this machine."""
    copy = folder / UNIT.name
    copy.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/milepost/.venv/bin/milepost", "/bin/true"))
    return copy


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(ANALYZE), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
