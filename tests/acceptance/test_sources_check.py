"""`milepost sources check` as a user runs it: what it prints and how it ends."""

from pathlib import Path

from tests.acceptance.program import run_milepost

SHOP = "title: A shop\nauthentication: none\nmap: {id: event.id, time: event.at}\ntypes: [{type_from: event.kind}]\n"
SOLD = '{"id": 1, "at": "2026-11-02T09:30:00Z", "kind": "sold"}'


def own_source(folder: Path, definition: str = SHOP, expected: str | None = None) -> dict[str, str]:
    """Settings with a source of one's own and a sample beside it."""
    samples = folder / "config/sources/samples/shop"
    samples.mkdir(parents=True)
    (samples / "sold.json").write_text(SOLD)
    (folder / "config/sources/shop.yaml").write_text(definition)
    if expected is not None:
        (samples / "sold.expected.json").write_text(expected)
    return {"MILEPOST_CONFIG": str(folder / "config")}


def test_the_shipped_sources_and_ones_own_are_checked(tmp_path: Path) -> None:
    expected = (
        '{"events": [{"id": "1", "source": "shop", "type": "sold", "time": "2026-11-02T09:30:00Z", "objects": []}],'
        ' "rejected": []}'
    )

    done = run_milepost(tmp_path, "sources", "check", **own_source(tmp_path, expected=expected))

    assert (done.returncode, done.stderr) == (0, "")
    unknown, summary = done.stdout.split("\n", 1)
    assert unknown == (
        f'{tmp_path}/config/sources/shop.yaml: warning: no contract knows the source "shop", so it is never silent and '
        "its word counts for nothing. Add it to the sources of the contracts, or to the aliases of one"
    )
    assert summary.startswith("13 sources (chargebee, ")
    assert done.stdout.endswith(" samples: all as expected\n")


def test_a_difference_ends_in_one(tmp_path: Path) -> None:
    done = run_milepost(tmp_path, "sources", "check", **own_source(tmp_path, expected='{"events": []}'))

    assert done.returncode == 1
    assert "sold.json: does not become what sold.expected.json expects" in done.stdout


def test_a_mistake_ends_in_two_with_its_place(tmp_path: Path) -> None:
    done = run_milepost(tmp_path, "sources", "check", **own_source(tmp_path, SHOP.replace("event.at", "evnt.at")))

    assert done.returncode == 2
    assert 'shop.yaml:3:27: map.time is "evnt.at", which begins with "evnt"' in done.stderr


def test_a_folder_can_be_checked_alone(tmp_path: Path) -> None:
    own_source(tmp_path)

    done = run_milepost(tmp_path, "sources", "check", "config/sources")

    assert done.stdout.endswith("1 sources (shop), 1 samples, 1 differences\n")
