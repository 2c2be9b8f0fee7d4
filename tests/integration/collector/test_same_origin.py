"""Other web pages can neither send events nor read anything; every client that is no browser is untouched."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from collector.receivers.cloudevents import STRUCTURED
from storage.events import count_events
from tests.integration.collector.running import RunningCollector, event

FOREIGN = {"code": "foreign_origin", "reason": "requests of other web pages are not taken"}
UNKNOWN = {"code": "unknown_host", "reason": "only 127.0.0.1, localhost and [::1] are answered as the Host"}
BODY = json.dumps(event(1)).encode()


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"sec-fetch-site": "cross-site"}, id="of another site"),
        pytest.param({"sec-fetch-site": "Cross-Site"}, id="of another site, spelt otherwise"),
        pytest.param({"sec-fetch-site": "same-site"}, id="of another port here"),
        pytest.param({"origin": "https://evil.example"}, id="with another origin"),
        pytest.param({"origin": "http://127.0.0.1:1"}, id="with the origin of another port"),
        pytest.param({"origin": "null"}, id="with a hidden origin"),
        pytest.param({"origin": ""}, id="with an empty origin"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/events", "/v1/traces", "/metrics", "/api/alerts"])
def test_a_request_of_another_page_is_refused(collector: RunningCollector, path: str, headers: dict[str, str]) -> None:
    response = collector.http.post(path, content=BODY, headers=headers)

    assert (response.status_code, response.json()) == (403, FOREIGN)
    assert count_events(collector.store) == 0
    assert collector.letters() == []


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:4318", "localhost.evil.example", "127.0.0.1.evil.example:80", "127.0.0.1@evil", ""],
)
@pytest.mark.parametrize("path", ["/healthz", "/api/alerts"])
def test_a_request_for_another_host_is_refused(collector: RunningCollector, path: str, host: str) -> None:
    response = collector.http.get(path, headers={"host": host})

    assert (response.status_code, response.json()) == (421, UNKNOWN)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:4318", "[::1]", "[::1]:4318", "127.0.0.1:99"])
def test_a_request_for_loopback_is_answered(collector: RunningCollector, host: str) -> None:
    assert collector.http.get("/healthz", headers={"host": host}).status_code == 200


def test_a_client_without_a_host_is_answered(collector: RunningCollector) -> None:
    parts = urlsplit(collector.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_what_a_person_opens_and_this_server_s_own_pages_ask_is_answered(
    collector: RunningCollector, site: str
) -> None:
    response = collector.post(BODY, STRUCTURED, sec_fetch_site=site, origin=collector.url)

    assert response.status_code == 202
