"""Each role as docker-compose.yml starts it: the same command, environment and health check, without a container.

Paths and the store's address are those of this machine, and ports are free ones; all else is as the file has it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.acceptance.program import environment
from tests.acceptance.role_process import RoleProcess, clickhouse
from tests.unit.deploy.compose_file import ROOT, milepost_services
from tests.waiting import eventually

pytestmark = pytest.mark.clickhouse_server
PROMTOOL = shutil.which("promtool")
PORTS = {f"MILEPOST_{name}_PORT": "0" for name in ("COLLECTOR", "GRPC", "CONSOLE", "ENGINE")}
# The demo's console has nothing of its own: tests/unit/deploy holds that.
ROLES = ("collector", "engine", "console")
TRACE = "0af7651916cd43dd8448eb211c80319c"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
SIGN_IN = """\
provider: https://login.example.com/.well-known/openid-configuration
client_id: milepost
client_secret_file: {secret}
roles: {{admin: [milepost-admins]}}
"""


@dataclass(frozen=True)
class System:
    """What `docker compose up` would have started."""

    folder: Path
    dsn: str
    urls: Mapping[str, str]

    def token(self, name: str) -> dict[str, str]:
        """The header that a program beside Milepost sends."""
        text = (self.folder / "tokens" / name).read_text(encoding="utf-8").strip()
        return {"Authorization": f"Bearer {text}"}


def mapped(text: str, folder: Path, config: Path, dsn: str) -> str:
    """The same with this machine's places."""
    places = {
        "/run/secrets": str(folder / "secrets"),
        "/run/tokens": str(folder / "tokens"),
        "/var/lib/milepost": str(folder / "lib"),
        "/etc/milepost": str(config),
        "@clickhouse:8123": f"@127.0.0.1:{urlsplit(dsn).port}",
    }
    for place, here in places.items():
        text = text.replace(place, here)
    return text


def settings_of(name: str, folder: Path, dsn: str) -> dict[str, str]:
    """The environment of a service."""
    # The one that asks people to sign in has a folder of the user's own.
    config = folder / "config" if name == "console" else ROOT / "deploy/compose/milepost"
    given = milepost_services()[name]["environment"]
    return {**{key: mapped(str(value), folder, config, dsn) for key, value in given.items()}, **PORTS}


def prepare(folder: Path, dsn: str) -> str:
    """Runs the script that the roles wait for; what it prints."""
    text = (ROOT / "deploy/compose/prepare.sh").read_text(encoding="utf-8")
    script = folder / "prepare.sh"
    script.write_text(mapped(text, folder, folder, dsn), encoding="utf-8")
    given = environment(folder, settings_of("prepare", folder, dsn))
    path = f"{Path(sys.executable).parent}{os.pathsep}{given['PATH']}"
    answer = subprocess.run(
        ["sh", str(script)], env={**given, "PATH": path}, cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def asks(name: str, url: str) -> int:
    """The exit code of the service's health check, which asks the role at its own address."""
    _, python, flag, code = milepost_services()[name]["healthcheck"]["test"]
    own = code.replace(f"127.0.0.1:{code.split('127.0.0.1:')[1].split('/')[0]}", f"127.0.0.1:{urlsplit(url).port}")
    assert (python, flag) == ("python", "-c")
    return subprocess.run([sys.executable, flag, own], capture_output=True, timeout=60, check=False).returncode


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("compose")
    (folder / "tokens").mkdir()
    (folder / "config").mkdir()
    subprocess.run(["sh", str(ROOT / "deploy/compose/make_secrets.sh"), str(folder / "secrets")], check=True)
    sign_in = SIGN_IN.format(secret=folder / "secrets/personal_data_key")
    (folder / "config/sign_in.yaml").write_text(sign_in, encoding="utf-8")
    password = (folder / "secrets/clickhouse_password").read_text(encoding="utf-8")
    with clickhouse(folder / "clickhouse", "milepost", password) as dsn:
        prepare(folder, dsn)
        processes: dict[str, RoleProcess] = {}
        try:
            for name in ROLES:
                [command] = milepost_services()[name]["command"]
                processes[name] = RoleProcess(command, folder / name, settings_of(name, folder, dsn))
            yield System(folder, dsn, {name: process.url for name, process in processes.items()})
            assert {name: process.stop() for name, process in processes.items()} == dict.fromkeys(ROLES, 0)
        finally:
            for process in processes.values():
                process.__exit__(None, None, None)


@pytest.mark.parametrize("name", ROLES)
def test_a_role_of_the_compose_file_becomes_healthy(system: System, name: str) -> None:
    eventually(lambda: asks(name, system.urls[name]) == 0, f"{name} is healthy", 120)


def test_a_health_check_fails_where_nobody_answers() -> None:
    assert asks("engine", "http://127.0.0.1:1") == 1


def test_tokens_are_made_once(system: System) -> None:
    before = {path.name: path.read_bytes() for path in (system.folder / "tokens").iterdir()}

    assert prepare(system.folder, system.dsn) == "the schema is up to date\n"

    assert sorted(before) == ["demo", "otel", "prometheus"]
    assert {path.name: path.read_bytes() for path in (system.folder / "tokens").iterdir()} == before


@pytest.mark.parametrize("name", ["collector", "engine"])
def test_prometheus_reads_with_its_token_and_nobody_without(system: System, name: str) -> None:
    url = f"{system.urls[name]}/metrics"

    assert httpx.get(url, timeout=30).status_code == 401
    page = httpx.get(url, headers=system.token("prometheus"), timeout=30)
    assert (page.status_code, "milepost_request_duration_seconds_bucket" in page.text) == (200, True)
    other = httpx.get(url, headers=system.token("demo"), timeout=30)
    assert other.status_code == 403


@pytest.mark.skipif(PROMTOOL is None, reason="prometheus is not installed")
@pytest.mark.parametrize("name", ["collector", "engine"])
def test_metrics_are_named_as_prometheus_asks(system: System, name: str) -> None:
    page = httpx.get(f"{system.urls[name]}/metrics", headers=system.token("prometheus"), timeout=30)

    checked = subprocess.run(
        [str(PROMTOOL), "check", "metrics"], input=page.text, capture_output=True, text=True, timeout=60, check=False
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_request_is_measured_with_the_trace_of_its_sender(system: System) -> None:
    url = system.urls["collector"]
    event = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "crm",
        "type": "order.approved",
        "time": "2026-11-02T09:30:00Z",
        "data": {"objects": [{"type": "order", "id": "O-1"}]},
    }
    headers = {
        **system.token("demo"),
        "Content-Type": "application/cloudevents+json",
        "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
    }
    assert httpx.post(f"{url}/v1/events", json=event, headers=headers, timeout=60).status_code == 202

    asked = {**system.token("prometheus"), "Accept": OPENMETRICS}
    page = httpx.get(f"{url}/metrics", headers=asked, timeout=30)

    assert page.headers["content-type"].startswith("application/openmetrics-text")
    [line] = [line for line in page.text.splitlines() if "# {" in line]
    assert line.startswith('milepost_request_duration_seconds_bucket{channel="events",le="')
    assert f'# {{trace_id="{TRACE}"}}' in line
    assert "# {" not in httpx.get(f"{url}/metrics", headers=system.token("prometheus"), timeout=30).text


def test_passwords_are_in_no_log(system: System) -> None:
    secrets = [path.read_text("utf-8").strip() for path in (system.folder / "secrets").iterdir() if path.suffix == ""]
    logs = [(system.folder / name / "log").read_text(encoding="utf-8") for name in ROLES]

    assert len(secrets) == 4
    assert [log for log in logs if any(secret in log for secret in secrets)] == []
