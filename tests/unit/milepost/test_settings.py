"""Settings from the environment and `.env`: what is taken and how a mistake is told."""

from pathlib import Path

import pytest

from domain.errors import ConfigError
from milepost.settings import Settings, load_settings


@pytest.mark.parametrize("field", Settings.model_fields)
def test_an_empty_value_counts_as_not_set(tmp_path: Path, field: str) -> None:
    assert load_settings({f"MILEPOST_{field.upper()}": ""}, tmp_path / ".env") == load_settings({}, tmp_path / ".env")


def test_the_environment_goes_before_the_file_unless_it_says_nothing(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("MILEPOST_COLLECTOR_PORT=1\nMILEPOST_CONSOLE_PORT=2\nMILEPOST_CONFIG=\n", encoding="utf-8")

    settings = load_settings({"MILEPOST_COLLECTOR_PORT": "3", "MILEPOST_CONSOLE_PORT": ""}, dotenv)

    assert (settings.collector_port, settings.console_port, settings.config) == (3, 2, None)


def test_a_home_of_nobody_ends_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings({"MILEPOST_CONFIG": "~nosuchuser/x"}, tmp_path / ".env")

    assert str(refusal.value) == (
        "MILEPOST_CONFIG is '~nosuchuser/x': there is no such user. "
        "A folder with rules/, contracts/, routing.yaml, calendars.yaml, kpis.yaml and correlation.yaml, each of which "
        "replaces the shipped one, sources/, kpis/ and close/, which are added to the shipped ones, pulls/, "
        "interventions.yaml and sign_in.yaml."
    )


@pytest.mark.parametrize(
    "address", ["milepost.example.com", "ftp://milepost.example.com", "https://", "https://a.b/?c"]
)
def test_a_public_address_that_is_none_ends_in_a_sentence(address: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings({"MILEPOST_PUBLIC_URL": address}, tmp_path / ".env")

    assert str(refusal.value) == (
        f"MILEPOST_PUBLIC_URL is {address!r}: it is no web address, such as https://milepost.example.com. "
        "The address under which the world reaches the collector; some vendors sign it."
    )


def test_the_consoles_address_is_kept_without_the_slash_that_paths_bring(tmp_path: Path) -> None:
    def read(address: str) -> str | None:
        return load_settings({"MILEPOST_CONSOLE_URL": address}, tmp_path / ".env").console_url

    assert read("https://example.com/milepost/") == "https://example.com/milepost"
    assert read("") is None
    with pytest.raises(ConfigError) as refusal:
        read("example.com")
    assert str(refusal.value) == (
        "MILEPOST_CONSOLE_URL is 'example.com': it is no web address, such as https://milepost.example.com. "
        "The address under which people reach the console; links in messages and sign-in lead there."
    )


def test_a_file_that_is_not_text_ends_in_a_sentence(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"MILEPOST_LOG=\xff\n")

    with pytest.raises(ConfigError) as refusal:
        load_settings({}, dotenv)

    assert str(refusal.value) == f"{dotenv} cannot be read: it is not UTF-8 text"
