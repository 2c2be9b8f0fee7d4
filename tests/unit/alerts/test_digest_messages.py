"""What is said of a digest by receivers that take no table, and how a table is counted."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alerts.digest_table import DigestTable, digest_lines, digest_totals
from alerts.messages.digest_message import COLUMNS, digest_csv
from alerts.messages.story import tell
from alerts.notification import Notification, NotifyReason
from domain.alert import Alert, AlertState
from tests.builders import NOW, alert
from tests.unit.alerts.messages import CONSOLE, notification, notifier

OPEN = [
    alert(labels={"legal_entity": "DE01"}),
    alert(object="order/O-2", amount=Decimal("-0.50"), labels={"legal_entity": "DE01"}),
    alert(object="order/O-3", amount=None, labels={}),
    alert(object="order/O-4", currency=None, labels={}),
]
OVER = [
    replace(alert(object="order/O-5"), state=AlertState.RESOLVED),
    replace(alert(object="order/O-6"), state=AlertState.RETRACTED),
]


def table(alerts: list[Alert], missed: int = 0) -> DigestTable:
    lines, totals = digest_lines(alerts), digest_totals(alerts)
    return DigestTable("finance_daily", NOW, NOW - timedelta(days=1), NOW, missed, lines, totals)


def told(alerts: list[Alert], missed: int = 0) -> Notification:
    about = notification([], {}, NotifyReason.DIGEST, receiver="finance")
    return replace(about, digest=table(alerts, missed))


@pytest.mark.parametrize("kind", ["slack", "slack app", "teams"])
def test_receivers_without_a_table_get_a_short_text(kind: str) -> None:
    sender = notifier(kind)
    try:
        body = json.dumps(json.loads(sender.compose(told([*OPEN, *OVER], 2))), ensure_ascii=False)
        quiet = sender.compose(told([]))
    finally:
        sender.close()

    for part in (
        "Digest finance_daily",
        "4 open, 1 ended, 1 withdrawn",
        "12,499.50 EUR and 2 amounts unknown",
        "2 digests before it were not sent",
    ):
        assert part in body
    assert "nothing open, 0 ended" in quiet


def test_a_short_text_says_counts_money_and_the_oldest() -> None:
    story = tell(told([*OPEN, *OVER]), CONSOLE, 5)
    quiet = tell(told([]), CONSOLE, 5)

    assert story.headline == "[4 open, 1 ended, 1 withdrawn] Digest finance_daily"
    assert story.lead == "12,499.50 EUR and 2 amounts unknown, the oldest since 2026-11-02 12:00 UTC"
    assert story.told_because == "daily digest of 2026-11-02 12:00 UTC, ended since 2026-11-01 12:00 UTC"
    assert (quiet.headline, quiet.lead, quiet.alerts) == ("[nothing open, 0 ended] Digest finance_daily", "", ())


def test_what_is_not_known_is_counted_and_is_not_zero() -> None:
    lines = digest_lines(OPEN)

    assert [(one.legal_entity, one.currency, one.open, one.open_amount, one.open_unknown) for one in lines] == [
        ("DE01", "EUR", 2, Decimal("12499.50"), 0),
        (None, "EUR", 1, None, 1),
        (None, None, 1, None, 1),
    ]
    assert digest_csv([line.row() for line in lines]).splitlines() == [
        ",".join(COLUMNS),
        "DE01,warning,OrderNotPosted,EUR,2,12499.50,0,2026-11-02T12:00:00Z,0,,0,0",
        ",warning,OrderNotPosted,EUR,1,,1,2026-11-02T12:00:00Z,0,,0,0",
        ",warning,OrderNotPosted,,1,,1,2026-11-02T12:00:00Z,0,,0,0",
    ]


def test_an_alert_that_never_fired_is_not_in_it_and_a_suspended_one_that_did_is() -> None:
    at_risk = alert(state=AlertState.AT_RISK, fired_at=None)
    suspended = alert(object="order/O-2", state=AlertState.SUSPENDED)

    assert [line.open for line in digest_lines([at_risk, suspended])] == [1]
