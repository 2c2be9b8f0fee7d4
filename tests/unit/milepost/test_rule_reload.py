"""Rule files that change under a running program: right ones are taken, wrong ones leave what runs."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.contract import Contracts
from domain.errors import ConfigError
from milepost.rule_reload import RuleFiles
from milepost.settings import Settings
from tests.builders import NOW

LATER = NOW + timedelta(seconds=5)
RULE = """\
groups:
  - name: order_to_bill
    rules:
      - alert: OrderNotPosted
        milestone: {object: order, from: order.approved, to: order.posted, within: 4h}
"""


CALENDARS = """\
calendars:
  plain:
    time_zone: UTC
    hours: {mon-fri: ["09:00-17:00"]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "orders.yaml").write_text(RULE, encoding="utf-8")
    return tmp_path


def read(folder: Path, registry: CollectorRegistry | None = None) -> RuleFiles:
    return RuleFiles(Settings(config=folder), Contracts(), {}, registry or CollectorRegistry(), NOW)


def test_files_that_did_not_change_are_not_read_again(folder: Path) -> None:
    files = read(folder)
    assert [rule.name for rule in files.rules] == ["OrderNotPosted"]
    (folder / "rules" / "orders.yaml").write_text(RULE, encoding="utf-8")
    assert files.changed(LATER) is None


def test_a_changed_file_a_new_one_and_one_that_is_gone_are_taken(folder: Path) -> None:
    files = read(folder)
    before = files.rules[0].version
    (folder / "rules" / "orders.yaml").write_text(RULE.replace("4h", "2h"), encoding="utf-8")
    edited = files.changed(LATER)
    assert edited is not None
    assert edited[0].version != before
    second = folder / "rules" / "more.yaml"
    second.write_text(RULE.replace("OrderNotPosted", "Other"), encoding="utf-8")
    both = files.changed(LATER)
    assert both is not None
    assert sorted(rule.name for rule in both) == ["OrderNotPosted", "Other"]
    second.unlink()
    assert [rule.name for rule in files.changed(LATER) or ()] == ["OrderNotPosted"]
    assert files.changed(LATER) is None


def test_calendars_are_part_of_the_rules(folder: Path) -> None:
    files = read(folder)
    (folder / "calendars.yaml").write_text(CALENDARS, encoding="utf-8")
    assert files.changed(LATER) is not None


def test_wrong_files_are_refused_once_and_shown_until_they_are_right(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry = CollectorRegistry()
    files, path = read(folder, registry), folder / "rules" / "orders.yaml"
    path.write_text(RULE.replace("4h", "0s"), encoding="utf-8")

    with caplog.at_level(logging.ERROR):
        assert files.changed(LATER) is None
        assert files.changed(LATER + timedelta(seconds=5)) is None

    problem = f'{path}:5:84: rule "OrderNotPosted": milestone.within is 0s; give a duration above zero, such as 4h'
    assert [record.getMessage() for record in caplog.records] == [
        f"the rule files are wrong, and the rules read before go on:\n{problem}"
    ]
    refused = files.row
    assert refused == {"since": "2026-11-02T12:00:05Z", "problems": [problem]}
    assert registry.get_sample_value("milepost_rules_reload_failed") == 1
    assert registry.get_sample_value("milepost_rules_loaded_timestamp_seconds") == NOW.timestamp()
    path.write_text(RULE, encoding="utf-8")
    assert files.changed(LATER) is None
    assert registry.get_sample_value("milepost_rules_reload_failed") == 0
    path.write_text(RULE.replace("4h", "3h"), encoding="utf-8")
    assert files.changed(LATER) is not None
    assert registry.get_sample_value("milepost_rules_loaded_timestamp_seconds") == LATER.timestamp()


def test_a_folder_that_is_emptied_is_refused_like_any_wrong_file(folder: Path) -> None:
    files = read(folder)
    (folder / "rules" / "orders.yaml").unlink()
    assert files.changed(LATER) is None
    assert files.row is not None
    assert files.row["problems"] == [f"{folder / 'rules'}: holds no rule files (*.yaml)"]


def test_a_start_with_wrong_files_is_refused(folder: Path) -> None:
    (folder / "rules" / "orders.yaml").write_text("groups: 1", encoding="utf-8")
    with pytest.raises(ConfigError):
        read(folder)
