"""Contracts from outside: what the commands say of them, and that a user's own replace the shipped ones."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from collector.source_definitions import SHIPPED
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
    assert done.stdout.endswith("event contracts in 8 files are right\n")


def test_a_shipped_source_in_use_that_a_users_contracts_do_not_know_is_told(config: Path, tmp_path: Path) -> None:
    write(config, WHOLE.replace("{source: erp}", "{source: erp, aliases: [netsuit]}"))

    done = run_milepost(tmp_path, "contracts", "check", MILEPOST_CONFIG=str(config), NETSUITE_TOKEN="s3cret")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f'{SHIPPED}/netsuite.yaml: warning: no contract knows the source "netsuite", so it is never silent and its '
        "word counts for nothing; near to it: netsuit (which is erp). Add it to the sources of the contracts, or to "
        "the aliases of one",
        "1 event contracts in 1 files are right",
    ]


def test_contracts_are_listed(config: Path, tmp_path: Path) -> None:
    write(
        config,
        f"""{WHOLE.replace("sources: [crm]", "sources: [crm, erp]")}    optional: {{attributes.tax_id: text}}
    field_sources: {{attributes.tax_id: [erp]}}
    silent_after: {{crm: 30m}}
""",
    )

    shown = run_milepost(tmp_path, "contracts", "list", MILEPOST_CONFIG=str(config))
    rows = run_milepost(tmp_path, "contracts", "list", "--json", MILEPOST_CONFIG=str(config))

    assert [(done.returncode, done.stderr) for done in (shown, rows)] == [(0, ""), (0, "")]
    header, line = shown.stdout.splitlines()
    assert header.split() == ["event", "version", "owner", "object", "sources", "on_violation", "silent_after"]
    assert line.split("  ")[0] == "order.approved"
    assert line.endswith("crm, erp, attributes.tax_id: erp  flag          crm 30m")
    assert json.loads(rows.stdout) == [
        {
            "event": "order.approved",
            "version": 3,
            "owner": "orders",
            "object": "order",
            "sources": ["crm", "erp"],
            "field_sources": {"attributes.tax_id": ["erp"]},
            "on_violation": "flag",
            "on_foreign_source": "take",
            "silent_after": {"crm": "30m", "erp": None},
        }
    ]


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
