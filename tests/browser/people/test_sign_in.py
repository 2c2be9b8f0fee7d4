"""Signing in to the real program with a provider on loopback: who gets in, as what, and who does not."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from playwright.sync_api import BrowserContext, expect

from domain.clock import SystemClock
from tests.acceptance.program import RunningMilepost, run_milepost
from tests.browser.people.steps import COOKIE_SECRET, audit, flow, needs_chromium, sign_in
from tests.browser.visiting import SCREENSHOTS
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider


@pytest.mark.browser
@needs_chromium
def test_a_viewer_sees_an_alert_and_cannot_act(
    window: BrowserContext, milepost: RunningMilepost, provider: OidcProvider
) -> None:
    provider.signs_in("u-vera", "vera@example.com", "staff", "others")
    visit = sign_in(window, milepost, "/alerts?state=firing")
    page = visit.page

    expect(page).to_have_url(f"{milepost.console}/alerts?state=firing")
    expect(page.locator(".mp-person")).to_have_text(re.compile("vera@example.com\\s*signed in as viewer"))
    page.get_by_role("button", name=re.compile("Open OrderNotPosted on order O-1001")).click()

    for name in ("Acknowledge", "Assign", "Comment", "Silence", "Useful", "Noise"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_disabled()
    expect(page.get_by_role("note")).to_have_text(
        "No permission to acknowledge, assign, comment on, escalate and mark alerts: operators and admins can."
    )
    assert [entry["who"] for entry in audit(milepost, "alert.")] == []
    visit.assert_clean()


@pytest.mark.browser
@needs_chromium
def test_an_operator_acknowledges_and_the_audit_log_says_who_was_signed_in(
    window: BrowserContext, milepost: RunningMilepost, provider: OidcProvider
) -> None:
    def sign_ins() -> list[str]:
        found = [entry for entry in audit(milepost, "session.sign_in") if entry["who"] == "otto@example.com"]
        return [entry["details"]["subject"] for entry in found]

    # Other tests of this program may have signed the same person in.
    before = sign_ins()
    provider.signs_in("u-otto", "otto@example.com", "on-call")
    visit = sign_in(window, milepost, "/alerts?state=firing")
    page = visit.page
    page.get_by_role("button", name=re.compile("Open OrderNotPosted on order O-1001")).click()
    page.get_by_role("button", name="Acknowledge", exact=True).click()

    expect(page.get_by_label("Your name")).to_have_count(0)
    page.get_by_label("Reason", exact=True).fill("I am at the period lock")
    page.get_by_test_id("stForm").get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.locator(".mp-title-who")).to_contain_text("✓ otto@example.com")

    [act] = audit(milepost, "alert.acknowledge")
    assert (act["who"], act["token"], act["reason"]) == ("otto@example.com", "", "I am at the period lock")
    assert act["details"]["signed_in"] == {"role": "operator"}
    assert sign_ins() == [*before, "u-otto"]
    assert run_milepost(milepost.folder, "audit", "verify").returncode == 0
    visit.assert_clean()


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize(
    "window",
    [
        pytest.param(("light", 1280, 900), id="at a desk, light"),
        pytest.param(("dark", 390, 844), id="on a phone, dark"),
    ],
    indirect=True,
)
def test_somebody_of_another_group_is_told_what_to_do(
    window: BrowserContext, milepost: RunningMilepost, provider: OidcProvider, request: pytest.FixtureRequest
) -> None:
    subject = f"u-{abs(hash(request.node.name))}"
    provider.signs_in(subject, "stranger@example.com", "strangers")
    visit = sign_in(window, milepost, "/alerts")
    page = visit.page

    expect(page.get_by_role("heading", level=1)).to_have_text("You may not come in")
    expect(page.get_by_text("stranger@example.com is in none of the groups that may come in.")).to_be_visible()
    expect(page.get_by_text("O-1001")).to_have_count(0)
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"refused-{page.viewport_size['width']}.png" if page.viewport_size else None)
    [entry] = [one for one in audit(milepost, "session.refuse") if one["details"].get("subject") == subject]
    assert (entry["who"], entry["details"]["code"]) == ("stranger@example.com", "no_group")
    visit.assert_clean()


@pytest.mark.browser
@needs_chromium
def test_signing_out_ends_it_here_and_at_the_provider(
    window: BrowserContext, milepost: RunningMilepost, provider: OidcProvider
) -> None:
    provider.signs_in("u-ada", "ada@example.com", "admins")
    visit = sign_in(window, milepost)
    before = len(provider.signed_out)

    visit.page.get_by_role("button", name="Sign out").click()

    visit.page.get_by_role("button", name="Sign in with Example login").wait_for()
    assert len(provider.signed_out) == before + 1
    assert "_streamlit_user" not in {cookie["name"] for cookie in window.cookies()}
    assert [entry["who"] for entry in audit(milepost, "session.sign_out")][-1] == "ada@example.com"
    assert "sign_in=failed" not in visit.page.url


@pytest.mark.browser
@needs_chromium
def test_a_token_for_another_program_does_not_get_in(
    window: BrowserContext, milepost: RunningMilepost, provider: OidcProvider
) -> None:
    provider.signs_in("u-mallory", "mallory@example.com", "admins")
    # Of a token that names its party authlib does not ask whom it is for.
    provider.changes = {"aud": "another-program", "azp": CLIENT_ID}

    visit = sign_in(window, milepost)

    expect(visit.page.get_by_role("heading", level=1)).to_have_text("You may not come in")
    expect(visit.page.get_by_text("was meant for another program than this one")).to_be_visible()


@pytest.mark.browser
@needs_chromium
def test_who_could_not_sign_in_is_told_so(
    window: BrowserContext, milepost: RunningMilepost, provider: OidcProvider
) -> None:
    provider.signs_in("u-vera", "vera@example.com", "staff")
    provider.refuses = True
    page = window.new_page()
    page.goto(milepost.console)
    page.get_by_role("button", name="Sign in with Example login").click()

    expect(page.get_by_role("alert")).to_contain_text("The last sign-in failed")
    expect(page).to_have_url(f"{milepost.console}/?sign_in=failed")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": "https://elsewhere.example.com"}, id="from another issuer"),
        pytest.param({"aud": "another-program"}, id="for another program"),
        pytest.param({"exp": 1_700_000_000}, id="that has expired"),
        pytest.param({"nonce": "of another sign-in"}, id="that answers another sign-in"),
        pytest.param({"nonce": None}, id="that answers no sign-in"),
        pytest.param({"exp": None}, id="that never expires"),
        pytest.param({"key": "another"}, id="signed with another key"),
    ],
)
def test_a_wrong_token_does_not_get_in(
    milepost: RunningMilepost, provider: OidcProvider, changes: dict[str, Any]
) -> None:
    provider.signs_in("u-ada", "ada@example.com", "admins")
    if "key" in changes:
        provider.key = RSAKey.generate_key(2048, {"kid": "of-tests"})
    else:
        provider.changes = changes
    with httpx.Client(timeout=60) as client:
        answer = flow(milepost, client)

        assert (answer.status_code, answer.headers["location"]) == (302, "/?sign_in=failed")
        assert "_streamlit_user" not in client.cookies
    [entry] = audit(milepost, "session.refuse")[-1:]
    assert entry["details"]["code"] in ("answer_not_accepted", "no_group", "wrong_audience")


def test_a_right_token_gets_in_and_only_once(milepost: RunningMilepost, provider: OidcProvider) -> None:
    provider.signs_in("u-ada", "ada@example.com", "admins")
    with httpx.Client(timeout=60) as client:
        answer = flow(milepost, client)
        again = client.get(answer.request.url)

    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert "_streamlit_user=" in answer.headers["set-cookie"]
    assert again.headers["location"] == "/?sign_in=failed"


def test_a_sign_in_that_another_browser_began_does_not_get_in(
    milepost: RunningMilepost, provider: OidcProvider
) -> None:
    provider.signs_in("u-ada", "ada@example.com", "admins")
    with httpx.Client(timeout=60) as client, httpx.Client(timeout=60) as other:
        answer = flow(milepost, client)
        there = other.get(str(answer.request.url))

    assert there.headers["location"] == "/?sign_in=failed"
    assert "_streamlit_user=ey" not in there.headers.get("set-cookie", "")


def test_the_provider_is_asked_as_configured(milepost: RunningMilepost, provider: OidcProvider) -> None:
    claims = {"provider": "default", "exp": int(SystemClock().now().timestamp()) + 60}
    wish = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(COOKIE_SECRET))

    there = httpx.get(f"{milepost.console}/auth/login", params={"provider": wish}, timeout=60)

    asked = {name: values[0] for name, values in parse_qs(urlsplit(there.headers["location"]).query).items()}
    assert asked["client_id"] == CLIENT_ID
    assert asked["redirect_uri"] == f"{milepost.console}/oauth2callback"
    assert asked["scope"] == "openid email profile"
    assert asked["code_challenge_method"] == "S256"


def test_no_secret_is_in_the_log(milepost: RunningMilepost) -> None:
    printed = "\n".join(milepost.lines)

    assert "audit" in printed
    assert CLIENT_SECRET not in printed
    assert COOKIE_SECRET not in printed
    # Of tokens that are JSON, each begins so.
    assert "eyJ" not in printed


def test_a_console_for_others_without_sign_in_does_not_start(tmp_path: Path) -> None:
    ended = run_milepost(
        tmp_path,
        "up",
        MILEPOST_COLLECTOR_PORT="0",
        MILEPOST_GRPC_PORT="0",
        MILEPOST_CONSOLE_PORT="0",
        MILEPOST_CONSOLE_HOST="0.0.0.0",
    )

    assert ended.returncode == 2
    assert ended.stderr.strip() == (
        "MILEPOST_CONSOLE_HOST is 0.0.0.0: other machines would reach the console, and nobody would have to sign in; "
        "write sign_in.yaml in the folder that MILEPOST_CONFIG names, or give one of 127.0.0.1, ::1, localhost"
    )


def test_a_console_for_this_machine_alone_asks_nobody(tmp_path: Path) -> None:
    with RunningMilepost(tmp_path, MILEPOST_CONSOLE_HOST="127.0.0.1") as running:
        assert httpx.get(running.console, timeout=60).status_code == 200
