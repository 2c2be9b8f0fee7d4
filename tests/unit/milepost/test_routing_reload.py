"""A routing file that changes under a running program: a right one is taken, a wrong one leaves what runs."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from domain.errors import ConfigError, StoreError
from milepost.routing_reload import RoutingFile
from tests.builders import NOW

LATER = NOW + timedelta(seconds=5)
TEXT = """\
route: {receiver: ops}
receivers:
  - {name: ops, webhook_configs: [{url: 'http://127.0.0.1:9/ops'}]}
  - {name: finance, webhook_configs: [{url: 'http://127.0.0.1:9/finance'}]}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "routing.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def read(path: Path, registry: CollectorRegistry | None = None) -> RoutingFile:
    return RoutingFile(path, "http://127.0.0.1:8501", {}, registry or CollectorRegistry(), NOW)


def test_a_receiver_that_is_as_before_keeps_its_integrations(path: Path) -> None:
    file = read(path)
    before = file.current.integrations
    assert file.changed(LATER) is None
    path.write_text(TEXT.replace("/finance'", "/books'").replace("ops}", "finance}"), encoding="utf-8")
    changed = file.changed(LATER)
    assert changed is not None
    assert changed.routing.route.receiver == "finance"
    assert changed.integrations["ops"][0] is before["ops"][0]
    assert changed.integrations["finance"][0] is not before["finance"][0]
    assert file.changed(LATER) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TEXT.replace("receiver: ops", "receiver: op"), '1:19: receiver "op" is not under receivers; defined there'),
        (
            TEXT.replace("url: 'http://127.0.0.1:9/ops'", "url_file: absent"),
            'receiver "ops": webhook[0]: ',
        ),
    ],
)
def test_a_wrong_file_leaves_what_was_read_and_is_told_of_once(
    path: Path, text: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    registry = CollectorRegistry()
    file = read(path, registry)
    before = file.current
    path.write_text(text, encoding="utf-8")
    with caplog.at_level(logging.ERROR):
        assert file.changed(LATER) is None
        assert file.changed(LATER) is None
    assert file.current is before
    assert registry.get_sample_value("milepost_routing_reload_failed") == 1
    (record,) = caplog.records
    assert "the routing file is wrong, and the one read before goes on" in record.message
    assert problem in record.message
    path.write_text(TEXT, encoding="utf-8")
    assert file.changed(LATER) is None
    assert registry.get_sample_value("milepost_routing_reload_failed") == 0


def test_a_start_with_a_wrong_file_is_refused(path: Path) -> None:
    path.write_text("route: {receiver: ops}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="receivers is missing"):
        read(path)


def test_a_change_waits_until_it_is_written_down(path: Path) -> None:
    file = read(path)
    noted: list[str | None] = []
    file.note_with(lambda _, config: noted.append(config.route.receiver))
    path.write_text(TEXT.replace("receiver: ops", "receiver: finance"), encoding="utf-8")

    def fail(*_: object) -> None:
        raise StoreError("the store is away")

    note, file._note = file._note, fail
    for _ in range(2):
        with pytest.raises(StoreError, match="the store is away"):
            file.changed(LATER)
        assert file.current.routing.route.receiver == "ops"
    file._note = note
    changed = file.changed(LATER)

    assert changed is not None
    assert changed.routing.route.receiver == file.current.routing.route.receiver == "finance"
    assert noted == ["ops", "finance"]
    assert file.changed(LATER) is None
