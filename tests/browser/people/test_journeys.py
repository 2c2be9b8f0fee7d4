"""What people who are signed in do from beginning to end: silence a maintenance window, change a rule."""

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.acceptance.program import RunningMilepost
from tests.browser.people.steps import audit, needs_chromium, sign_in, versions_of
from tests.oidc_provider import OidcProvider
from tests.waiting import eventually


@pytest.mark.browser
@needs_chromium
def test_a_maintenance_window_is_silenced(
    window: BrowserContext, milepost: RunningMilepost, provider: OidcProvider
) -> None:
    provider.signs_in("u-otto", "otto@example.com", "on-call")
    visit = sign_in(window, milepost, "/silences")
    page = visit.page
    page.get_by_role("button", name="New silence").click()
    page.get_by_role("textbox", name="Which alerts").fill("alertname=OrderNotFulfilled")
    page.get_by_text("at a time to come").click()
    page.get_by_role("textbox", name="For how long").fill("3h")
    page.get_by_label("Reason", exact=True).fill("the ERP is being updated")
    page.get_by_test_id("stForm").get_by_role("button", name="Silence", exact=True).click()

    row = page.locator(".mp-silence", has_text="the ERP is being updated")
    expect(row).to_contain_text("to begin, begins in")
    expect(row).to_contain_text("by otto@example.com")
    [entry] = audit(milepost, "silence.add")
    assert (entry["who"], entry["details"]["signed_in"]) == ("otto@example.com", {"role": "operator"})
    visit.photograph("silences-with-window")
    visit.assert_clean()


@pytest.mark.browser
@needs_chromium
def test_a_rule_is_edited_through_to_its_new_version(
    window: BrowserContext, milepost: RunningMilepost, provider: OidcProvider
) -> None:
    provider.signs_in("u-ada", "ada@example.com", "admins")
    visit = sign_in(window, milepost, "/rules?rule=OrderNotFulfilled")
    page = visit.page
    page.get_by_role("button", name="Edit", exact=True).click()
    text = page.get_by_label("The rule (YAML)")
    # The box is on the page a moment before its text is.
    expect(text).to_have_value(re.compile("within: 80h"))
    before = text.input_value()
    text.fill(before.replace("80h", "80 hours"))
    text.blur()
    expect(page.locator(".mp-result").first).to_contain_text("OrderNotFulfilled, line 2, column")
    text.fill(before.replace("80h", "80h30m"))
    text.blur()
    expect(page.locator(".mp-result").first).to_contain_text("The rule is right")
    page.get_by_role("button", name="Run the tests").click()
    expect(page.locator(".mp-result").last).to_contain_text("2 tests passed")
    page.get_by_role("button", name="Backtest", exact=True).click()
    expect(page.locator(".mp-sides")).to_be_visible()
    visit.photograph("rule-editor")
    page.get_by_label("Reason", exact=True).fill("carriers need half an hour more")
    page.get_by_role("button", name="Save the rule").click()

    expect(page.get_by_text("within 3 d 8 h").first).to_be_visible()
    versions = eventually(lambda: versions_of(milepost, "OrderNotFulfilled")[1:], "the next tick adopts it")
    expect(
        page.get_by_role("region", name="Versions of the rule and the cases they judge").locator("tbody tr")
    ).to_have_count(2)
    expect(page.get_by_role("region", name="Versions of the rule and the cases they judge")).to_contain_text(
        versions[-1]["rule_version"][:8]
    )
    [entry] = audit(milepost, "rule.save")
    assert (entry["who"], entry["reason"]) == ("ada@example.com", "carriers need half an hour more")
    assert "within: 80h30m" in entry["details"]["diff"]
    visit.assert_clean()
