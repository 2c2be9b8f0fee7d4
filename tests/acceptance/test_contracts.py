"""Contracts from outside: what the commands say of them, and that a user's own replace the shipped ones."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.program import run_milepost
from tests.unit.collector.contracts import WHOLE

APPROVED = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "crm",
    "type": "order.approved",
    "time": "2026-11-02T09:30:00Z",
    "data": {"objects": [{"type": "order", "id": "O-1"}], "attributes": {"email": "jane.doe@example.com"}},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration folder with contracts, committed to git."""
    if not shutil.which("git"):
        pytest.skip("needs git")
    config = tmp_path / "config"
    (config / "contracts").mkdir(parents=True)
    write(config, WHOLE)
    who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "--quiet"), ("add", "--all"), (*who, "commit", "--quiet", "--message", "contracts")):
        subprocess.run(["git", "-C", str(config), *words], check=True)
    return config


def write(config: Path, text: str) -> None:
    (config / "contracts" / "orders.yaml").write_text(text, encoding="utf-8")


def test_the_shipped_contracts_are_right(tmp_path: Path) -> None:
    done = run_milepost(tmp_path, "contracts", "check")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("event contracts in 7 files are right\n")


def test_a_breaking_change_ends_with_1(config: Path, tmp_path: Path) -> None:
    write(config, f"{WHOLE}    required: {{region: text}}\n")

    done = run_milepost(tmp_path, "contracts", "check", "--against", "HEAD", MILEPOST_CONFIG=str(config))

    path = config / "contracts" / "orders.yaml"
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        f'{path}:13:14: breaking: event contract "order.approved" is changed, but its version is 3 as before',
        f'{path}:17:24: breaking: event contract "order.approved" requires region',
        "1 event contracts in 1 files are right",
        "2 breaking and 0 compatible changes since HEAD",
    ]


def test_a_mistake_ends_with_2(config: Path, tmp_path: Path) -> None:
    write(config, WHOLE.replace("version: 3", "version: three"))

    done = run_milepost(tmp_path, "contracts", "check", MILEPOST_CONFIG=str(config))

    path = config / "contracts" / "orders.yaml"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f'{path}:13:14: event contract "order.approved": version is "three"; give a whole number\n')


def test_a_users_contracts_hold_at_the_door(config: Path, tmp_path: Path) -> None:
    personal = "    personal_data: {attributes.email: hash}\n"
    write(config, f"{WHOLE}    required: {{region: text}}\n{personal}    on_violation: reject\n")
    file = tmp_path / "events.ndjson"
    file.write_text(json.dumps(APPROVED), encoding="utf-8")

    done = run_milepost(tmp_path, "ingest", str(file), MILEPOST_CONFIG=str(config))

    assert (done.returncode, done.stdout) == (1, "0 accepted, 0 duplicates, 1 rejected\n")
    assert done.stderr == (f"{file}:1: breaks the contract order.approved/3: region is missing; give a text\n")
    assert (tmp_path / "store" / "personal_data.key").stat().st_mode & 0o777 == 0o600
