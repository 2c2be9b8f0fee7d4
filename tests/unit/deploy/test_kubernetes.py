"""deploy/kubernetes: what Kubernetes' own schemas allow, and nothing that Milepost does not have."""

import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from pydantic import ByteSize, TypeAdapter

from alerts.config import load_routing
from collector.spool import SEGMENT_BYTES
from dashboard.sign_in_config import load_sign_in
from milepost.settings import PREFIX, Settings
from tests.unit.deploy.compose_file import ROOT

FOLDER = ROOT / "deploy/kubernetes"
SCHEMA = json.loads((ROOT / "tests/testdata/schemas/kubernetes-1.35.json").read_text(encoding="utf-8"))
ROLES = {"collector": {"http": 4318, "grpc": 4317}, "engine": {"http": 4319}, "console": {"http": 8501}}
Object = dict[str, Any]


@cache
def kustomization() -> Object:
    read: Object = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    return read


@cache
def objects() -> list[Object]:
    files = [(FOLDER / name).read_text(encoding="utf-8") for name in kustomization()["resources"]]
    return [one for text in files for one in yaml.safe_load_all(text)]


def found(kind: str, name: str) -> Object:
    [one] = [one for one in objects() if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return one


def templates() -> Iterator[tuple[str, Object]]:
    """Name and pod template of everything that runs."""
    for one in objects():
        if one["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield one["metadata"]["name"], one["spec"]["template"]


def definition(one: Object) -> str:
    """The schema's name for an object of this kind."""

    def says(properties: Object, field: str) -> bool:
        return bool(properties.get(field, {}).get("enum") == [one[field]])

    [name] = [
        name
        for name, schema in SCHEMA["$defs"].items()
        if says(schema.get("properties", {}), "kind") and says(schema["properties"], "apiVersion")
    ]
    return str(name)


def complaints(one: Object) -> list[str]:
    schema = {**SCHEMA, "$ref": f"#/$defs/{definition(one)}"}
    return [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(one)]


def settings() -> dict[str, str]:
    data: dict[str, str] = found("ConfigMap", "milepost-settings")["data"]
    return data


def test_kubernetes_allows_every_object() -> None:
    wrong = {f"{one['kind']}/{one['metadata']['name']}": complaints(one) for one in objects()}

    assert len(wrong) == len(objects()) > 15
    assert {name: errors for name, errors in wrong.items() if errors} == {}


def test_the_schema_is_held_against_the_objects() -> None:
    engine = found("Deployment", "engine")

    assert complaints({**engine, "spec": {**engine["spec"], "replica": 2}}) == [
        "Additional properties are not allowed ('replica' was unexpected)"
    ]


def test_every_file_is_in_the_kustomization() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}

    assert set(kustomization()["resources"]) == files
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [image] = kustomization()["images"]
    assert (image["name"], image["newTag"]) == ("milepost", project["project"]["version"])
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    # Without a registry of its own `milepost` is an image of Docker's hub.
    assert f"docker build -t {image['newName']}:{image['newTag']} ." in readme
    assert image["newName"].partition("/")[0].endswith(".example.com")


def test_every_variable_is_a_setting_and_every_port_its_default() -> None:
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    given = set(settings())
    defaults = Settings()
    for name, template in templates():
        [container] = template["spec"]["containers"]
        given |= {one["name"] for one in container.get("env", [])}
        assert container["args"] == [name]
        ports = {one["name"]: one["containerPort"] for one in container.get("ports", [])}
        assert ports == ROLES.get(name, {})
    assert given - known == set()
    assert ROLES["collector"] == {"http": defaults.collector_port, "grpc": defaults.grpc_port}
    assert (ROLES["engine"], ROLES["console"]) == ({"http": defaults.engine_port}, {"http": defaults.console_port})


@pytest.mark.parametrize("name", [*ROLES, "migrate"])
def test_pods_run_as_nobody_on_a_root_that_they_cannot_write(name: str) -> None:
    spec = dict(templates())[name]["spec"]
    [container] = spec["containers"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    volumes = {one["name"] for one in spec["volumes"]} | ({"spool"} if name == "collector" else set())
    assert {one["name"] for one in container["volumeMounts"]} == volumes
    writable = {one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")}
    assert writable == ({"/tmp", "/var/lib/milepost"} if name == "collector" else {"/tmp"})
    assert "limits" in container["resources"]


@pytest.mark.parametrize("role", ROLES)
def test_roles_are_probed_spread_and_kept_from_going_all_at_once(role: str) -> None:
    template = dict(templates())[role]
    [container] = template["spec"]["containers"]
    labels = {"app.kubernetes.io/name": "milepost", "app.kubernetes.io/component": role}

    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert template["metadata"]["labels"] == labels
    assert found("PodDisruptionBudget", role)["spec"] == {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
    spread = template["spec"]["topologySpreadConstraints"]
    assert [one["topologyKey"] for one in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]


def test_a_collectors_spool_outlives_its_pod_and_holds_all_channels() -> None:
    spec = found("StatefulSet", "collector")["spec"]
    [claim] = spec["volumeClaimTemplates"]

    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenScaled": "Retain", "whenDeleted": "Retain"}
    channels = re.findall(r'self\._spooled\("(\w+)"', (ROOT / "collector/spooling.py").read_text(encoding="utf-8"))
    assert channels == ["events", "traces", "logs", "dead_letters"]
    configured = Settings.model_validate({"spool_size": settings().get("MILEPOST_SPOOL_SIZE", Settings().spool_size)})
    # A segment stays until all of it is stored, and a file system keeps a tenth for itself.
    held = len(channels) * (configured.spool_size + SEGMENT_BYTES)
    assert held < 0.9 * TypeAdapter(ByteSize).validate_python(f"{claim['spec']['resources']['requests']['storage']}B")
    scaled = found("HorizontalPodAutoscaler", "collector")["spec"]
    assert scaled["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "collector"}
    assert "replicas" not in spec


def test_services_and_policies_choose_pods_that_there_are() -> None:
    pods = [template["metadata"]["labels"] for _, template in templates()]
    for one in objects():
        if one["kind"] == "Service":
            assert one["spec"]["selector"] in pods
        if one["kind"] == "NetworkPolicy":
            chosen = one["spec"]["podSelector"].get("matchLabels", {}).items()
            assert [labels for labels in pods if chosen <= labels.items()]


def test_policies_are_about_mileposts_pods_alone() -> None:
    """ClickHouse may stand in the same namespace, and nobody could reach it where a policy chose every pod."""
    policies = {one["metadata"]["name"]: one["spec"] for one in objects() if one["kind"] == "NetworkPolicy"}
    own = {"matchLabels": {"app.kubernetes.io/name": "milepost"}}

    assert policies["nothing-else-comes-in"] == {"podSelector": own, "policyTypes": ["Ingress"]}
    for spec in policies.values():
        assert own["matchLabels"].items() <= spec["podSelector"]["matchLabels"].items()
        doors = [peer for rule in spec.get("ingress", []) for peer in rule["from"]]
        assert [peer for peer in doors if {} in peer.values()] == []
    pods = [template["metadata"]["labels"] for _, template in templates()]
    assert {labels["app.kubernetes.io/name"] for labels in pods} == {"milepost"}


def test_the_configuration_is_right_but_for_the_users_own_secrets(tmp_path: Path) -> None:
    files = found("ConfigMap", "milepost-config")["data"]
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    load_routing(tmp_path / "routing.yaml")
    load_sign_in(tmp_path / "sign_in.yaml")

    assert set(files) == {"routing.yaml", "sign_in.yaml"}


def test_no_secret_is_in_the_manifests() -> None:
    assert [one for one in objects() if one["kind"] == "Secret"] == []
    assert [
        value for value in settings().values() if "://" in value and ":" in value.partition("://")[2].partition("@")[0]
    ] == []
