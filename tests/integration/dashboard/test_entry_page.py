"""The page that every address begins with says where the console is; nothing else that passes is touched."""

import gzip

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dashboard.entry_page import EntryPage

PAGE = f"<html><head><title>Console</title></head><body>{'<p>Work</p>' * 100}</body></html>"
DOCUMENT = {"Accept": "text/html,application/xhtml+xml", "Accept-Encoding": "gzip"}


def _page(request: Request) -> Response:
    return HTMLResponse(PAGE, status_code=404 if request.url.path == "/gone" else 200)


def _script(request: Request) -> Response:
    return Response("<head>", media_type="text/javascript")


def _client() -> httpx.AsyncClient:
    routes = [Route("/executive", _page), Route("/gone", _page), Route("/page.js", _script)]
    app = Starlette(routes=routes, middleware=[Middleware(GZipMiddleware)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(EntryPage(app)), base_url="http://milepost.example.com")


@pytest.mark.anyio
async def test_a_page_is_told_where_the_console_is_before_anything_is_loaded() -> None:
    async with _client() as client:
        answer = await client.get("/executive", headers=DOCUMENT)

    script = '<script>window.__streamlit = {BACKEND_BASE_URL: window.location.origin + "/"}</script>'
    assert answer.text == PAGE.replace("<head>", f"<head>{script}")
    assert answer.headers["content-length"] == str(len(answer.content))


@pytest.mark.anyio
async def test_a_question_for_the_headers_alone_is_answered_without_a_page() -> None:
    async with _client() as client:
        answer = await client.head("/executive", headers=DOCUMENT)

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("path", "accept", "told"),
    [("/gone", DOCUMENT["Accept"], PAGE), ("/page.js", DOCUMENT["Accept"], "<head>"), ("/executive", "*/*", PAGE)],
)
@pytest.mark.anyio
async def test_all_else_is_handed_on_as_it_is(path: str, accept: str, told: str) -> None:
    async with _client() as client:
        answer = await client.get(path, headers={"Accept": accept})

    assert answer.text == told


@pytest.mark.anyio
async def test_what_is_no_page_may_be_compressed() -> None:
    async with (
        _client() as client,
        client.stream("GET", "/executive", headers={"Accept": "*/*", "Accept-Encoding": "gzip"}) as answer,
    ):
        told = b"".join([part async for part in answer.aiter_raw()])

    assert gzip.decompress(told).decode() == PAGE
