"""docker-compose.yml names nothing that is not there: nothing runs it here, so each thing is looked up."""

import json
import re
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as ElementTree
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import typer.main
import yaml

from alerts.config import load_routing
from milepost.cli import app
from milepost.settings import PREFIX, Settings
from storage.server_backup import ACCEPTED
from tests.unit.deploy.compose_file import COMPOSE, ROOT, compose, milepost_services, services

SCHEMA = json.loads((ROOT / "tests/testdata/schemas/compose-spec.json").read_text(encoding="utf-8"))
AMTOOL = shutil.which("amtool")
LOCKED = re.compile(r"^([\w.-]+)==([^ ;]+)", re.MULTILINE)
# What Milepost's container may write to.
WRITABLE = ("/tmp", "/var/lib/milepost", "/run/tokens")


def complaints(document: dict[str, Any]) -> list[str]:
    return [error.message for error in jsonschema_rs.validator_for(SCHEMA).iter_errors(document)]


def mounts(service: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Source, target and mode of each volume."""
    parts = [str(one).split(":") for one in service.get("volumes", [])]
    return [(one[0], one[1], one[2] if len(one) > 2 else "rw") for one in parts]


def named(settings: Settings, *fields: str) -> set[str]:
    return {str(getattr(settings, field)) for field in fields}


def test_the_file_is_what_the_specification_allows() -> None:
    assert complaints(compose()) == []


def test_the_specification_is_held_against_the_file() -> None:
    wrong = {**compose(), "services": {**services(), "engine": {**services()["engine"], "memori": "1g"}}}

    assert complaints(wrong) == ["Additional properties are not allowed ('memori' was unexpected)"]


def test_everything_that_is_mounted_is_there() -> None:
    folders = [source for one in services().values() for source, _, _ in mounts(one) if source.startswith(".")]

    assert folders
    assert [source for source in folders if not (ROOT / source).exists()] == []
    used = {source for one in services().values() for source, _, _ in mounts(one) if not source.startswith(".")}
    assert used == set(compose()["volumes"])


def test_what_comes_from_the_repository_cannot_be_written() -> None:
    shared = [mount for one in services().values() for mount in mounts(one) if mount[0].startswith(".")]

    assert {mode for _, _, mode in shared} == {"ro"}


def test_every_variable_of_a_role_is_a_setting() -> None:
    known = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    given = {name for one in milepost_services().values() for name in one["environment"]}

    assert given
    assert given - known == set()


def test_grafana_is_given_every_variable_that_its_provisioning_reads() -> None:
    texts = [path.read_text("utf-8") for path in sorted((ROOT / "grafana/provisioning").rglob("*.yaml"))]
    read = set(re.findall(r"\$(MILEPOST_[A-Z_]*[A-Z])", "\n".join(texts)))
    grafana = services()["grafana"]
    exported = set(re.findall(r"export (MILEPOST_\w+)=", " ".join(grafana["entrypoint"])))

    assert {name for name in grafana["environment"] if name.startswith(PREFIX)} | exported == read


def test_every_command_is_one_of_mileposts() -> None:
    commands = set(typer.main.get_group(app).commands)
    started = {one["command"][0] for one in milepost_services().values() if one["command"]}
    script = (ROOT / "deploy/compose/prepare.sh").read_text(encoding="utf-8")
    called = set(re.findall(r"^\s*(?:\w+=\$\()?milepost (\w+)", script, re.MULTILINE))

    assert started == {"collector", "engine", "console", "demo"}
    assert called == {"migrate", "tokens"}
    assert (started | called) - commands == set()


def test_every_port_of_a_role_is_the_settings_default() -> None:
    defaults = Settings()
    ports = {
        name: {port.rpartition(":")[2] for port in one.get("ports", [])} for name, one in milepost_services().items()
    }

    assert ports["collector"] == named(defaults, "collector_port", "grpc_port")
    assert ports["console"] == named(defaults, "console_port")
    assert ports["engine"] == set()
    asked = {name: re.findall(r"127\.0\.0\.1:(\d+)", str(one.get("healthcheck"))) for name, one in services().items()}
    assert asked["collector"] == [str(defaults.collector_port)]
    assert asked["engine"] == [str(defaults.engine_port)]
    assert asked["console"] == asked["console-demo"] == [str(defaults.console_port)]
    assert services()["console-door"]["command"][-1] == f"127.0.0.1:{defaults.console_port}"


def test_every_role_has_a_health_check_and_waits_for_the_schema() -> None:
    roles = {name: one for name, one in milepost_services().items() if name not in ("prepare", "demo")}

    assert {name for name, one in roles.items() if "/readyz" not in str(one["healthcheck"])} == set()
    assert {one["depends_on"]["prepare"]["condition"] for one in roles.values()} == {"service_completed_successfully"}
    assert services()["prepare"]["depends_on"] == {"clickhouse": {"condition": "service_healthy"}}
    waited = {name: set(one.get("depends_on", {})) for name, one in services().items()}
    assert {name: on - set(services()) for name, on in waited.items() if on - set(services())} == {}
    healthy = {
        on
        for one in services().values()
        for on, how in one.get("depends_on", {}).items()
        if how["condition"] == "service_healthy"
    }
    assert {name for name in healthy if "healthcheck" not in services()[name]} == set()


def test_every_service_that_can_be_asked_has_a_health_check() -> None:
    asked = {name for name, one in services().items() if "healthcheck" in one}

    # The first two end or only send; the last one's image has no program to ask with.
    assert set(services()) - asked == {"prepare", "demo", "otel-collector"}
    door = services()["console-door"]
    port = door["command"][door["command"].index("--from") + 1].rpartition(":")[2]
    assert door["healthcheck"]["test"][-1] == f"http://127.0.0.1:{port}/readyz"
    assert services()["console-demo"]["ports"] == [f"127.0.0.1:{Settings().console_port}:{port}"]


def test_a_backup_goes_to_a_volume_that_the_server_may_write() -> None:
    path = ROOT / "deploy/compose/clickhouse/config.d/milepost.xml"
    config = ElementTree.parse(path).getroot()
    [disk] = list(config.findall("storage_configuration/disks/*"))
    place = f"Disk('{config.findtext('backups/allowed_disk')}'"

    assert (disk.tag, disk.findtext("type")) == (config.findtext("backups/allowed_disk"), "local")
    assert f"{place}, 'milepost-2026-11-30.zip')" in ACCEPTED
    folder = (disk.findtext("path") or "").rstrip("/")
    assert ("backups", folder, "rw") in mounts(services()["clickhouse"])
    guide = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert f'milepost backup "{place}, ' in guide
    assert f"docker compose cp clickhouse:{folder}/" in guide


def test_grafana_has_its_data_sources_plugin_before_it_is_provisioned() -> None:
    path = ROOT / "grafana/provisioning/datasources/milepost.yaml"
    [source, _] = yaml.safe_load(path.read_text(encoding="utf-8"))["datasources"]
    given = {name: value for name, value in services()["grafana"]["environment"].items() if "PREINSTALL" in name}

    assert list(given) == ["GF_PLUGINS_PREINSTALL_SYNC"]
    assert re.fullmatch(rf"{source['type']}@\d+\.\d+\.\d+", given["GF_PLUGINS_PREINSTALL_SYNC"])


def test_the_demos_console_is_given_what_every_role_is() -> None:
    everybodys = milepost_services()["prepare"]["environment"]

    assert milepost_services()["console-demo"]["environment"] == everybodys
    assert {
        name for name, one in milepost_services().items() if not everybodys.items() <= one["environment"].items()
    } == set()


def test_milepost_runs_as_nobody_on_a_root_that_it_cannot_write() -> None:
    for name, one in milepost_services().items():
        assert (one["user"], one["read_only"], one["cap_drop"]) == ("10001:10001", True, ["ALL"]), name
        targets = [target for _, target, mode in mounts(one) if mode == "rw"]
        assert [target for target in targets if target not in WRITABLE] == [], name
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "USER 10001:10001" in dockerfile.rpartition("FROM ")[2]


def test_every_service_starts_again_has_limits_and_bounded_logs() -> None:
    for name, one in services().items():
        assert one["restart"] == ("no" if name == "prepare" else "unless-stopped"), name
        assert set(one["logging"]["options"]) == {"max-size", "max-file"}, name
        assert {"cpus", "memory"} <= set(one["deploy"]["resources"]["limits"]), name
        assert one["security_opt"] == ["no-new-privileges:true"], name


def test_images_are_pinned() -> None:
    images = {one["image"] for one in services().values()}

    assert {image for image in images if not re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d[\w.-]*", image)} == set()


def test_nothing_but_milepost_is_published_beyond_this_machine() -> None:
    published = [port for one in services().values() for port in one.get("ports", [])]

    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_secrets_are_files_that_git_does_not_see() -> None:
    declared = compose()["secrets"]
    used = {
        one if isinstance(one, str) else one["source"]
        for service in services().values()
        for one in service.get("secrets", [])
    }

    assert used == set(declared)
    assert {str(Path(one["file"]).parent) for one in declared.values()} == {"secrets"}
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert not [
        line for line in COMPOSE.read_text("utf-8").splitlines() if re.search(r"PASSWORD(?!_FILE|__FILE).*:", line)
    ]
    read = set(re.findall(r"/run/secrets/(\w+)", COMPOSE.read_text(encoding="utf-8")))
    assert read <= set(declared)


def test_the_script_makes_every_secret_once(tmp_path: Path) -> None:
    def make() -> str:
        script = [str(ROOT / "deploy/compose/make_secrets.sh"), str(tmp_path / "secrets")]
        return subprocess.run(["sh", *script], capture_output=True, text=True, check=True, timeout=60).stdout

    def made() -> dict[str, bytes]:
        return {f"./secrets/{path.name}": path.read_bytes() for path in (tmp_path / "secrets").iterdir()}

    first, before = make(), made()

    assert first.count("made ") == 4
    assert set(before) == {one["file"] for one in compose()["secrets"].values()}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert len(set(before.values())) == 5
    assert (make(), made()) == ("", before)


def test_clickhouses_users_have_the_hashes_of_their_passwords(tmp_path: Path) -> None:
    script = [str(ROOT / "deploy/compose/make_secrets.sh"), str(tmp_path)]
    subprocess.run(["sh", *script], capture_output=True, check=True, timeout=60)
    text = (tmp_path / "clickhouse_users.xml").read_text(encoding="utf-8")

    for user, file in (("milepost", "clickhouse_password"), ("grafana", "clickhouse_grafana_password")):
        password = (tmp_path / file).read_bytes()
        assert len(password) == 48
        assert f"<{user}><password_sha256_hex>{sha256(password).hexdigest()}</password_sha256_hex></{user}>" in text


def test_clickhouse_has_the_users_that_the_file_gives_to_milepost_and_grafana() -> None:
    users = (ROOT / "deploy/compose/clickhouse/users.d/milepost.xml").read_text(encoding="utf-8")

    assert '<default remove="remove"/>' in users
    assert "password" not in re.sub(r"<!--.*?-->", "", users)
    assert services()["engine"]["environment"]["MILEPOST_STORE"] == "clickhouse://milepost@clickhouse:8123/milepost"
    assert services()["grafana"]["environment"]["MILEPOST_CLICKHOUSE_USER"] == "grafana"
    assert {"<milepost>", "<grafana>"} <= set(re.findall(r"<\w+>", users))


def test_the_image_holds_what_the_tests_ran_with_and_nothing_of_the_tests() -> None:
    image = dict(LOCKED.findall((ROOT / "deploy/requirements.lock").read_text(encoding="utf-8")))
    tested = dict(LOCKED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8")))

    assert {name: version for name, version in image.items() if tested.get(name) != version} == {}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    direct = {re.split(r"[><=;\[ ]", one)[0] for one in project["project"]["dependencies"]}
    assert direct - set(image) == set()
    assert {"pytest", "mypy", "playwright", "pm4py"} & set(image) == set()


def test_the_image_is_built_by_what_is_pinned() -> None:
    pinned = dict(LOCKED.findall((ROOT / "deploy/build.lock").read_text(encoding="utf-8")))
    tested = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    assert {re.split(r"[><=]", one)[0] for one in project["build-system"]["requires"]} <= set(pinned)
    # With their hashes.
    assert [one for one in pinned_blocks((ROOT / "deploy/build.lock").read_text("utf-8")) if one not in tested] == []
    assert "pip install --no-cache-dir --root-user-action=ignore --require-hashes -r build.lock" in dockerfile
    assert re.findall(r"pip wheel.*", dockerfile) == [
        "pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /wheels . \\"
    ]
    passed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    [copied] = re.findall(r"^COPY (deploy/.*) \./$", dockerfile, re.MULTILINE)
    assert [name for name in copied.split() if f"!{name}" not in passed or not (ROOT / name).exists()] == []


def pinned_blocks(text: str) -> list[str]:
    """Every requirement of a lock file with its hashes."""
    return re.findall(r"^\S+==.*(?:\n    --hash=.*)+", text, re.MULTILINE)


def test_the_image_is_built_from_every_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    passed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert re.findall(r"^COPY (\w+)/ \1/$", dockerfile, re.MULTILINE) == packages
    assert [name for name in packages if f"!{name}" not in passed] == []
    assert f"milepost:{project['project']['version']}" in {one["image"] for one in milepost_services().values()}


def test_the_demos_mail_goes_to_the_mail_catcher() -> None:
    routing = ROOT / "deploy/compose/milepost/routing.yaml"
    load_routing(routing)
    entries = [
        one
        for path in (routing, ROOT / "deploy/compose/alertmanager/alertmanager.yml")
        for receiver in yaml.safe_load(path.read_text(encoding="utf-8"))["receivers"]
        for one in receiver["email_configs"]
    ]

    assert {one["smarthost"] for one in entries} == {"mailpit:1025"}
    assert services()["mailpit"]["profiles"] == ["demo"]


def test_the_opentelemetry_collector_hands_everything_to_milepost() -> None:
    config = yaml.safe_load((ROOT / "deploy/compose/otel/milepost.yaml").read_text(encoding="utf-8"))

    for pipeline in config["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(config[kind])
    assert set(config["service"]["extensions"]) == set(config["extensions"])
    assert config["exporters"]["otlphttp"]["endpoint"] == f"http://collector:{Settings().collector_port}"
    script = (ROOT / "deploy/compose/prepare.sh").read_text(encoding="utf-8")
    made = set(re.findall(r"^make_token (\w+)", script, re.MULTILINE))
    read = set(re.findall(r"/run/tokens/(\w+)", COMPOSE.read_text("utf-8") + json.dumps(config))) | {"prometheus"}
    assert made == read


@pytest.mark.skipif(AMTOOL is None, reason="prometheus-alertmanager is not installed")
def test_alertmanager_understands_its_file() -> None:
    path = ROOT / "deploy/compose/alertmanager/alertmanager.yml"
    checked = subprocess.run(
        [str(AMTOOL), "check-config", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
