"""The escalation and digest parts of a routing file: what is read, and every way they can be wrong."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from alerts.config import load_routing
from alerts.routing import build_route, matching_receivers
from domain.errors import ConfigError

AMTOOL = shutil.which("amtool")
VALID = """\
route:
  receiver: ops
  escalation: o2c
  routes:
    - {matchers: [team=a], escalation: other, routes: [{matchers: [team=b]}, {matchers: [team=c], escalation: none}]}
receivers: [{name: ops}, {name: ana}, {name: pager, pagerduty_configs: [{routing_key_env: KEY}]}]
time_intervals: [{name: office, time_intervals: [{weekdays: [monday]}]}]
escalation:
  members: [{name: ana, receivers: [ana]}]
  rotations:
    - name: first
      time_zone: Europe/Berlin
      starts_on: 2026-11-02
      handover: "09:00"
      length: 12h
      members: [ana]
      active_time_intervals: [office]
      overrides:
        - {member: ana, from: 2026-12-01T00:00:00Z, until: 2026-12-02T00:00:00Z}
        - {member: ana, from: 2026-12-02T00:00:00Z, until: 2026-12-03T00:00:00Z}
  policies:
    - name: o2c
      repeat: 1
      steps: [{after: 15m, rotations: [first]}, {after: 1h, receivers: [ops]}]
    - {name: other, steps: [{after: 0s, receivers: [ana]}]}
digest:
  - {name: daily, at: "07:30", time_zone: Europe/Berlin, receivers: [ops], active_time_intervals: [office]}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "routing.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_policy_is_inherited_changed_and_taken_away(tmp_path: Path) -> None:
    routes = list(build_route(load_routing(written(tmp_path, VALID))).walk())

    assert [route.escalation for route in routes] == ["o2c", "other", "other", ""]


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        pytest.param(
            "escalation: o2c",
            "escalation: c2o",
            ['3:15: escalation policy "c2o" is not under escalation.policies; defined there: o2c, other'],
            id="a policy there is not",
        ),
        pytest.param(
            "repeat: 1",
            "repeats: 1",
            [
                '23:7: escalation policy "o2c": unknown key "repeats"; did you mean "repeat"? accepted: name, steps, '
                "repeat, repeat_after, acknowledgement_timeout"
            ],
            id="an unknown key",
        ),
        pytest.param(
            "receivers: [ana]}]\n  rotations",
            "receivers: [anna]}]\n  rotations",
            ['9:37: receiver "anna" is not under receivers; defined there: ana, ops, pager'],
            id="a member without a receiver there is",
        ),
        pytest.param(
            "members: [ana]",
            "members: [ben]",
            ['16:17: member "ben" is not under members; defined there: ana'],
            id="a member there is not",
        ),
        pytest.param(
            "rotations: [first]",
            "rotations: [second]",
            ['24:40: rotation "second" is not under rotations; defined there: first'],
            id="a rotation there is not",
        ),
        pytest.param(
            "from: 2026-12-02T00",
            "from: 2026-12-01T23",
            [
                "20:31: from is 2026-12-01T23:00:00Z, before the end of the override above it at 2026-12-02T00:00:00Z; "
                "give overrides in order, none beginning before the last one ends"
            ],
            id="overrides that overlap",
        ),
        pytest.param(
            ", until: 2026-12-03T00:00:00Z}",
            "}",
            ['20:11: rotation "first": overrides[1].until is missing'],
            id="an override without an end",
        ),
        pytest.param(
            "until: 2026-12-03T00:00:00Z",
            "until: 2026-12-02T00:00:00Z",
            [
                '20:11: rotation "first": overrides[1]: from is 2026-12-02T00:00:00Z, not before until; give an end '
                "that is later than the start"
            ],
            id="an override that ends before it begins",
        ),
        pytest.param(
            "length: 12h",
            "length: 90m",
            [
                '15:15: rotation "first": length is not in whole hours; give daily, weekly or a duration such as 12h '
                "or 3d"
            ],
            id="a length that is not in whole hours",
        ),
        pytest.param(
            "time_zone: Europe/Berlin\n",
            "time_zone: Berlin\n",
            ['12:18: rotation "first": time_zone is not a time zone; give a name such as Europe/Berlin or UTC'],
            id="no time zone",
        ),
        pytest.param(
            "starts_on: 2026-11-02",
            "starts_on: monday",
            ['13:18: rotation "first": starts_on is "monday"; give a day such as 2026-11-02'],
            id="no day",
        ),
        pytest.param(
            "{after: 15m, rotations: [first]}",
            "{after: 15m}",
            ['24:15: escalation policy "o2c": steps[0] is told to nobody; give receivers, rotations or both'],
            id="a step for nobody",
        ),
        pytest.param(
            "after: 15m",
            "after: 0s",
            [
                '22:7: escalation policy "o2c": repeat_after is missing: the first step is reached at once, so say how '
                "long after the last one it is repeated, such as 30m"
            ],
            id="a repeat without a pause",
        ),
        pytest.param(
            "name: other",
            "name: none",
            [
                '25:14: escalation policy "none": name is "none", by which a route says that it has no policy; give '
                "another name"
            ],
            id="a policy called none",
        ),
        pytest.param(
            "receivers: [ops], active",
            "receivers: [pager], active",
            [
                '27:70: receiver "pager" has pagerduty, which would take a digest for an alert; give one that has '
                "webhook, slack, msteamsv2, email or apprise"
            ],
            id="a digest to a pager",
        ),
        pytest.param(
            'at: "07:30"',
            'at: "24:00"',
            ['27:23: digest "daily": at is 24:00; give a time of day before it, such as 00:00'],
            id="a digest at the day's end",
        ),
        pytest.param(
            "active_time_intervals: [office]}",
            "active_time_intervals: [weekend]}",
            ['27:100: time interval "weekend" is not under time_intervals; defined there: office'],
            id="a time interval there is not",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_every_place(tmp_path: Path, old: str, new: str, problems: list[str]) -> None:
    assert old in VALID
    path = written(tmp_path, VALID.replace(old, new, 1))
    with pytest.raises(ConfigError) as refused:
        load_routing(path)
    assert str(refused.value).splitlines() == [f"{path}:{problem}" for problem in problems]


def test_the_readmes_policies_and_digests_are_read(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    example = readme.partition("### Escalation")[2].partition("```yaml\n")[2].partition("```")[0]
    config = load_routing(written(tmp_path, example))

    assert [policy.name for policy in config.escalation.policies] == ["order_to_cash"]
    assert [digest.name for digest in config.digest] == ["finance_daily"]


def without_ours(text: str) -> str:
    """The file without what Alertmanager does not have."""
    document = yaml.safe_load(text)
    del document["escalation"], document["digest"]
    routes = [document["route"]]
    while routes:
        route = routes.pop()
        route.pop("escalation", None)
        routes += route.get("routes", ())
    return yaml.safe_dump(document)


@pytest.mark.skipif(AMTOOL is None, reason="amtool (Debian: prometheus-alertmanager) is not installed")
@pytest.mark.parametrize("label", ["team=a", "team=b", "team=c", "team=d"])
def test_amtool_refuses_our_keys_and_chooses_the_same_receivers_without_them(tmp_path: Path, label: str) -> None:
    ours = VALID.replace("[team=b]", "[team=b], receiver: ana").replace(
        ", pagerduty_configs: [{routing_key_env: KEY}]", ""
    )
    (tmp_path / "shared.yaml").write_text(without_ours(ours), encoding="utf-8")

    def asked(path: Path) -> "subprocess.CompletedProcess[str]":
        command = [str(AMTOOL), "config", "routes", "test", f"--config.file={path}", label]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    name, _, value = label.partition("=")
    path = written(tmp_path, ours)
    assert asked(path).returncode != 0
    assert asked(tmp_path / "shared.yaml").stdout.strip() == ",".join(
        matching_receivers(load_routing(path), {name: value})
    )
