"""The console in a real browser: what a person sees, clicks and gets."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, WebSocket, expect

from dashboard.doors import attach_doors
from dashboard.session import ConsoleContext, attach, current
from domain.alert import alert_id
from domain.business_object import BusinessObject
from domain.clock import FixedClock
from rules.engine import Engine as RulesEngine
from storage.client import Store
from storage.migrator import migrate
from tests.browser.closing import reopen_close
from tests.browser.refused_posting import seed_refused_posting
from tests.browser.stuck_order import ERROR, STUCK
from tests.browser.visiting import CHROMIUM, SCREENSHOTS, Visit, websocket_answer
from tests.builders import NOW
from tests.engine import Engine

# What a page in each theme is drawn on, and its charts are lettered in.
THEMES: tuple[tuple[Literal["light", "dark"], str, str], ...] = (
    ("light", "rgb(255, 255, 255)", "rgb(20, 24, 31)"),
    ("dark", "rgb(14, 17, 22)", "rgb(231, 234, 239)"),
)
STUCK_ALERT = alert_id("OrderNotPosted", BusinessObject.parse(STUCK), "")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; install the package chromium"),
]


def test_an_alert_leads_to_the_trace_that_explains_it(window: BrowserContext, console_url: str) -> None:
    visit = Visit(window.new_page())
    page = visit.page
    page.goto(console_url)

    expect(page.get_by_role("status")).to_contain_text("1 object worth €12.5\u202fK is past its service window")
    page.get_by_role("link", name="O-1001").click()

    expect(page).to_have_url(f"{console_url}/trace?object=order%2FO-1001")
    expect(page.get_by_role("status")).to_contain_text("order/O-1001 is stuck: OrderNotPosted, 1 h past its deadline")
    expect(page.get_by_role("status")).to_contain_text(ERROR)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    visit.assert_clean()


def test_a_key_figure_is_followed_to_the_order_and_to_the_call_that_failed(
    window: BrowserContext, console_url: str
) -> None:
    visit = Visit(window.new_page())
    page = visit.page
    page.goto(f"{console_url}/executive?over=30d")
    expect(page.locator(".mp-tile", has_text="Order activation latency")).to_contain_text("10 min")
    page.get_by_role("link", name="Order activation latency").first.click()
    page.get_by_role("radio", name="still open").or_(page.get_by_role("button", name="still open")).click()
    page.get_by_role("link", name="O-1001").first.click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("O-1001")
    expect(page.get_by_role("status")).to_contain_text(ERROR)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    visit.photograph("kpi-to-span")
    visit.assert_clean()


def test_a_search_for_any_id_opens_its_journey(window: BrowserContext, console_url: str) -> None:
    visit = Visit(window.new_page())
    visit.page.goto(console_url)

    visit.page.get_by_placeholder("Search any order").fill("q2c-001001")
    visit.page.keyboard.press("Enter")

    expect(visit.page.get_by_role("heading", level=1)).to_contain_text("O-1001")
    expect(visit.page).to_have_url(f"{console_url}/trace?object=q2c-001001")
    visit.assert_clean()


def test_what_is_chosen_on_top_stays_from_page_to_page_and_links_do_not_load_the_page_anew(
    window: BrowserContext, console_url: str
) -> None:
    visit = Visit(window.new_page())
    page = visit.page
    page.goto(f"{console_url}/?region=EMEA")
    expect(page.get_by_role("link", name="O-1001")).to_be_visible()
    expect(page.get_by_role("link", name="O-3003")).to_have_count(0)
    page.evaluate("window.milepost_stays = true")

    page.get_by_role("link", name="Rules").click()
    expect(page.get_by_role("note")).to_contain_text("EMEA changes nothing here: rules are the same for all")
    expect(page).to_have_url(f"{console_url}/rules?region=EMEA")
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("link", name="O-1001")).to_be_visible()
    expect(page).to_have_url(re.compile("region=EMEA"))
    page.get_by_role("link", name="O-1001").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("O-1001")

    assert page.evaluate("window.milepost_stays")
    visit.assert_clean()


@pytest.mark.parametrize("landscape", [False, True], ids=["upright", "across"])
def test_the_executive_page_prints_on_one_page(window: BrowserContext, console_url: str, *, landscape: bool) -> None:
    visit = Visit(window.new_page())
    visit.page.goto(f"{console_url}/executive?over=30d")
    expect(visit.page.locator(".mp-kpis").first).to_be_visible()

    paper = visit.page.pdf(format="A4", landscape=landscape, print_background=True)

    SCREENSHOTS.mkdir(exist_ok=True)
    (SCREENSHOTS / f"executive-{'across' if landscape else 'upright'}.pdf").write_bytes(paper)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    visit.assert_clean()


def test_filters_stand_in_the_url_and_survive_a_reload(window: BrowserContext, console_url: str) -> None:
    visit = Visit(window.new_page())
    visit.page.goto(f"{console_url}/?entity=GB01&range=7d")
    expect(visit.page.get_by_role("link", name="O-3003")).to_be_visible()
    expect(visit.page.get_by_role("link", name="O-1001")).to_have_count(0)

    visit.page.get_by_role("radio", name="30d").click()
    expect(visit.page).to_have_url(f"{console_url}/?entity=GB01&range=30d")
    visit.page.reload()

    expect(visit.page.get_by_text("in the last 30 days").first).to_be_visible()
    visit.assert_clean()


@pytest.mark.parametrize(
    "window",
    [pytest.param(("desk", "light"), id="at a desk"), pytest.param(("phone", "dark"), id="on a phone")],
    indirect=True,
)
def test_an_alert_is_acknowledged_by_clicking(
    window: BrowserContext, console_url: str, request: pytest.FixtureRequest
) -> None:
    who = f"ana at {request.node.callspec.params['window'][0]}"
    visit = Visit(window.new_page())
    page = visit.page
    page.goto(f"{console_url}/alerts?state=firing")
    page.get_by_role("button", name="Open OrderNotPosted on order O-1001").click()

    expect(page).to_have_url(re.compile(r"/alerts\?(state=firing&)?alert=[0-9a-f]{32}"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("O-1001")
    again = page.get_by_role("button", name="Un-acknowledge", exact=True)
    page.get_by_role("button", name="Acknowledge", exact=True).or_(again).first.wait_for()
    if again.is_visible():
        # By the test before: both look at one store.
        again.click()
        page.get_by_label("Your name", exact=True).fill(who)
        page.get_by_label("Reason", exact=True).fill("for the next one")
        page.get_by_test_id("stForm").get_by_role("button", name="Un-acknowledge").click()
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    page.get_by_label("Your name", exact=True).fill(who)
    page.get_by_label("Reason", exact=True).fill("I am at the period lock")
    page.get_by_test_id("stForm").get_by_role("button", name="Acknowledge", exact=True).click()

    expect(page.locator(".mp-title-who")).to_contain_text(f"✓ {who}")
    # While the page is drawn anew what stood before stands beside it.
    expect(page.locator(".mp-people").filter(has_text="I am at the period lock").first).to_be_visible()
    page.get_by_role("button", name="All alerts").click()
    expect(page.locator(".mp-row-firing")).to_contain_text(f"✓ {who}")
    visit.assert_clean()


def test_an_order_is_found_in_the_work_list_and_a_comment_on_it_stands_in_the_pane(
    window: BrowserContext, console_url: str
) -> None:
    visit = Visit(window.new_page())
    page = visit.page
    page.goto(f"{console_url}/work")
    page.get_by_placeholder("Object id").fill("1001")
    page.keyboard.press("Enter")
    expect(page.locator(".mp-work-row", has_text="O-3003")).to_have_count(0)
    page.get_by_role("button", name="Show OrderNotPosted on order O-1001").click()
    expect(page.locator(".st-key-pane h1")).to_contain_text("O-1001")
    page.get_by_role("button", name="Comment", exact=True).click()
    page.get_by_label("Reason", exact=True).fill("The period is open")

    # The page is drawn anew while somebody types.
    page.locator("[class*=st-key-pick_] label").click()
    expect(page.get_by_text("1 object of 1 selected")).to_be_visible()
    expect(page.get_by_label("Reason", exact=True)).to_have_value("The period is open")
    page.get_by_label("Your name", exact=True).fill("ana")
    page.get_by_label("Reason", exact=True).fill("The period is open again at noon")
    page.get_by_test_id("stForm").get_by_role("button", name="Comment", exact=True).click()

    expect(page.locator(".st-key-pane .mp-people").first).to_contain_text("The period is open again at noon")
    expect(page.locator(".mp-work-note").first).to_contain_text("The period is open again at noon")
    visit.assert_clean()


def test_a_handoff_that_is_clicked_in_the_flow_map_shows_its_objects(window: BrowserContext, console_url: str) -> None:
    visit = Visit(window.new_page())
    page = visit.page
    page.goto(f"{console_url}/flow?range=30d")
    page.locator(".js-plotly-plot .scatterlayer .point").first.click(force=True)

    expect(page).to_have_url(re.compile("edge="))
    expect(page.get_by_role("region", name="Objects that made the handoff")).to_be_visible()
    visit.assert_clean()


def test_a_close_is_signed_off_and_seen_suspended(window: BrowserContext, console_url: str, engine: Engine) -> None:
    visit = Visit(window.new_page())
    page = visit.page
    page.goto(f"{console_url}/close?period=2026-11&of=DE01")
    expect(page.get_by_role("link", name="DE01, Approved orders posted: blocked")).to_be_visible()
    page.get_by_text("Although 1 gate is blocked, in flight or unknown").click()
    page.get_by_label("Your name", exact=True).fill("ana")
    page.get_by_label("Reason", exact=True).fill("accruals are booked")
    page.get_by_role("button", name="Sign off DE01 2026-11").click()
    expect(page.locator(".mp-verdict")).to_contain_text("Signed off with open blockers by ana")

    with Store(engine.dsn("console")) as store:
        reopen_close(store, NOW)
    page.reload()

    expect(page.locator(".mp-verdict")).to_contain_text("Sign-off suspended")
    expect(page.locator(".mp-verdict").get_by_role("link", name="O-LATE")).to_be_visible()
    expect(page.locator(".mp-sentence")).to_contain_text("DE01 was signed off and reopened since")
    visit.photograph("close-suspended")
    visit.assert_clean()


def test_the_stuck_order_is_found_from_its_incident_and_acknowledged(window: BrowserContext, console_url: str) -> None:
    visit = Visit(window.new_page())
    page = visit.page
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    page.goto(f"{console_url}/alerts")
    card = page.locator(".mp-incident").first
    expect(card).to_contain_text("erp POST /erp/orders fails")
    expect(card).to_contain_text("€12.5\u202fK · 1 order behind it")
    page.get_by_role("button", name="Look into it").click()

    expect(page).to_have_url(re.compile(r"/alerts\?incident=[0-9a-f]{32}"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("erp POST /erp/orders fails")
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    page.get_by_label("Your name", exact=True).fill("ivo")
    page.get_by_label("Reason", exact=True).fill("I am at the period lock")
    # What stands around the form is refreshed, twice.
    for _ in range(2):
        sockets[-1].wait_for_event("framereceived", timeout=30_000)
    expect(page.get_by_label("Reason", exact=True)).to_have_value("I am at the period lock")
    page.get_by_test_id("stForm").get_by_role("button", name="Acknowledge", exact=True).click()

    expect(page.locator(".mp-title-who")).to_contain_text(re.compile("✓ (ivo|ana)"))
    page.get_by_role("link", name="order O-1001").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("O-1001")
    visit.assert_clean()


@pytest.fixture
def refused(console_url: str, engine: Engine) -> Iterator[RulesEngine]:
    """The same console on a company whose order waits for an event that was refused; and the engine of its rules."""
    context = current()
    with Store(engine.dsn("refused")) as store:
        migrate(store, NOW)
        rules = seed_refused_posting(store, NOW)
        attach(ConsoleContext(store, FixedClock(NOW)))
        yield rules
        attach_doors()
        attach(context)
    engine.drop("refused")


@pytest.mark.parametrize(
    "window",
    [pytest.param(("desk", "light"), id="at a desk, light"), pytest.param(("phone", "dark"), id="on a phone, dark")],
    indirect=True,
)
def test_a_dead_letter_is_replayed_and_its_alert_resolves(
    window: BrowserContext, console_url: str, refused: RulesEngine, request: pytest.FixtureRequest
) -> None:
    visit = Visit(window.new_page())
    page = visit.page
    page.goto(f"{console_url}/alerts")
    expect(page.locator(".mp-row-firing")).to_contain_text("order O-4004")

    page.goto(f"{console_url}/dead-letters")
    expect(page.locator(".mp-row-letter").first).to_contain_text("order.posted/1: amount is missing")
    visit.photograph(f"dead-letters-{'-'.join(request.node.callspec.params['window'])}")
    page.get_by_role("button", name="Open contract_violation of erp").click()
    expect(page).to_have_url(re.compile(r"/dead-letters\?letter=d{32}"))
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="What a replay would do now")).to_contain_text(
        "would be accepted"
    )
    page.get_by_label("Your name", exact=True).fill("ana")
    page.get_by_label("Reason", exact=True).fill("the contract is right now")
    page.get_by_test_id("stForm").get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_role("row", name="accepted")).to_contain_text("ana")
    refused.tick(NOW + timedelta(seconds=1))

    page.goto(f"{console_url}/alerts")
    expect(page.get_by_text("Nothing is open")).to_be_visible()
    visit.assert_clean()


def test_instants_are_in_the_readers_zone(window: BrowserContext, console_url: str) -> None:
    visit = Visit(window.new_page())
    visit.page.goto(console_url)

    row = visit.page.get_by_role("row", name="O-1001")
    expect(row.locator("time").first).to_have_text("2 Nov 08:00")
    expect(row.locator("time").first).to_have_attribute("title", "2026-11-02 07:00:00.000 UTC")


def test_numbers_have_the_marks_of_the_readers_language(browser: Browser, console_url: str) -> None:
    context = browser.new_context(locale="de-DE")
    visit = Visit(context.new_page())
    visit.page.goto(console_url)

    expect(visit.page.get_by_role("status")).to_contain_text("worth €12,5\u202fK")
    visit.assert_clean()
    context.close()


def test_a_source_tells_its_lag_on_hover_and_its_event_types_in_a_table(
    window: BrowserContext, console_url: str
) -> None:
    visit = Visit(window.new_page())
    visit.page.goto(console_url)

    source = visit.page.locator(".mp-source", has_text="middleware")
    expect(source).to_have_text("middleware silent for 4 h 58 min")
    expect(source).to_have_attribute("title", re.compile("last event received 2026-11-02 07:02:00.000 UTC"))
    visit.page.get_by_role("paragraph").filter(has_text="Sources by event type").click()
    expect(visit.page.get_by_role("row", name="middleware order.transmitted")).to_be_visible()

    visit.photograph("sources")
    visit.assert_clean()


@pytest.mark.parametrize(
    "window",
    [pytest.param(("desk", "light"), id="at a desk"), pytest.param(("phone", "light"), id="on a phone")],
    indirect=True,
)
@pytest.mark.parametrize(
    ("name", "path"),
    [
        pytest.param("overview", "/", id="the overview"),
        pytest.param("trace", "/trace?object=O-1001", id="a trace"),
        pytest.param("alerts", "/alerts", id="alerts"),
        pytest.param("alert", f"/alerts?alert={STUCK_ALERT}", id="one alert"),
        pytest.param("work", f"/work?alert={STUCK_ALERT}", id="the work list with its pane"),
        pytest.param("reconciliation", "/reconcile", id="reconciliation"),
        pytest.param("flow", "/flow", id="the flow map"),
        pytest.param("dead-letters-none", "/dead-letters", id="dead letters"),
        pytest.param("silences", "/silences", id="silences"),
        pytest.param("close", "/close?period=2026-11", id="the close"),
        pytest.param("audit", "/audit", id="the audit log"),
    ],
)
def test_a_page_fits_its_window(
    window: BrowserContext, console_url: str, name: str, path: str, request: pytest.FixtureRequest
) -> None:
    visit = Visit(window.new_page())
    visit.page.goto(f"{console_url}{path}")
    drawn = ".js-plotly-plot" if name in ("overview", "trace", "work", "flow") else ".mp-heading"
    expect(visit.page.locator(drawn).last).to_be_visible()

    size, _ = request.node.callspec.params["window"]
    for theme, ground, ink in THEMES:
        visit.page.emulate_media(color_scheme=theme)
        expect(visit.page.get_by_test_id("stApp")).to_have_css("background-color", ground)
        for chart in visit.page.locator(".js-plotly-plot").all():
            # Charts are drawn anew a moment after the page.
            expect(chart.locator("text").first).to_have_css("fill", ink)
        assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        visit.photograph(f"{name}-{size}-{theme}")
    visit.assert_clean()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Origin": "{console}"}, 101, id="the console's own page"),
        pytest.param({"Origin": "https://evil.example"}, 403, id="another site's page"),
        pytest.param({"Origin": "null"}, 403, id="a page without a site"),
        pytest.param({"Origin": "http://evil.example", "Host": "evil.example"}, 403, id="a name that leads here"),
    ],
)
def test_only_its_own_page_may_open_the_consoles_websocket(
    console_url: str, headers: dict[str, str], status: int
) -> None:
    told = {name: value.format(console=console_url) for name, value in headers.items()}
    assert websocket_answer(console_url, told) == status
    assert httpx.get(console_url).headers["content-security-policy"] == "frame-ancestors 'self'"
