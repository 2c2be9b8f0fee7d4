"""The door as an operator runs it: tokens, refusals, dead letters and their replay, with the installed program."""

import json
import stat
from pathlib import Path
from typing import Any

import httpx

from collector.receivers.cloudevents import STRUCTURED
from tests.acceptance.program import RunningMilepost, run_milepost
from tests.integration.collector.running import event


def send(url: str, one: dict[str, Any], token: str = "") -> httpx.Response:
    headers = {"content-type": STRUCTURED, **({"authorization": f"Bearer {token}"} if token else {})}
    return httpx.post(f"{url}/v1/events", content=json.dumps(one).encode(), headers=headers, timeout=30)


def ran(folder: Path, *arguments: str, code: int = 0) -> str:
    """What a command prints; it ends with `code`."""
    ended = run_milepost(folder, *arguments)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout.strip()


def test_from_the_first_token_to_the_replay_of_what_it_refused(tmp_path: Path) -> None:
    with RunningMilepost(tmp_path) as milepost:
        url = milepost.collector
        assert send(url, event(1)).status_code == 202
        token = ran(tmp_path, "tokens", "create", "crm", "--scope", "events", "--source", "crm", "--expires", "30d")

        assert send(url, event(2)).status_code == 401
        assert send(url, event(2), token).status_code == 202
        assert send(url, event(3, source="erp"), token).status_code == 403
        assert stat.S_IMODE((tmp_path / "store" / "milepost.lock").stat().st_mode) == 0o600

        [letter] = milepost.ask("dead-letters", "list", "--code", "source_not_allowed", "--since", "1h")
        assert (letter["source"], letter["state"], letter["attempts"]) == ("erp", "waiting", 0)
        foretold = ran(tmp_path, "dead-letters", "replay", "--all", "--source", "erp", "--dry-run")
        assert foretold.splitlines()[-1] == "dry run, nothing changed: 1 accepted, 0 duplicates, 0 rejected"
        replayed = ran(tmp_path, "dead-letters", "replay", "--all", "--source", "erp")
        assert replayed.splitlines()[-1] == "1 accepted, 0 duplicates, 0 rejected"
        shown = json.loads(ran(tmp_path, "dead-letters", "show", letter["dead_letter_id"]))
        assert (shown["state"], [one["outcome"] for one in shown["attempts"]]) == ("replayed", ["accepted"])

        assert ran(tmp_path, "tokens", "revoke", "crm").startswith("revoked crm (")
        assert send(url, event(4), token).status_code == 401
        [row] = milepost.ask("tokens", "list")
        assert (row["name"], row["scopes"], row["sources"]) == ("crm", ["events"], ["crm"])
        assert row["revoked_at"]
        assert token.split("_", 2)[2] not in "\n".join(milepost.lines)


def test_letters_are_replayed_without_a_running_program(tmp_path: Path) -> None:
    (tmp_path / "events.ndjson").write_text(
        "\n".join([json.dumps(event(1)), json.dumps(event(1, type="order.cancelled"))]), encoding="utf-8"
    )
    assert ran(tmp_path, "ingest", "events.ndjson", code=1) == "1 accepted, 0 duplicates, 1 rejected"
    [letter] = json.loads(ran(tmp_path, "dead-letters", "list", "--output", "json"))

    replayed = ran(tmp_path, "dead-letters", "replay", letter["dead_letter_id"], code=1)
    discarded = ran(tmp_path, "dead-letters", "discard", letter["dead_letter_id"], "--reason", "a test")

    assert replayed.splitlines()[-1] == "0 accepted, 0 duplicates, 1 rejected"
    assert discarded == "1 discarded"
    [after] = json.loads(ran(tmp_path, "dead-letters", "list", "--state", "discarded", "--output", "json"))
    assert (after["dead_letter_id"], after["attempts"]) == (letter["dead_letter_id"], 2)


def test_with_a_token_the_collector_leaves_loopback_and_the_console_does_not(tmp_path: Path) -> None:
    token = ran(tmp_path, "tokens", "create", "scraper", "--scope", "metrics")
    with RunningMilepost(tmp_path, MILEPOST_HOST="0.0.0.0") as milepost:
        assert milepost.console.startswith("http://127.0.0.1:")
        named = {"host": "milepost.example"}
        refused = httpx.get(f"{milepost.collector}/metrics", headers=named, timeout=30)
        answered = httpx.get(
            f"{milepost.collector}/metrics", headers={**named, "authorization": f"Bearer {token}"}, timeout=30
        )
        assert (refused.status_code, answered.status_code) == (401, 200)
        assert milepost.ask("alerts", "list") == []


def test_a_wrong_rate_of_a_token_is_told(tmp_path: Path) -> None:
    ended = run_milepost(tmp_path, "tokens", "create", "crm", "--scope", "traces", "--rate", "fast")

    assert ended.returncode == 2
    assert ended.stderr.strip() == (
        "--rate: 'fast' is not a rate; give events a second or a minute, such as 500/s, or unlimited"
    )
