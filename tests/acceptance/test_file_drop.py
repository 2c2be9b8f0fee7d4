"""Files and drop folders with the installed program: a kill in the middle, a running Milepost, an orderly stop."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.program import MILEPOST, RunningMilepost, environment, run_milepost
from tests.waiting import eventually

EVENT = {"specversion": "1.0", "source": "crm", "type": "order.approved", "time": "2026-11-02T09:30:00Z"}


def lines(count: int) -> str:
    return "".join(
        json.dumps({**EVENT, "id": str(number), "data": {"objects": [{"type": "order", "id": f"O-{number}"}]}}) + "\n"
        for number in range(count)
    )


@contextmanager
def watching(folder: Path, drop: Path) -> "Iterator[subprocess.Popen[str]]":
    """`milepost ingest --watch` on a folder, killed at the end if it still runs."""
    with subprocess.Popen(
        [MILEPOST, "ingest", "--watch", str(drop)],
        cwd=folder,
        env=environment(folder, {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == f"watching {drop}\n"
            yield process
        finally:
            process.kill()


def put(drop: Path, name: str, content: str) -> None:
    """As file transfers do: written beside, then renamed in."""
    unfinished = drop / f"{name}.part"
    unfinished.write_text(content, encoding="utf-8")
    unfinished.rename(drop / name)


def stop(process: "subprocess.Popen[str]") -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    return process.returncode, out


def test_a_drop_folder_is_followed_until_the_program_is_stopped(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    with watching(tmp_path, drop) as process:
        put(drop, "good.ndjson", lines(3))
        put(drop, "bad.ndjson", lines(1) + "word\n")
        eventually(lambda: (drop / "archive/good.ndjson").exists(), "the good file in the archive")
        reason = drop / "error/bad.ndjson.reason"
        eventually(reason.exists, "the bad file's reason")
        ended = stop(process)

    assert ended[0] == 0
    assert "good.ndjson: " in ended[1]
    assert reason.read_text().startswith("0 accepted, 1 duplicates, 1 rejected\n")


def test_a_drop_folder_is_followed_beside_a_running_milepost(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    with RunningMilepost(tmp_path), watching(tmp_path, drop) as process:
        put(drop, "a.ndjson", lines(3))
        eventually(lambda: (drop / "archive/a.ndjson").exists(), "the file in the archive")
        ended = stop(process)
        again = run_milepost(tmp_path, "ingest", str(drop / "archive/a.ndjson"))
        exported = run_milepost(tmp_path, "export", "ocel", str(tmp_path / "log.json"))

    assert ended == (0, "a.ndjson: 3 accepted, 0 duplicates, 0 rejected\n")
    assert again.stdout == "0 accepted, 3 duplicates, 0 rejected\n"
    assert exported.stdout == f"3 events in {tmp_path}/log.json\n"
    assert len(json.loads((tmp_path / "log.json").read_text())["objects"]) == 3


def test_a_run_goes_on_after_a_kill_and_loses_nothing(tmp_path: Path) -> None:
    count = 300_000
    path = tmp_path / "events.ndjson"
    path.write_text(lines(count), encoding="utf-8")
    with subprocess.Popen([MILEPOST, "ingest", str(path)], cwd=tmp_path, env=environment(tmp_path, {})) as process:
        checkpoints = tmp_path / "store/data/milepost/file_checkpoints"
        eventually(lambda: list(checkpoints.glob("all_*")), "a checkpoint")
        process.kill()

    told = run_milepost(tmp_path, "ingest", str(path))

    words = told.stdout.replace(";", "").split()
    accepted, duplicates, rejected, resumed = (int(words[place]) for place in (0, 2, 4, 6))
    assert resumed >= 50_000
    assert (accepted + duplicates + resumed, rejected) == (count, 0)
    exported = run_milepost(tmp_path, "export", "csv", str(tmp_path / "events.csv"))
    assert exported.stdout == f"{count} events in {tmp_path}/events.csv\n"
