"""What a change of contracts is called, breaking or compatible, and where it stands."""

import shutil
import subprocess
from pathlib import Path

import pytest

from collector.contract_changes import changes
from collector.contract_history import contracts_at
from domain.errors import ConfigError, UsageError
from milepost.contract_checks import check_contracts
from tests.unit.collector.contracts import WHOLE, contract_files

OLD = f"""{WHOLE}    aliases: [OrderApproved]
    required: {{amount: decimal, attributes.lines: integer, attributes.tier: [gold, silver]}}
    optional: {{region: text}}
  - event: order.posted
    version: 1
    owner: orders
    object: order
    sources: [crm, erp]
"""
TITLE = 'event contract "order.approved"'
RAISED = f"new.yaml:13:14: compatible: {TITLE} goes from version 3 to 4"


def found(new: str) -> list[str]:
    return [str(change) for change in changes(contract_files(OLD, "old.yaml"), contract_files(new, "new.yaml"))]


def raised(*replacements: tuple[str, str]) -> str:
    """The contracts after some replacements, order.approved in its next version."""
    text = OLD.replace("version: 3", "version: 4")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_contracts_that_stay_as_they_were_have_no_changes() -> None:
    assert found(OLD) == []


def test_another_layout_is_no_change() -> None:
    assert found(OLD.replace("[gold, silver]", "[ gold,  silver ]")) == []


@pytest.mark.parametrize(
    ("replacements", "expected"),
    [
        pytest.param(
            [("optional: {region: text}", "optional: {}"), ("{amount: decimal,", "{amount: decimal, region: text,")],
            f"new.yaml:18:41: breaking: {TITLE} requires region",
            id="an optional field is required",
        ),
        pytest.param(
            [("{amount: decimal,", "{amount: decimal, currency: currency,")],
            f"new.yaml:18:43: breaking: {TITLE} requires currency",
            id="a new field is required",
        ),
        pytest.param(
            [("attributes.lines: integer, ", "")],
            f"old.yaml:18:51: breaking: {TITLE} has no field attributes.lines any more",
            id="a required field is removed",
        ),
        pytest.param(
            [("optional: {region: text}", "optional: {}")],
            f"old.yaml:19:24: breaking: {TITLE} has no field region any more",
            id="an optional field is removed",
        ),
        pytest.param(
            [("amount: decimal", "amount: integer")],
            f"new.yaml:18:24: breaking: {TITLE} narrows amount from decimal to integer",
            id="a decimal is narrowed to a whole number",
        ),
        pytest.param(
            [("[gold, silver]", "[gold]")],
            f"new.yaml:18:77: breaking: {TITLE} narrows attributes.tier from [gold, silver] to [gold]",
            id="a choice has fewer words",
        ),
        pytest.param(
            [("attributes.lines: integer", "attributes.lines: date")],
            f"new.yaml:18:51: breaking: {TITLE} narrows attributes.lines from integer to date",
            id="a type is another",
        ),
        pytest.param(
            [("sources: [crm]", "sources: [erp]")],
            f"old.yaml:16:15: breaking: {TITLE} has no authoritative source crm any more",
            id="an authoritative source is removed",
        ),
        pytest.param(
            [("aliases: [OrderApproved]", "aliases: []")],
            f"old.yaml:17:15: breaking: {TITLE} has no alias OrderApproved any more",
            id="an alias is removed",
        ),
        pytest.param(
            [("object: order\n    sources: [crm]\n    aliases", "object: customer\n    sources: [crm]\n    aliases")],
            f"new.yaml:15:13: breaking: {TITLE} is about customer, no longer order",
            id="the object is another",
        ),
        pytest.param(
            [("    aliases", "    on_violation: reject\n    aliases")],
            f"new.yaml:17:19: breaking: {TITLE} has on_violation reject, was flag",
            id="what was flagged is refused",
        ),
    ],
)
def test_a_change_that_breaks_what_was_agreed_is_breaking(replacements: list[tuple[str, str]], expected: str) -> None:
    breaking = [line for line in found(raised(*replacements)) if "breaking: " in line]

    assert breaking == [expected]


@pytest.mark.parametrize(
    ("replacements", "expected"),
    [
        pytest.param(
            [("optional: {region: text}", "optional: {region: text, legal_entity: text}")],
            f"new.yaml:19:44: compatible: {TITLE} has a new optional field legal_entity",
            id="a new optional field",
        ),
        pytest.param(
            [("{amount: decimal,", "{"), ("{region: text}", "{region: text, amount: decimal}")],
            f"new.yaml:19:38: compatible: {TITLE} no longer requires amount",
            id="a required field is optional",
        ),
        pytest.param(
            [("attributes.lines: integer", "attributes.lines: decimal")],
            f"new.yaml:18:51: compatible: {TITLE} widens attributes.lines from integer to decimal",
            id="a whole number may be a decimal",
        ),
        pytest.param(
            [("[gold, silver]", "text")],
            f"new.yaml:18:77: compatible: {TITLE} widens attributes.tier from [gold, silver] to text",
            id="a choice may be any text",
        ),
        pytest.param(
            [("sources: [crm]", "sources: [crm, erp]")],
            f"new.yaml:16:20: compatible: {TITLE} has a new authoritative source erp",
            id="one more authoritative source",
        ),
        pytest.param(
            [("    aliases", "    personal_data: {attributes.email: mask}\n    aliases")],
            f"new.yaml:17:20: compatible: {TITLE} has another personal_data",
            id="personal data is masked",
        ),
        pytest.param(
            [
                (
                    "    owner: orders\n    object: order\n    sources: [crm]",
                    "    owner: sales\n    object: order\n    sources: [crm]",
                )
            ],
            f"new.yaml:14:12: compatible: {TITLE} has another owner",
            id="somebody else answers for it",
        ),
    ],
)
def test_a_change_that_breaks_nothing_is_compatible(replacements: list[tuple[str, str]], expected: str) -> None:
    assert found(raised(*replacements)) == [RAISED, expected]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param("3", "is changed, but its version is 3 as before", id="the version stays"),
        pytest.param("2", "goes back from version 3 to 2", id="the version goes back"),
    ],
)
def test_a_change_has_to_raise_the_version(version: str, expected: str) -> None:
    text = OLD.replace("version: 3", f"version: {version}").replace("[gold, silver]", "text")

    assert found(text)[0] == f"new.yaml:13:14: breaking: {TITLE} {expected}"


def test_an_event_type_that_is_removed_breaks_its_readers() -> None:
    text = OLD[: OLD.index("  - event: order.posted")]

    assert found(text) == ['old.yaml:20:12: breaking: event contract "order.posted" is removed']


def test_new_contracts_are_compatible() -> None:
    assert [str(change) for change in changes(contract_files("events: []"), contract_files(WHOLE))] == [
        'orders.yaml:1:20: compatible: source "crm" is new',
        'orders.yaml:1:100: compatible: source "erp" is new',
        'orders.yaml:4:13: compatible: object contract "order" is new',
        'orders.yaml:9:14: compatible: object contract "customer" is new',
        'orders.yaml:12:12: compatible: event contract "order.approved" is new',
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            "approved: {order.approved: approved}",
            "approved: {order.posted: posted}",
            [
                'old.yaml:8:79: breaking: object contract "order" has no transition from approved on order.approved to '
                "approved any more",
                'new.yaml:5:14: compatible: object contract "order" goes from version 1 to 2',
                'new.yaml:8:77: compatible: object contract "order" goes from approved on order.posted to posted',
            ],
            id="a transition is removed and another is new",
        ),
        pytest.param(
            "new: {order.approved: approved}",
            "new: {order.approved: done, order.posted: approved}",
            [
                'new.yaml:8:41: breaking: object contract "order" goes from new on order.approved to done, no longer '
                "to approved",
                'new.yaml:5:14: compatible: object contract "order" goes from version 1 to 2',
                'new.yaml:8:61: compatible: object contract "order" goes from new on order.posted to approved',
            ],
            id="a transition leads elsewhere",
        ),
        pytest.param(
            "object: customer, version: 1, owner: master_data, joins: false",
            "object: customer, version: 2, owner: master_data",
            [
                'new.yaml:9:5: compatible: object contract "customer" has another joins',
                'new.yaml:9:33: compatible: object contract "customer" goes from version 1 to 2',
            ],
            id="an object joins",
        ),
    ],
)
def test_changes_of_objects(old: str, new: str, expected: list[str]) -> None:
    assert old in OLD
    text = OLD.replace(old, new)
    if "customer" not in old:
        text = text.replace("object: order\n    version: 1", "object: order\n    version: 2", 1)
    assert found(text) == expected


def test_an_object_that_starts_elsewhere_breaks_what_was_legal() -> None:
    text = OLD.replace("start: new", "start: approved").replace("new: {order.approved: approved}, ", "")

    assert 'new.yaml:7:12: breaking: object contract "order" starts as approved, no longer as new' in found(text)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            ", aliases: ['https://crm.example.com/tenant/7']",
            "",
            'old.yaml:1:35: breaking: source "crm" has no alias https://crm.example.com/tenant/7 any more',
            id="an alias is removed",
        ),
        pytest.param(
            "silent_after: 4h",
            "silent_after: 2h",
            'new.yaml:1:86: compatible: source "crm" has another silent_after',
            id="it may be silent for less",
        ),
        pytest.param(
            "{source: erp}",
            "{source: erp, rate_limit: 5/s}",
            'new.yaml:1:117: breaking: source "erp" has a lower rate_limit',
            id="it may send less",
        ),
    ],
)
def test_changes_of_sources(old: str, new: str, expected: str) -> None:
    assert old in OLD
    assert found(OLD.replace(old, new)) == [expected]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of contracts in a git repository."""
    if not shutil.which("git"):
        pytest.skip("needs git")
    folder = tmp_path / "repository" / "contracts"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "orders.yaml").write_text(OLD, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main", "..")
    commit(folder)
    return folder


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "contracts")


def test_the_contracts_of_a_revision_are_read_from_git(folder: Path) -> None:
    (folder / "deeper" / "orders.yaml").write_text(WHOLE, encoding="utf-8")

    assert contracts_at(folder, "main").contracts == contract_files(OLD).contracts


def test_a_check_against_a_revision_passes_where_nothing_breaks(folder: Path) -> None:
    (folder / "deeper" / "orders.yaml").write_text(raised(("[gold, silver]", "text")), encoding="utf-8")

    outcome = check_contracts(folder, "HEAD")

    place = f"{folder}/deeper/orders.yaml"
    assert outcome.text.splitlines() == [
        f"{place}:13:14: compatible: {TITLE} goes from version 3 to 4",
        f"{place}:18:77: compatible: {TITLE} widens attributes.tier from [gold, silver] to text",
        "2 event contracts in 1 files are right",
        "0 breaking and 2 compatible changes since HEAD",
    ]
    assert outcome.passed


def test_a_check_against_a_revision_refuses_what_breaks(folder: Path) -> None:
    text = OLD.replace("[gold, silver]", "[gold]").replace("sources: [crm, erp]", "sources: [erp]")
    (folder / "deeper" / "orders.yaml").write_text(text, encoding="utf-8")

    outcome = check_contracts(folder, "HEAD")

    place, posted = f"{folder}/deeper/orders.yaml", 'event contract "order.posted"'
    assert outcome.text.splitlines() == [
        f"{place}:13:14: breaking: {TITLE} is changed, but its version is 3 as before",
        f"{place}:18:77: breaking: {TITLE} narrows attributes.tier from [gold, silver] to [gold]",
        f"{place}:21:14: breaking: {posted} is changed, but its version is 1 as before",
        f"HEAD:{place}:24:15: breaking: {posted} has no authoritative source crm any more",
        "2 event contracts in 1 files are right",
        "4 breaking and 0 compatible changes since HEAD",
    ]
    assert not outcome.passed


def test_one_file_is_compared_with_itself(folder: Path) -> None:
    (folder / "more.yaml").write_text("sources: [{source: billing}]\n", encoding="utf-8")
    commit(folder)

    outcome = check_contracts(folder / "more.yaml", "HEAD")

    assert outcome.text.endswith("0 breaking and 0 compatible changes since HEAD")


def test_a_check_without_a_revision_only_validates(folder: Path) -> None:
    outcome = check_contracts(folder, None)

    assert (outcome.text, outcome.passed) == ("2 event contracts in 1 files are right", True)


def test_a_folder_that_was_not_there_yet_held_no_contracts(folder: Path) -> None:
    new = folder.parent / "more"
    new.mkdir()
    (new / "orders.yaml").write_text(WHOLE, encoding="utf-8")

    outcome = check_contracts(new, "HEAD")

    assert outcome.text.endswith("0 breaking and 5 compatible changes since HEAD")
    assert outcome.passed


def test_contracts_that_were_wrong_at_the_revision_are_told_as_such(folder: Path) -> None:
    (folder / "deeper" / "orders.yaml").write_text("events: {}\n", encoding="utf-8")
    commit(folder)
    (folder / "deeper" / "orders.yaml").write_text(OLD, encoding="utf-8")

    with pytest.raises(ConfigError) as refusal:
        check_contracts(folder, "HEAD")

    assert str(refusal.value) == f"HEAD:{folder}/deeper/orders.yaml:1:9: events is a mapping; give a list"


@pytest.mark.parametrize("revision", ["nowhere", "--output=stolen", "HEAD:contracts", ""])
def test_a_revision_that_is_none_is_told(folder: Path, revision: str) -> None:
    with pytest.raises(UsageError) as refusal:
        check_contracts(folder, revision)

    assert str(refusal.value) == (
        f'--against: "{revision}" names no commit in {folder}; give a branch, a tag or a commit, such as origin/main'
    )
    assert not (folder / "stolen").exists()


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_a_folder_outside_of_a_repository_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "orders.yaml").write_text(WHOLE, encoding="utf-8")

    with pytest.raises(UsageError) as refusal:
        check_contracts(tmp_path, "HEAD")

    assert str(refusal.value).startswith(f"--against: {tmp_path}: not a git repository")


def test_a_machine_without_git_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))

    with pytest.raises(UsageError) as refusal:
        check_contracts(folder, "HEAD")

    assert str(refusal.value) == (
        "--against asks git for earlier contracts, and git cannot be run: No such file or directory"
    )
