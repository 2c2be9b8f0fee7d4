"""The secret that personal data is hashed with: where it comes from, and what is said when there is none."""

from pathlib import Path

import pytest

from collector.personal_data_key import FILE_NAME, personal_data_key
from domain.contract import Contracts
from domain.errors import ConfigError
from storage.client import Store
from tests.unit.collector.contracts import WHOLE, contract_files

HASHING = contract_files(f"{WHOLE}    personal_data: {{attributes.email: hash}}\n").contracts
MASKING = contract_files(f"{WHOLE}    personal_data: {{attributes.email: mask}}\n").contracts
GIVEN = "a secret of the tests"


@pytest.fixture
def key_file(embedded_store: Store) -> Path:
    """Where an embedded store keeps the key; none is there yet."""
    assert embedded_store.folder is not None
    path = embedded_store.folder / FILE_NAME
    path.unlink(missing_ok=True)
    return path


def refusal(contracts: Contracts, store: Store, given: str | None = None, file: Path | None = None) -> str:
    with pytest.raises(ConfigError) as refused:
        personal_data_key(contracts, store, given, file)
    return str(refused.value)


def test_a_given_key_is_used(store: Store) -> None:
    assert personal_data_key(HASHING, store, GIVEN, None) == GIVEN.encode()


def test_a_file_may_hold_the_key(store: Store, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{GIVEN}\n", encoding="utf-8")

    assert personal_data_key(HASHING, store, None, tmp_path / "key") == GIVEN.encode()


def test_an_embedded_store_gets_a_key_of_its_own_that_stays(embedded_store: Store, key_file: Path) -> None:
    made = personal_data_key(HASHING, embedded_store, None, None)

    assert len(made) == 64
    assert personal_data_key(HASHING, embedded_store, None, None) == made
    assert key_file.stat().st_mode & 0o777 == 0o600


def test_no_key_is_made_where_none_is_needed(embedded_store: Store, key_file: Path) -> None:
    assert personal_data_key(MASKING, embedded_store, None, None) == b""
    assert not key_file.exists()


def test_what_a_crash_left_of_a_key_is_not_used(embedded_store: Store, key_file: Path) -> None:
    key_file.with_suffix(".new").write_text("half", encoding="ascii")

    assert len(personal_data_key(HASHING, embedded_store, None, None)) == 64


@pytest.mark.clickhouse_server
def test_a_server_store_needs_a_key_that_is_given(server_store: Store) -> None:
    assert refusal(HASHING, server_store) == (
        "MILEPOST_PERSONAL_DATA_KEY is not set, but contracts hash personal data and all collectors of a server store "
        "need the same key; give a secret of 16 or more characters, or a file that holds one as "
        "MILEPOST_PERSONAL_DATA_KEY_FILE"
    )


def test_a_key_that_is_short_is_refused_and_not_shown(store: Store) -> None:
    assert refusal(HASHING, store, "secret") == (
        "MILEPOST_PERSONAL_DATA_KEY holds 6 characters; give a secret of 16 or more characters"
    )


def test_a_key_given_twice_is_refused(store: Store, tmp_path: Path) -> None:
    assert refusal(HASHING, store, GIVEN, tmp_path / "key") == (
        "MILEPOST_PERSONAL_DATA_KEY and MILEPOST_PERSONAL_DATA_KEY_FILE are both set; set one"
    )


def test_a_file_that_is_not_there_is_told(store: Store, tmp_path: Path) -> None:
    assert refusal(HASHING, store, None, tmp_path / "key") == (
        f"{tmp_path}/key cannot be read: No such file or directory; give a secret of 16 or more characters"
    )
