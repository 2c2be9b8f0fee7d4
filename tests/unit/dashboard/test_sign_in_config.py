"""What stands in sign_in.yaml, and what of it is refused with where and why."""

from pathlib import Path

import pytest

from dashboard.sign_in_config import load_sign_in, set_up_sign_in
from domain.errors import ConfigError
from domain.permission import Role

CLIENT_SECRET, COOKIE_SECRET = "of the client", "c" * 40
RIGHT = """provider: https://login.example.com/.well-known/openid-configuration
client_id: milepost
client_secret_file: client
cookie_secret_file: cookie
roles:
  viewer: staff
  admin: [admins]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A right file, its secrets beside it."""
    (tmp_path / "client").write_text(CLIENT_SECRET + "\n", encoding="utf-8")
    (tmp_path / "cookie").write_text(COOKIE_SECRET, encoding="utf-8")
    path = tmp_path / "sign_in.yaml"
    path.write_text(RIGHT, encoding="utf-8")
    return path


def test_a_right_file_gives_what_streamlit_needs(path: Path) -> None:
    setup = set_up_sign_in(path, load_sign_in(path), "https://milepost.example.com")

    assert setup.streamlit_secrets == {
        "auth": {
            "redirect_uri": "https://milepost.example.com/oauth2callback",
            "cookie_secret": COOKIE_SECRET,
            "client_id": "milepost",
            "client_secret": CLIENT_SECRET,
            "server_metadata_url": "https://login.example.com/.well-known/openid-configuration",
            "client_kwargs": {"scope": "openid email profile"},
        }
    }
    assert setup.config.roles.of(Role.VIEWER) == ("staff",)


def test_secrets_are_not_shown(path: Path) -> None:
    setup = set_up_sign_in(path, load_sign_in(path), "https://milepost.example.com")

    assert CLIENT_SECRET not in repr(setup)
    assert COOKIE_SECRET not in repr(setup)


def test_without_a_cookie_secret_each_start_has_its_own(path: Path) -> None:
    path.write_text(RIGHT.replace("cookie_secret_file: cookie\n", ""), encoding="utf-8")
    config = load_sign_in(path)

    first, second = (set_up_sign_in(path, config, "http://127.0.0.1:8501").cookie_secret for _ in range(2))

    assert first != second
    assert len(first) >= 32


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        pytest.param(
            "https://login",
            "http://login",
            ":1:11: provider is an http:// address, and what comes from it could be changed on the way; "
            "give an https one",
            id="a provider without TLS",
        ),
        pytest.param(
            "  viewer: staff\n  admin: [admins]",
            "  viewer: []",
            ":1:1: names no group under roles and no default_role, so nobody could sign in; give one",
            id="nobody who could come in",
        ),
        pytest.param(
            "[admins]",
            "[admins, staff]",
            ':7:19: group "staff" is given for viewer and for admin; give each group one role',
            id="a group with two roles",
        ),
        pytest.param(
            "  admin:",
            "  chief:",
            ':7:3: roles: unknown key "chief"; accepted: viewer, operator, admin',
            id="a role that there is not",
        ),
        pytest.param(
            "client_id: milepost",
            "client_id: milepost\nsession: 60d",
            ":3:10: session is too short or too long; give 5m to 30d, such as 12h",
            id="a session without end",
        ),
    ],
)
def test_a_wrong_file_says_where_and_what_is_accepted(path: Path, before: str, after: str, problem: str) -> None:
    path.write_text(RIGHT.replace(before, after), encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        load_sign_in(path)

    assert str(refused.value) == f"{path}{problem}"


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        pytest.param(
            "http://milepost.example.com",
            "people reach the console at http://milepost.example.com, where sign-ins could be read on the way; give "
            "its https:// address as MILEPOST_CONSOLE_URL, that of a proxy that speaks TLS",
            id="without TLS",
        ),
        pytest.param(
            "https://example.com/milepost",
            "people reach the console at https://example.com/milepost, and sign-in needs an address without a path",
            id="under a path",
        ),
    ],
)
def test_an_address_that_would_not_do_is_refused(path: Path, address: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        set_up_sign_in(path, load_sign_in(path), address)

    assert str(refused.value) == f"{path}: {problem}"


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        pytest.param(
            "client", None, "client_secret_file {file} cannot be read: No such file or directory", id="missing"
        ),
        pytest.param("client", "\n", "client_secret_file {file} is empty", id="empty"),
        pytest.param(
            "cookie",
            "short",
            "cookie_secret_file {file} holds 5 characters; give a random text of 32 or more",
            id="easily guessed",
        ),
    ],
)
def test_a_secret_that_will_not_do_is_not_shown(path: Path, file: str, content: str | None, problem: str) -> None:
    secret = path.parent / file
    secret.unlink()
    if content is not None:
        secret.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        set_up_sign_in(path, load_sign_in(path), "https://milepost.example.com")

    assert str(refused.value) == f"{path}: {problem.format(file=secret)}"
