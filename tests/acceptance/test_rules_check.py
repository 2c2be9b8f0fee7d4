"""Wrong rule files as their authors meet them: what `milepost rules check` says, word by word, and how it ends."""

from pathlib import Path

import pytest

from rules.condition_text import ACCEPTED
from tests.acceptance.program import run_milepost

NEVER_OPEN = """
calendars:
  never:
    time_zone: Europe/Berlin
    hours: {}
periods:
  default: {pattern: months, time_zone: UTC}
"""
HEAD = "groups:\n  - name: mine\n    rules:\n"
MILESTONE = "milestone: {object: order, from: order.approved, to: order.posted, within: 4h}"


def rules_file(folder: Path, *rules: tuple[str, ...]) -> Path:
    """A file with one rule of these lines after another, each rule from line 4 on with its name first."""
    lines = [HEAD]
    for number, rule in enumerate(rules):
        lines.append(f"      - alert: Rule{number}\n")
        lines += [f"        {line}\n" for line in rule]
    path = folder / "mine.yaml"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_every_mistake_is_told_at_once_with_its_place_and_what_is_accepted(tmp_path: Path) -> None:
    path = rules_file(
        tmp_path,
        (MILESTONE.replace("4h", "0s"),),
        (MILESTONE, "severity: [{at: 200%, level: warning}, {at: 100%, level: critical}]"),
        (MILESTONE, "severity: [{at: 100%, level: warning}, {at: 100%, level: critical}]"),
        (MILESTONE, 'where: "amonut > 5"'),
        (MILESTONE, 'where: "sleep(3) = 0"'),
        (MILESTONE, 'where: "amount in (select amount from system.tables)"'),
        (MILESTONE, "where: \"events.source = 'crm'\""),
        (MILESTONE, "calendar: de_busines"),
    )
    ended = run_milepost(tmp_path, "rules", "check", str(path))

    later = "give each step a later share than the one before, such as 100% and then 200%"
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        f'{path}:5:84: rule "Rule0": milestone.within is 0s; give a duration above zero, such as 4h',
        f'{path}:8:19: rule "Rule1": severity: has a step at 100% after one at 200%; {later}',
        f'{path}:11:19: rule "Rule2": severity: has a step at 100% after one at 100%; {later}',
        f'{path}:14:16: rule "Rule3": where: amonut at column 1 is not a column; did you mean amount? '
        f"accepted: {ACCEPTED}",
        f'{path}:17:16: rule "Rule4": where: sleep(3) is not allowed; accepted: {ACCEPTED}',
        f'{path}:20:16: rule "Rule5": where: amount IN (SELECT amount FROM system.tables) is not allowed; '
        f"accepted: {ACCEPTED}",
        f'{path}:23:16: rule "Rule6": where: events.source is not allowed; accepted: {ACCEPTED}',
    ]


def test_an_event_type_that_nobody_knows_is_a_warning_and_with_strict_a_finding(tmp_path: Path) -> None:
    path = rules_file(tmp_path, (MILESTONE.replace("order.posted", "order.postd"),))
    plain = run_milepost(tmp_path, "rules", "check", str(path))
    strict = run_milepost(tmp_path, "rules", "check", "--strict", str(path))

    warning = (
        f'warning: {path}:5:62: rule "Rule0": no contract knows the event type order.postd; '
        "did you mean order.posted or order.approved or order.created?"
    )
    assert (plain.returncode, strict.returncode) == (0, 1)
    assert plain.stdout.splitlines() == strict.stdout.splitlines()
    assert [plain.stdout, plain.stderr] == ["1 rules in 1 files are right, 1 warnings\n", f"{warning}\n"]


def test_a_calendar_without_an_open_hour_is_refused(tmp_path: Path) -> None:
    path = rules_file(tmp_path, (MILESTONE, "calendar: never"))
    (tmp_path / "calendars.yaml").write_text(NEVER_OPEN, encoding="utf-8")
    ended = run_milepost(tmp_path, "rules", "check", str(path), MILEPOST_CONFIG=str(tmp_path))

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        f"{tmp_path / 'calendars.yaml'}:5:12: calendars.never.hours: no hour is open; "
        "give hours such as {mon-fri: ['09:00-17:00']}"
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b"groups: [\n", ":2:1: is not YAML: ", id="a bracket left open"),
        pytest.param(b"groups:\n\t- name: x\n", ":2:1: is not YAML: ", id="a tab"),
        pytest.param(HEAD.encode("utf-16"), "is not UTF-8 text (byte 0)", id="UTF-16"),
        pytest.param(b"groups: \0\n", ":1: is not YAML: ", id="a NUL"),
        pytest.param(b"[" * 5000, "is nested too deeply to read", id="five thousand brackets"),
    ],
)
def test_what_is_no_rule_file_is_told_in_a_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    ended = run_milepost(tmp_path, "rules", "check", str(path))

    [line] = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout) == (2, "")
    assert line.startswith(str(path))
    assert message in line
