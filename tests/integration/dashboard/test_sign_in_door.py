"""What passes the console's door: the way back, and cookies that only travel encrypted."""

from datetime import datetime

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.sign_in_door import SignInDoor
from domain.clock import FixedClock
from storage.audit import audit_page
from storage.client import Store

DOCUMENT = {"Sec-Fetch-Dest": "document"}


async def _streamlit(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers the provider's answer as Streamlit does: `code=good` signs in, all else does not."""
    request = Request(scope)
    response: Response = Response("page")
    if scope["path"] == "/oauth2callback":
        response = RedirectResponse("/", status_code=302)
        if request.query_params.get("code") == "good":
            response.set_cookie("_streamlit_user", "eyJ", httponly=True)
        else:
            response.delete_cookie("_streamlit_user")
    await response(scope, receive, send)


def _client(store: Store, now: datetime, *, is_https: bool = False) -> httpx.AsyncClient:
    app: ASGIApp = SignInDoor(_streamlit, store, FixedClock(now), is_https=is_https)
    scheme = "https" if is_https else "http"
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"{scheme}://milepost.example.com")


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/alerts?state=firing&alert=ab", "/alerts?state=firing&alert=ab"),
        ("/trace?object=order%2FO%20%C3%9C", "/trace?object=order%2FO%20%C3%9C"),
        ("/?sign_in=failed", "/"),
        ("//elsewhere.example.com/", "/"),
        ("/%5Celsewhere.example.com", "/"),
        ("/a%0d%0aSet-Cookie:x", "/"),
    ],
)
@pytest.mark.anyio
async def test_who_signs_in_gets_where_they_wanted(
    embedded_store: Store, now: datetime, asked: str, led_to: str
) -> None:
    async with _client(embedded_store, now) as client:
        await client.get(f"http://milepost.example.com{asked}", headers=DOCUMENT)
        answer = await client.get("/oauth2callback?code=good&state=s")

    assert answer.headers["location"] == led_to
    assert audit_page(embedded_store) == []


@pytest.mark.anyio
async def test_what_a_page_loads_is_no_place_to_come_back_to(embedded_store: Store, now: datetime) -> None:
    async with _client(embedded_store, now) as client:
        await client.get("/alerts", headers=DOCUMENT)
        await client.get("/static/console.css", headers={"Sec-Fetch-Dest": "style"})
        answer = await client.get("/oauth2callback?code=good&state=s")

    assert answer.headers["location"] == "/alerts"


@pytest.mark.anyio
async def test_cookies_travel_encrypted_where_the_console_is_reached_so(embedded_store: Store, now: datetime) -> None:
    async with _client(embedded_store, now, is_https=True) as client:
        secured = await client.get("/oauth2callback?code=good&state=s")
    async with _client(embedded_store, now) as client:
        plain = await client.get("/oauth2callback?code=good&state=s")

    assert secured.headers["set-cookie"].endswith("; Secure")
    assert "; Secure" not in plain.headers["set-cookie"]


@pytest.mark.anyio
async def test_many_failures_make_one_entry(embedded_store: Store, now: datetime) -> None:
    async with _client(embedded_store, now) as client:
        answers = [await client.get("/oauth2callback?code=bad&state=s") for _ in range(3)]

    assert {answer.headers["location"] for answer in answers} == {"/?sign_in=failed"}
    [entry] = audit_page(embedded_store)
    assert (entry.kind, entry.subject) == ("session.refuse", "sign-in")


@pytest.mark.anyio
async def test_signing_out_at_the_provider_is_no_failure(embedded_store: Store, now: datetime) -> None:
    async with _client(embedded_store, now) as client:
        answer = await client.get("/oauth2callback")

    assert answer.headers["location"] == "/"
    assert audit_page(embedded_store) == []
