"""Who may see and do what in the console, on a real store, without a browser and a provider."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from alerts.silences import SilenceWish, put_silence
from dashboard import actions
from dashboard.server import APP
from dashboard.session import ConsoleContext, attach
from dashboard.sign_in import SignIn
from dashboard.sign_in_config import SignInConfig, SignInSetup
from domain.alert import AlertState
from domain.alert_action import ActionKind
from domain.audit import AuditEntry
from domain.clock import FixedClock
from domain.errors import UsageError
from domain.permission import NotPermitted
from domain.silence import SilenceState
from storage.alerts import list_alerts
from storage.audit import audit_page, verify_audit
from storage.client import Store
from storage.silences import list_silences
from tests.browser.stuck_order import STUCK, seed_stuck_order

SETUP = SignInSetup(
    SignInConfig(
        provider="https://login.example.com/.well-known/openid-configuration",
        client_id="milepost",
        client_secret_file=Path("client"),
        roles={"viewer": "staff", "operator": "on-call", "admin": "admins"},  # type: ignore[arg-type]
    ),
    "https://milepost.example.com",
    "of the client",
    "c" * 40,
)
SignedIn = Callable[..., AppTest]


@pytest.fixture
def signed_in(embedded_store: Store, now: datetime) -> SignedIn:
    """Gives the console on a store with a stuck order, opened by somebody of a group; of none where nobody is in."""
    seed_stuck_order(embedded_store, now)

    def open_console(group: str = "", **changes: Any) -> AppTest:
        claims: dict[str, Any] = {
            "is_logged_in": bool(group),
            "iss": "https://login.example.com",
            "sub": "u-1",
            "aud": "milepost",
            "iat": int(now.timestamp()) - 60,
            "nonce": group,
            "email": f"{group}@example.com",
            "groups": [group],
            **changes,
        }
        attach(ConsoleContext(embedded_store, FixedClock(now), sign_in=SignIn(SETUP, lambda: claims)))
        return AppTest.from_file(str(APP), default_timeout=30)

    return open_console


def _shown(page: AppTest) -> str:
    assert [error.message for error in page.exception] == []
    return "".join(block.proto.body for block in page.get("html"))


def _stuck(store: Store) -> str:
    [stuck] = [one for one in list_alerts(store, AlertState.FIRING) if str(one.business_object) == STUCK]
    return stuck.alert_id


def _entries(store: Store, kind: str) -> list[AuditEntry]:
    return [entry for entry in audit_page(store) if entry.kind.startswith(kind)]


def test_nobody_sees_anything_before_signing_in(signed_in: SignedIn, embedded_store: Store) -> None:
    page = signed_in().run()

    shown = _shown(page)

    assert "<h1>Sign in to Milepost</h1>" in shown
    assert "O-1001" not in shown
    assert [button.label for button in page.button] == ["Sign in with the company's sign-in"]
    assert _entries(embedded_store, "session.") == []


def test_a_sign_in_is_written_down_once(signed_in: SignedIn, embedded_store: Store) -> None:
    signed_in("staff").run()
    _shown(signed_in("staff").run())

    [entry] = _entries(embedded_store, "session.sign_in")

    assert entry.who == "staff@example.com"
    assert json.loads(entry.details)["signed_in"] == {"role": "viewer"}
    assert verify_audit(embedded_store).flaw_count == 0


def test_a_refusal_is_shown_and_written_down(signed_in: SignedIn, embedded_store: Store) -> None:
    page = signed_in("strangers").run()

    shown = _shown(page)

    assert "strangers@example.com is in none of the groups that may come in." in shown
    assert "O-1001" not in shown
    [entry] = _entries(embedded_store, "session.refuse")
    assert (entry.who, json.loads(entry.details)["code"]) == ("strangers@example.com", "no_group")


def test_a_sign_in_that_is_over_leads_back_to_the_door(signed_in: SignedIn, now: datetime) -> None:
    page = signed_in("admins", iat=int((now - timedelta(hours=13)).timestamp())).run()

    assert "Your sign-in is over. Sign in again to go on." in _shown(page)


def test_a_viewer_sees_alerts_with_dead_buttons_and_who_may(signed_in: SignedIn, embedded_store: Store) -> None:
    page = signed_in("staff").run()
    page.query_params["alert"] = _stuck(embedded_store)
    page.switch_page("views/on_call.py").run()

    shown = _shown(page)
    buttons = {button.key: button for button in page.button if str(button.key).startswith("do_")}

    assert (
        "No permission to acknowledge, assign, comment on, escalate and mark alerts: operators and admins can." in shown
    )
    assert len(buttons) == 8
    assert all(button.disabled for button in buttons.values())
    assert {button.help for button in buttons.values()} == {"No permission: operators and admins can"}


def test_a_viewer_cannot_end_a_silence(signed_in: SignedIn, embedded_store: Store, now: datetime) -> None:
    put_silence(embedded_store, SilenceWish(["alertname=A"], now + timedelta(hours=1), "rita", "maintenance"), now)
    page = signed_in("staff").run()

    page.switch_page("views/silences.py").run()

    [end] = [button for button in page.button if button.label == "End it"]
    assert end.disabled


def test_an_operator_acts_by_the_name_that_signed_in(signed_in: SignedIn, embedded_store: Store) -> None:
    page = signed_in("on-call").run()
    page.query_params["alert"] = _stuck(embedded_store)
    page.switch_page("views/on_call.py").run()
    page.button(key="do_acknowledge").click().run()

    assert "act_acknowledge_who" not in [one.key for one in page.text_input]
    page.text_area(key="act_acknowledge_reason").set_value("at the period lock")
    page.button(key="act_acknowledge_submit").click().run()

    assert "✓ on-call@example.com" in _shown(page)
    [entry] = _entries(embedded_store, "alert.")
    assert (entry.who, entry.reason) == ("on-call@example.com", "at the period lock")
    assert json.loads(entry.details)["signed_in"] == {"role": "operator"}


def test_what_a_viewer_sends_past_the_page_is_refused_where_it_would_be_done(
    signed_in: SignedIn, embedded_store: Store, now: datetime
) -> None:
    signed_in("staff").run()
    silence = put_silence(embedded_store, SilenceWish(["alertname=A"], now + timedelta(hours=1), "rita", "x"), now)
    refusal = "staff@example.com is a viewer and may not make and end silences; operators and admins may"

    with pytest.raises(NotPermitted) as acting:
        actions.act_on_alert(_stuck(embedded_store), ActionKind.ACKNOWLEDGE, "otto@example.com", "mine")
    with pytest.raises(NotPermitted, match=refusal):
        actions.silence(["alertname=B"], timedelta(hours=1), "otto@example.com", "quiet")
    with pytest.raises(NotPermitted, match=refusal):
        actions.end_silence(silence.silence_id, "otto@example.com", "loud")

    assert str(acting.value) == (
        "staff@example.com is a viewer and may not acknowledge, assign, comment on, escalate and mark alerts; "
        "operators and admins may"
    )
    assert _entries(embedded_store, "alert.") == []
    assert len(list_silences(embedded_store, [SilenceState.ACTIVE], now, 10)) == 1
    denied = _entries(embedded_store, "session.deny")
    assert [(entry.who, entry.subject) for entry in denied] == [
        ("staff@example.com", "handle alerts"),
        ("staff@example.com", "silence"),
        ("staff@example.com", "silence"),
    ]


def test_who_is_signed_in_no_more_cannot_act(signed_in: SignedIn, embedded_store: Store) -> None:
    signed_in()

    with pytest.raises(NotPermitted, match="nobody is signed in any more; sign in again"):
        actions.act_on_alert(_stuck(embedded_store), ActionKind.ACKNOWLEDGE, "ana", "mine")


def test_an_act_without_reason_is_refused(signed_in: SignedIn, embedded_store: Store) -> None:
    signed_in("on-call")

    with pytest.raises(UsageError, match="the reason is missing; whoever takes over reads it"):
        actions.act_on_alert(_stuck(embedded_store), ActionKind.ACKNOWLEDGE, "", " ")

    assert _entries(embedded_store, "alert.") == []


def test_the_audit_page_shows_who_signed_in_and_who_was_refused(signed_in: SignedIn) -> None:
    signed_in("strangers").run()
    page = signed_in("staff").run()
    page.query_params["kind"] = "Sign-ins"

    shown = _shown(page.switch_page("views/audit.py").run())

    assert "session.sign_in" in shown
    assert "session.refuse" in shown
    assert "strangers@example.com is in none of the groups that may come in." in shown
