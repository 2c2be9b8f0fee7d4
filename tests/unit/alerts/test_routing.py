"""The route tree: inheritance, who gets what, and agreement with Alertmanager's own tool."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.config import SHIPPED, load_routing
from alerts.routing import build_route, matching_receivers, parse_labels
from domain.errors import UsageError

AMTOOL = shutil.which("amtool")
TREE = """\
route:
  receiver: default
  group_by: [alertname, legal_entity]
  group_wait: 10s
  routes:
    - receiver: audit
      matchers: [severity=~"crit.*|page"]
      continue: true
      group_by: [...]
    - receiver: finance
      matchers: [team="billing"]
      repeat_interval: 1h
      routes:
        - receiver: emea
          matchers: ['region="EMEA", severity!="info"']
          group_by: [region]
          continue: true
        - matchers: [region!~"EMEA|APAC", region!=""]
          group_wait: 0s
    - receiver: orders
      matchers: ['{team=~"order_.+"}']
      group_by: []
      continue: true
    - receiver: late
      matchers: [object_type=order, severity=]
receivers: [{name: default}, {name: audit}, {name: finance}, {name: emea}, {name: orders}, {name: late}]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    path = tmp_path / "routing.yaml"
    path.write_text(TREE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        pytest.param({}, ["default"], id="what no route takes goes to the first"),
        pytest.param({"team": "billing"}, ["finance"], id="a route takes what its matchers say"),
        pytest.param(
            {"team": "billing", "severity": "critical"}, ["audit", "finance"], id="continue lets the next look"
        ),
        pytest.param({"team": "billing", "region": "EMEA"}, ["emea"], id="the deepest route takes it"),
        pytest.param({"team": "billing", "region": "AMER"}, ["finance"], id="a child inherits the receiver"),
        pytest.param({"severity": "page"}, ["audit"], id="continue alone does not fall back"),
        pytest.param({"team": "order_x", "object_type": "order"}, ["orders", "late"], id="two siblings"),
        pytest.param({"team": "order_"}, ["default"], id="a regex must match the whole value"),
    ],
)
def test_an_alert_goes_to_the_receivers_its_labels_choose(
    tree: Path, labels: dict[str, str], receivers: list[str]
) -> None:
    assert matching_receivers(load_routing(tree), labels) == receivers


def test_a_route_inherits_what_it_leaves_out(tree: Path) -> None:
    routes = {route.id: route for route in build_route(load_routing(tree)).walk()}
    child = routes['{}/{team="billing"}/1/{region!="",region!~"EMEA|APAC"}/1']
    assert (child.receiver, child.group_by) == ("finance", ("alertname", "legal_entity"))
    assert (child.group_wait, child.repeat_interval) == (timedelta(0), timedelta(hours=1))
    assert child.group_interval == timedelta(minutes=5)
    assert child.key == '{}/{team="billing"}/{region!="",region!~"EMEA|APAC"}'


def test_group_labels_are_those_asked_for_that_the_alert_has(tree: Path) -> None:
    labels = {"alertname": "OrderNotPosted", "team": "x"}
    root = build_route(load_routing(tree))
    everything, finance, orders, _ = root.routes
    assert root.group_labels(labels) == {"alertname": "OrderNotPosted"}
    assert everything.group_labels(labels) == labels
    assert finance.routes[0].group_labels(labels) == {}
    assert orders.group_labels(labels) == {}
    assert root.group_key({"alertname": "OrderNotPosted"}) == '{}:{alertname="OrderNotPosted"}'


@pytest.mark.parametrize("argument", ["severity", "severity=~crit.*", "a=b,c=d", ""])
def test_an_argument_that_names_no_label_is_refused(argument: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_labels([argument])
    message = f"{argument!r} is not a label; give NAME=VALUE, such as severity=critical"
    assert str(refused.value) == message


@pytest.mark.skipif(AMTOOL is None, reason="amtool (Debian: prometheus-alertmanager) is not installed")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    labels=st.fixed_dictionaries(
        {},
        optional={
            "team": st.sampled_from(["billing", "order_management", "order_", "x billing"]),
            "severity": st.sampled_from(["info", "critical", "crit", "page", "pager"]),
            "region": st.sampled_from(["EMEA", "APAC", "AMER", "EMEA\\n"]),
            "object_type": st.sampled_from(["order", "invoice"]),
        },
    )
)
def test_amtool_chooses_the_same_receivers(tree: Path, labels: dict[str, str]) -> None:
    config = load_routing(tree)
    arguments = [f'{name}="{value}"' for name, value in labels.items()]
    answer = subprocess.run(
        [str(AMTOOL), "config", "routes", "test", f"--config.file={tree}", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    receivers = matching_receivers(config, parse_labels(arguments))
    assert ",".join(receivers) == answer.stdout.strip()


@pytest.mark.skipif(AMTOOL is None, reason="amtool (Debian: prometheus-alertmanager) is not installed")
def test_amtool_accepts_the_shipped_file_but_for_what_milepost_adds(tmp_path: Path) -> None:
    shipped = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    added = [route.pop("incidents", None) for route in [shipped["route"], *shipped["route"].get("routes", ())]]
    assert any(one is not None for one in added)
    path = tmp_path / "routing.yaml"
    path.write_text(yaml.safe_dump(shipped), encoding="utf-8")
    answer = subprocess.run([str(AMTOOL), "check-config", str(path)], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
