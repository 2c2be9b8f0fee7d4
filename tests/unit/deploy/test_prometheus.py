"""prometheus/: what promtool says of it; every rule names metrics that there are and a section of the runbook."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.deploy.compose_file import ROOT, services

FOLDER = ROOT / "prometheus"
ALERTS = FOLDER / "rules/alerts.yml"
TESTS = FOLDER / "tests/alerts_test.yml"
PROMTOOL = shutil.which("promtool")
METRIC = re.compile(r"(?<![:\w])milepost_\w+")
RECORDED = re.compile(r"\w+:milepost_\w+:\w+")
PART_OF_HISTOGRAM = re.compile(r"_(bucket|sum|count)$")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="prometheus is not installed")


def rules(path: Path) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def promtool(*arguments: str) -> tuple[int, str]:
    answer = subprocess.run(
        [str(PROMTOOL), *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    return answer.returncode, answer.stdout + answer.stderr


@needs_promtool
@pytest.mark.parametrize("name", ["prometheus.yml", "kubernetes.yml"])
def test_prometheus_understands_the_configuration(tmp_path: Path, name: str) -> None:
    token = tmp_path / "token"
    token.write_text("mp_", encoding="utf-8")
    shutil.copytree(FOLDER, tmp_path / "prometheus")
    config = tmp_path / "prometheus" / name
    # promtool looks for the file, which stands in the container alone.
    text = config.read_text(encoding="utf-8")
    assert "/run/tokens/prometheus" in text
    document = yaml.safe_load(text.replace("/run/tokens/prometheus", str(token)))
    for job in document["scrape_configs"]:
        # Debian's promtool is built without Kubernetes' service discovery: that part is Prometheus' word alone.
        job.pop("kubernetes_sd_configs", None)
    config.write_text(yaml.safe_dump(document), encoding="utf-8")

    code, said = promtool("check", "config", "--lint-fatal", str(config))

    assert code == 0, said
    assert said.count("SUCCESS") == 4


@needs_promtool
def test_prometheus_understands_the_rules() -> None:
    code, said = promtool(
        "check", "rules", "--lint-fatal", *[str(path) for path in sorted(ALERTS.parent.glob("*.yml"))]
    )

    assert code == 0, said


@needs_promtool
def test_alerts_fire_when_they_should_and_are_quiet_when_not() -> None:
    code, said = promtool("test", "rules", str(TESTS))

    assert code == 0, said


def test_every_alert_has_a_firing_and_a_quiet_case() -> None:
    cases = [
        (case["alertname"], bool(case["exp_alerts"]))
        for test in yaml.safe_load(TESTS.read_text(encoding="utf-8"))["tests"]
        for case in test["alert_rule_test"]
    ]
    alerts = [rule["alert"] for rule in rules(ALERTS)]

    assert len(alerts) > 20
    assert {alert for alert in alerts if {(alert, True), (alert, False)} - set(cases)} == set()


def test_every_alert_says_what_it_is_how_bad_and_where_to_read_on() -> None:
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs/runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
    alerts = [rule["alert"] for rule in rules(ALERTS)]

    assert headings == alerts
    for rule in rules(ALERTS):
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{rule['alert'].lower()}"
    links = re.findall(r"\]\(#(\w+)\)", (ROOT / "docs/runbook.md").read_text(encoding="utf-8"))
    assert set(links) <= {heading.lower() for heading in headings}


def test_every_metric_in_a_rule_is_one_that_milepost_has() -> None:
    recorded = rules(ALERTS.parent / "recording.yml")
    texts = [rule["expr"] for rule in [*rules(ALERTS), *recorded]]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {PART_OF_HISTOGRAM.sub("", name) for text in texts for name in METRIC.findall(RECORDED.sub("", text))}

    assert len(named) > 15
    # One expression takes these two by their pattern.
    named |= {"milepost_rules_reload_failed", "milepost_routing_reload_failed"}
    assert {name for name in named if f"`{name}`" not in readme} == set()
    assert {name for text in texts for name in RECORDED.findall(text)} <= {rule["record"] for rule in recorded}


def test_on_kubernetes_alerts_reach_an_alertmanager_and_the_token_is_made() -> None:
    text = (FOLDER / "kubernetes.yml").read_text(encoding="utf-8")
    config, readme = yaml.safe_load(text), (ROOT / "README.md").read_text(encoding="utf-8")
    [alertmanager] = config["alerting"]["alertmanagers"]
    [job] = config["scrape_configs"]
    token = Path(job["authorization"]["credentials_file"])

    assert alertmanager == {"static_configs": [{"targets": ["alertmanager.monitoring.svc:9093"]}]}
    assert f"mounted into it at {token.parent}" in text
    [secret] = re.findall(r"Secret\n# (\S+) in", text)
    made = f"create secret generic {secret} --from-file={token.name}=/dev/stdin"
    assert f"milepost tokens create prometheus --scope metrics \\\n  | kubectl -n monitoring {made}" in readme


def test_the_scraped_names_are_services_of_the_compose_file() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    names = [one["names"] for one in config["scrape_configs"][0]["dns_sd_configs"]]

    assert names == [["collector"], ["engine"], ["console"]]
    assert {name for [name] in names} <= set(services())
    targets = re.findall(r'"([\w-]+):\d+"', (FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    assert set(targets) - set(services()) == {"localhost"}
