"""Secrets from files: what they are put into, and how a mistake is told without the secret."""

from pathlib import Path

import pytest

from domain.errors import ConfigError
from milepost.settings import Settings, load_settings

STORE = "clickhouse://milepost@clickhouse:8123/milepost"


def settings(folder: Path, **values: str) -> Settings:
    return load_settings({f"MILEPOST_{name}": value for name, value in values.items()}, folder / ".env")


def secret(folder: Path, text: str) -> str:
    path = folder / "secret"
    path.write_text(text, encoding="utf-8")
    return str(path)


def refusal(folder: Path, **values: str) -> str:
    with pytest.raises(ConfigError) as error:
        settings(folder, **values)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "in_dsn"),
    [
        pytest.param("s3cret\n", "s3cret", id="a line break at the end is the editor's"),
        pytest.param("a/b:c@d#e?f%g é", "a%2Fb%3Ac%40d%23e%3Ff%25g%20%C3%A9", id="characters that a DSN would read"),
    ],
)
def test_the_stores_password_comes_from_its_file(tmp_path: Path, text: str, in_dsn: str) -> None:
    read = settings(tmp_path, STORE=STORE, STORE_PASSWORD_FILE=secret(tmp_path, text))

    assert read.store == f"clickhouse://milepost:{in_dsn}@clickhouse:8123/milepost"
    assert in_dsn not in repr(read)


def test_without_a_file_the_address_is_as_it_is_given(tmp_path: Path) -> None:
    assert settings(tmp_path, STORE=STORE).store == STORE


def test_a_password_in_two_places_is_refused(tmp_path: Path) -> None:
    told = refusal(
        tmp_path, STORE="clickhouse://milepost:other@clickhouse/x", STORE_PASSWORD_FILE=secret(tmp_path, "s3cret")
    )

    assert told == "MILEPOST_STORE has a password and MILEPOST_STORE_PASSWORD_FILE is set; set one"


@pytest.mark.parametrize("store", ["chdb:///tmp/store", "clickhouse://clickhouse:8123/milepost"])
def test_a_password_for_nobody_is_refused(tmp_path: Path, store: str) -> None:
    told = refusal(tmp_path, STORE=store, STORE_PASSWORD_FILE=secret(tmp_path, "s3cret"))

    assert told == (
        "MILEPOST_STORE_PASSWORD_FILE is set, but MILEPOST_STORE names no server with a user to give the password to; "
        "give clickhouse://user@host:8123/database"
    )


def test_a_file_that_is_not_there_or_empty_is_told(tmp_path: Path) -> None:
    absent = tmp_path / "absent"

    assert refusal(tmp_path, STORE=STORE, STORE_PASSWORD_FILE=str(absent)) == (
        f"MILEPOST_STORE_PASSWORD_FILE: {absent} cannot be read: No such file or directory"
    )
    empty = secret(tmp_path, "\n")
    assert refusal(tmp_path, TOKEN_FILE=empty) == (
        f"MILEPOST_TOKEN_FILE: {empty} is empty; give a file that holds the secret"
    )


def test_a_token_comes_from_its_file_or_the_environment_not_both(tmp_path: Path) -> None:
    file = secret(tmp_path, "mp_x\n")

    assert settings(tmp_path, TOKEN_FILE=file).token == "mp_x"
    assert refusal(tmp_path, TOKEN="mp_y", TOKEN_FILE=file) == (
        "MILEPOST_TOKEN and MILEPOST_TOKEN_FILE are both set; set one"
    )
