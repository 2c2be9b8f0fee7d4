"""The console in the frame of another site."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dashboard.page_guard import PageGuard


def _page(request: Request) -> Response:
    return HTMLResponse("<html></html>", headers={"X-Frame-Options": "ALLOWALL", "Cache-Control": "no-cache"})


@pytest.mark.parametrize("path", ["/executive", "/nowhere"])
@pytest.mark.anyio
async def test_whatever_it_answers_may_not_be_framed_by_another_site(path: str) -> None:
    app = PageGuard(Starlette(routes=[Route("/executive", _page)]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        answer = await client.get(path)

    guarding = ("content-security-policy", "x-frame-options", "x-content-type-options")
    assert [answer.headers.get_list(name) for name in guarding] == [
        ["frame-ancestors 'self'"],
        ["SAMEORIGIN"],
        ["nosniff"],
    ]
    assert answer.headers.get("cache-control") == ("no-cache" if path == "/executive" else None)
