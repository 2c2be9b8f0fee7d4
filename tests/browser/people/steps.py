"""What the tests of signing in do again and again: open the door, go through it, and ask the program what it knows."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from playwright.sync_api import BrowserContext, expect

from domain.clock import SystemClock
from tests.acceptance.program import RunningMilepost
from tests.browser.visiting import CHROMIUM, Visit

COOKIE_SECRET = "of cookies, and long enough to be hard to guess"
expect.set_options(timeout=60_000)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine; install the package chromium"
)


def send_stuck_order(milepost: RunningMilepost) -> None:
    at = SystemClock().now() - timedelta(days=7)
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "crm",
        "type": "order.approved",
        "time": at.isoformat().replace("+00:00", "Z"),
        "data": {"objects": [{"type": "order", "id": "O-1001"}], "amount": "12500.00", "currency": "EUR"},
    }
    httpx.post(
        f"{milepost.collector}/v1/events",
        content=json.dumps(event),
        headers={"Content-Type": "application/cloudevents+json"},
    ).raise_for_status()


def audit(milepost: RunningMilepost, kind: str = "") -> list[dict[str, Any]]:
    """The entries of acts whose kind begins so, the oldest first."""
    response = httpx.get(f"{milepost.collector}/api/audit", params={"first": 0}, timeout=30)
    entries = [{**entry, "details": json.loads(entry["details"])} for entry in response.json()]
    return [entry for entry in entries if entry["kind"].startswith(kind)]


def sign_in(window: BrowserContext, milepost: RunningMilepost, path: str = "/") -> Visit:
    visit = Visit(window.new_page())
    visit.page.goto(f"{milepost.console}{path}")
    visit.page.get_by_role("button", name="Sign in with Example login").click()
    visit.page.get_by_role("button", name="Sign out").wait_for()
    return visit


def flow(milepost: RunningMilepost, client: httpx.Client) -> httpx.Response:
    """What the console answers to the provider's answer, without a browser."""
    claims = {"provider": "default", "exp": int(SystemClock().now().timestamp()) + 60}
    wish = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(COOKIE_SECRET))
    there = client.get(f"{milepost.console}/auth/login", params={"provider": wish})
    back = client.get(there.headers["location"])
    return client.get(back.headers["location"])


def versions_of(milepost: RunningMilepost, rule: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{milepost.collector}/api/rules/versions", params={"alert": rule}, timeout=30)
    rows: list[dict[str, Any]] = answer.json()["versions"]
    return rows
