"""A header that claims who somebody is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from streamlit.web import bootstrap
from streamlit.web.server.starlette.starlette_websocket import gather_user_info

from dashboard.server import _options

CLAIM = Headers({"X-Forwarded-User": "root@example.com"})


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A file in the folder of the program that asks Streamlit to believe the header."""
    (tmp_path / ".streamlit").mkdir()
    asking = '[server.trustedUserHeaders]\n"X-Forwarded-User" = "email"\n'
    (tmp_path / ".streamlit" / "config.toml").write_text(asking, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        yield
    bootstrap.load_config_options({})


@pytest.mark.usefixtures("asked_for")
def test_no_header_says_who_somebody_is_whatever_a_file_of_streamlits_asks_for() -> None:
    bootstrap.load_config_options({})
    believed = gather_user_info(CLAIM)

    bootstrap.load_config_options(_options(None, ""))

    assert believed == {"email": "root@example.com"}
    assert gather_user_info(CLAIM) == {}
