"""Which routes tell incidents, what bypasses them, and what of an incident is materially more."""

from decimal import Decimal
from pathlib import Path

import pytest

from alerts.config import SHIPPED, load_routing
from alerts.extent import Extent, extent_of
from alerts.placing import Placing
from alerts.routing import Route, build_route
from domain.errors import ConfigError
from tests.builders import alert

INCIDENT = "0" * 32


def route_of(folder: Path, text: str) -> Route:
    path = folder / "routing.yaml"
    path.write_text(f"route:\n{text}\nreceivers: [{{name: ops}}, {{name: finance}}]\n", encoding="utf-8")
    return build_route(load_routing(path))


def keys(route: Route, labels: dict[str, str], told: str = "", incident_id: str = INCIDENT) -> list[str]:
    """The keys of the groups of an alert; where `told` is in a key, its receiver was told there."""
    homes = Placing(route).homes(labels, incident_id, lambda _, key: bool(told) and told in key)
    return sorted(key for _, key in homes)


def test_a_route_inherits_incidents_and_may_switch_them_off(tmp_path: Path) -> None:
    top = route_of(
        tmp_path,
        "  receiver: ops\n  incidents: {bypass: [severity=critical]}\n  routes:\n"
        "    - {matchers: [a=b]}\n    - {matchers: [a=c], incidents: false}\n    - {matchers: [a=d], incidents: true}",
    )
    inherits, is_off, is_whole = top.routes

    assert [one.groups_incidents for one in (top, inherits, is_off, is_whole)] == [True, True, False, True]
    assert inherits.bypasses_incidents({"severity": "critical"})
    assert not is_whole.bypasses_incidents({"severity": "critical"})


def test_without_the_key_nothing_is_an_incident_and_the_shipped_file_has_it(tmp_path: Path) -> None:
    assert not route_of(tmp_path, "  receiver: ops").groups_incidents
    assert build_route(load_routing(SHIPPED)).groups_incidents


def test_what_meets_all_of_one_line_bypasses(tmp_path: Path) -> None:
    route = route_of(
        tmp_path, '  receiver: ops\n  incidents: {bypass: [\'severity="critical", team="a"\', \'region=~"EM.*"\']}'
    )

    assert route.bypasses_incidents({"severity": "critical", "team": "a"})
    assert route.bypasses_incidents({"region": "EMEA"})
    assert not route.bypasses_incidents({"severity": "critical", "team": "b"})
    assert not route.bypasses_incidents({})


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param(
            "incidents: {bypas: []}",
            '3:15: route.incidents: unknown key "bypas"; did you mean "bypass"? accepted: enabled, bypass',
            id="an unknown key",
        ),
        pytest.param(
            "incidents: {}\n  group_by: [incident]",
            "4:13: group_by: is [incident], the label of groups that are incidents; group by other labels",
            id="grouped by the label of incidents",
        ),
    ],
)
def test_a_wrong_key_is_refused_with_its_place(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        route_of(tmp_path, f"  receiver: ops\n  {line}")

    assert str(refused.value) == f"{tmp_path / 'routing.yaml'}:{problem}"


def test_a_label_incident_is_an_ordinary_one_where_nothing_is_an_incident(tmp_path: Path) -> None:
    route = route_of(tmp_path, "  receiver: ops\n  group_by: [incident]")

    assert keys(route, {"incident": "x"}) == ['{}:{incident="x"}']


@pytest.mark.parametrize(
    ("labels", "told", "found"),
    [
        pytest.param({}, "", ["incident"], id="a new one goes to the incident"),
        pytest.param({}, "alertname", ["alertname"], id="one told by its labels stays there"),
        pytest.param({}, "incident", ["incident"], id="one told in the incident stays there"),
        pytest.param({"severity": "critical"}, "", ["alertname"], id="one that bypasses goes by its labels"),
        pytest.param(
            {"severity": "critical"}, "incident", ["alertname", "incident"], id="one told before it bypassed is in both"
        ),
    ],
)
def test_what_was_told_decides_where_an_alert_goes(
    tmp_path: Path, labels: dict[str, str], told: str, found: list[str]
) -> None:
    text = "  receiver: ops\n  group_by: [alertname]\n  incidents: {bypass: [severity=critical]}"
    groups = keys(route_of(tmp_path, text), {"alertname": "A", **labels}, told)

    assert groups == [f'{{}}:{{{name}="{"A" if name == "alertname" else INCIDENT}"}}' for name in found]


def test_an_alert_in_no_incident_goes_by_its_labels(tmp_path: Path) -> None:
    route = route_of(tmp_path, "  receiver: ops\n  group_by: [alertname]\n  incidents: {}")

    assert keys(route, {"alertname": "A"}, incident_id="") == ['{}:{alertname="A"}']


def test_each_receiver_hears_of_an_incident_by_one_key(tmp_path: Path) -> None:
    route = route_of(
        tmp_path,
        "  receiver: ops\n  incidents: {}\n  routes:\n    - {matchers: [a=b], continue: true}\n"
        "    - {matchers: [a=b], receiver: finance, continue: true}\n    - {matchers: [a=b], group_wait: 1h}",
    )

    assert keys(route, {"a": "b"}) == [
        f'{{}}/{{a="b"}}:{{incident="{INCIDENT}"}}',
        f'{{}}/{{a="b"}}:{{incident="{INCIDENT}"}}',
        f'{{}}:{{incident="{INCIDENT}"}}',
    ]


def test_an_extent_counts_objects_once_and_survives_the_log() -> None:
    alerts = [
        alert(object="order/O-1", amount=Decimal("0.10")),
        alert("InvoiceNotIssued", object="order/O-1", amount=Decimal("0.10"), severity="critical"),
        alert(object="order/O-2", amount=Decimal("0.20")),
        alert(object="order/O-3", amount=None),
    ]
    extent = extent_of(alerts)

    assert extent == Extent(3, {"EUR": Decimal("0.30")}, "critical")
    assert Extent.read(extent.write()) == extent
    assert Extent.read("") is None


def test_an_extent_that_is_as_it_was_or_less_is_not_material() -> None:
    told = Extent(4, {"EUR": Decimal(100)}, "warning")

    assert not told.is_material_since(told)
    assert not Extent(1, {}, "info").is_material_since(told)
    assert Extent(8, {}, "info").is_material_since(told)
