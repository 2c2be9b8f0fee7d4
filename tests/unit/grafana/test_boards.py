"""The boards as Grafana reads them: what is kept is what is made, and all that they name is there."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.server import APP
from grafana.__main__ import ALERTS, DASHBOARDS, HERE, differing, rendered
from grafana.sources import QUERIES, statement

ROOT = HERE.parent
PROMTOOL = shutil.which("promtool")
METRIC = re.compile(r"\bmilepost_\w+")
# What Prometheus makes of a histogram.
PART_OF_HISTOGRAM = re.compile(r"_(bucket|sum|count)$")


@cache
def kept() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS.glob("*.json")}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for uid, board in kept().items():
        for panel in board["panels"]:
            if panel["type"] != "row":
                yield uid, panel


def expressions() -> list[str]:
    shown = [target["expr"] for _, panel in panels() for target in panel["targets"] if "expr" in target]
    [group] = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return shown + [rule["data"][0]["model"]["expr"] for rule in group["rules"]]


def test_the_files_are_what_is_made() -> None:
    assert differing(rendered()) == []


def test_a_board_that_was_changed_by_hand_is_found(tmp_path: Path) -> None:
    [path, *_] = sorted(DASHBOARDS.glob("*.json"))
    assert differing({**rendered(), path: "{}\n"}) == [path]
    assert differing({name: text for name, text in rendered().items() if name != path}) == [path]


def test_boards_have_ids_that_stay_and_say_what_they_show() -> None:
    assert {uid: (board["uid"], board["schemaVersion"]) for uid, board in kept().items()} == {
        uid: (uid, 39) for uid in kept()
    }
    mute = [(uid, panel.get("title")) for uid, panel in panels() if not (panel["title"] and panel["description"])]
    assert mute == []
    for uid, board in kept().items():
        ids = [panel["id"] for panel in board["panels"]]
        assert sorted(ids) == sorted(set(ids)), uid


def test_boards_read_from_the_provisioned_sources_only() -> None:
    path = HERE / "provisioning/datasources/milepost.yaml"
    provisioned = {
        (source["type"], source["uid"]) for source in yaml.safe_load(path.read_text(encoding="utf-8"))["datasources"]
    }
    named = {(one["datasource"]["type"], one["datasource"]["uid"]) for _, panel in panels() for one in panel["targets"]}
    assert named == provisioned


def test_every_statement_is_on_a_board() -> None:
    texts = {target["rawSql"] for _, panel in panels() for target in panel["targets"] if "rawSql" in target}
    texts |= {
        one["query"]["rawSql"]
        for board in kept().values()
        for one in board["templating"]["list"]
        if one["type"] == "query"
    }
    assert {path.stem: statement(path.stem) in texts for path in QUERIES.glob("*.sql")} == {
        path.stem: True for path in QUERIES.glob("*.sql")
    }


def test_every_metric_is_one_that_the_readme_lists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {PART_OF_HISTOGRAM.sub("", name) for text in expressions() for name in METRIC.findall(text)}
    assert {name for name in named if f"`{name}`" not in readme} == set()


def test_boards_lead_to_each_other_and_to_pages_that_the_console_has() -> None:
    linked = {link["url"].removeprefix("/d/") for board in kept().values() for link in board["links"]}
    assert linked == set(kept())
    pages = set(re.findall(r"\$\{console\}/(\w+)", json.dumps(kept())))
    assert pages
    assert {page for page in pages if f'url_path="{page}"' not in APP.read_text(encoding="utf-8")} == set()


@pytest.mark.skipif(PROMTOOL is None, reason="prometheus is not installed")
def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    rules = [{"record": f"a{number}", "expr": text} for number, text in enumerate(expressions())]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "boards", "rules": rules}]}), encoding="utf-8")
    checked = subprocess.run(
        [str(PROMTOOL), "check", "rules", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
