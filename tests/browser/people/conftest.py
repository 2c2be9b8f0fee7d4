"""A provider, the program that asks it who people are, and a browser for them."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.acceptance.program import RunningMilepost
from tests.browser.people.steps import COOKIE_SECRET, send_stuck_order
from tests.browser.visiting import CHROMIUM, QUIET
from tests.integration.dashboard.rule_folder import write_rules
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider
from tests.waiting import eventually


@pytest.fixture(scope="package")
def provider() -> Iterator[OidcProvider]:
    """A provider whom nobody has asked for anything yet."""
    with OidcProvider() as provider:
        yield provider


@pytest.fixture(scope="package")
def milepost(provider: OidcProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMilepost]:
    """The program with sign-in and one stuck order."""
    folder = tmp_path_factory.mktemp("sign_in")
    config = folder / "config"
    write_rules(config / "rules")
    (config / "client").write_text(CLIENT_SECRET, encoding="utf-8")
    (config / "cookie").write_text(COOKIE_SECRET, encoding="utf-8")
    (config / "sign_in.yaml").write_text(
        f"provider: {provider.metadata_url}\n"
        f"client_id: {CLIENT_ID}\n"
        "client_secret_file: client\n"
        "cookie_secret_file: cookie\n"
        "name: Example login\n"
        "roles: {viewer: staff, operator: on-call, admin: admins}\n",
        encoding="utf-8",
    )
    with RunningMilepost(folder, MILEPOST_CONFIG=str(config)) as running:
        send_stuck_order(running)
        eventually(lambda: running.alerts(state="firing"), "an alert fires")
        yield running


@pytest.fixture(autouse=True)
def honest(provider: OidcProvider) -> None:
    """The provider does nothing wrong until a test says so."""
    provider.changes, provider.refuses, provider.key = {}, False, provider.own_key


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A Chromium that talks to nobody but this machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def window(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A window without cookies; the parameter is its theme and size."""
    theme: Literal["light", "dark"]
    theme, width, height = getattr(request, "param", ("light", 1280, 900))
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    yield context
    context.close()
