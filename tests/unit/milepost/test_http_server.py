"""Where a server answers, as others are told."""

import pytest

from milepost.http_server import address, bind


@pytest.mark.parametrize(
    ("host", "written"),
    [pytest.param("127.0.0.1", "127.0.0.1", id="IPv4"), pytest.param("::1", "[::1]", id="IPv6")],
)
def test_an_address_is_one_that_a_browser_takes(host: str, written: str) -> None:
    with bind(host, 0, "the test's port") as listening:
        assert address(listening) == f"http://{written}:{listening.getsockname()[1]}"
