"""The samples beside definitions: the shipped ones are as expected, and a difference can be read."""

import json
from pathlib import Path

import pytest

from collector.source_definitions import SHIPPED, load_definitions
from collector.source_samples import SampleReport, run_samples
from domain.errors import ConfigError

SHOP = """\
title: A shop
authentication: none
map: {id: event.id, time: event.at}
types: [{type_from: event.kind}]
"""
EVENT = {"id": "1", "source": "shop", "type": "sold", "time": "2026-11-02T09:30:00Z", "objects": []}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a definition and a sample that becomes what is expected."""
    monkeypatch.chdir(tmp_path)
    samples = Path("samples/shop")
    samples.mkdir(parents=True)
    Path("shop.yaml").write_text(SHOP)
    (samples / "sold.json").write_text(json.dumps({"id": 1, "at": "2026-11-02T09:30:00Z", "kind": "sold"}))
    (samples / "sold.expected.json").write_text(json.dumps({"events": [EVENT], "rejected": []}))
    return samples


def run() -> SampleReport:
    return run_samples(load_definitions([Path("shop.yaml")]).values())


def test_the_shipped_samples_become_what_is_expected() -> None:
    report = run_samples(load_definitions([SHIPPED]).values())

    assert report.differences == ()


def test_a_sample_as_expected_is_counted(folder: Path) -> None:
    assert run() == SampleReport(1, ())


def test_a_difference_shows_expected_and_got(folder: Path) -> None:
    (folder / "sold.expected.json").write_text(json.dumps({"events": [{**EVENT, "type": "bought"}], "rejected": []}))

    [difference] = run().differences

    assert difference.startswith(
        f"{folder}/sold.json: does not become what sold.expected.json expects\n--- expected\n+++ got"
    )
    assert '-      "type": "bought"\n+      "type": "sold"' in difference


def test_the_order_of_keys_is_no_difference(folder: Path) -> None:
    (folder / "sold.expected.json").write_text(json.dumps({"rejected": [], "events": [dict(reversed(EVENT.items()))]}))

    assert run().differences == ()


def test_a_sample_without_expectations_shows_what_it_becomes(folder: Path) -> None:
    (folder / "sold.expected.json").unlink()

    [difference] = run().differences

    assert difference.startswith(f"{folder}/sold.json: has no sold.expected.json beside it; it becomes\n{{")


def test_a_definition_without_samples_is_a_difference(folder: Path) -> None:
    (folder / "sold.json").unlink()

    assert run().differences == ("shop.yaml: has no samples; put a payload into samples/shop",)


@pytest.mark.parametrize("name", ["sold.expected.json", "sold.headers.json"])
def test_a_broken_file_beside_a_sample_is_told(folder: Path, name: str) -> None:
    (folder / name).write_text("{")

    with pytest.raises(ConfigError, match=rf"^samples/shop/{name}: is no JSON"):
        run()


def test_a_payload_that_cannot_be_read_is_a_refusal_to_expect(folder: Path) -> None:
    (folder / "broken.json").write_text("{")
    reason = "the body is not JSON: Input data was truncated"
    (folder / "broken.expected.json").write_text(
        json.dumps({"events": [], "rejected": [{"code": "invalid_json", "reason": reason}]})
    )

    assert run() == SampleReport(2, ())
