"""Digests: when they are made, what they tell, and that each is sent once whatever happens to the process."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from alerts.config import load_routing
from alerts.digests import Digests, digest_at, newest_due
from alerts.muting import build_routing
from domain.alert import Alert, AlertState
from domain.errors import StoreUnreachable, UsageError
from domain.instants import to_micros
from storage.alerts import write_transitions
from storage.client import Store
from tests.builders import alert
from tests.engine import Engine
from tests.fakes import BreakingStore, WebhookReceiver, webhook_receiver
from tests.integration.alerts.pipeline import RunningPipeline
from tests.vendors.smtp import MailServer, mail_server

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# A Monday; 07:30 in Berlin is 06:30 UTC.
MORNING = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)
ROUTING = """
route: {{receiver: ops}}
receivers:
  - name: ops
  - name: finance
    webhook_configs: [{{url: "{url}", timeout: 300ms}}]
{more}
time_intervals:
  - name: open_days
    time_intervals: [{{weekdays: ["monday:friday"], location: Europe/Berlin}}]
digest:
  - name: finance_daily
    at: "07:30"
    time_zone: Europe/Berlin
    receivers: [finance]
    matchers: [severity!=info]
{digest}
"""


def recorded(at: datetime, object: str, **changes: Any) -> Alert:
    """An alert as the tick at an instant stored it."""
    version = to_micros(at) * 1000
    labels = {"legal_entity": "DE01", **changes.pop("labels", {})}
    fired = {"fired_at": at, "recorded_at": at, "version": version, "labels": labels}
    return alert(object=object, **{**fired, **changes})


OPEN = recorded(MORNING - 5 * HOUR, "order/O-1")
MORE = recorded(MORNING - 4 * HOUR, "order/O-2", amount=Decimal("0.50"))
UNKNOWN = recorded(MORNING - 3 * HOUR, "order/O-3", amount=None, currency=None, severity="critical")
DOLLARS = recorded(MORNING - 2 * HOUR, "order/O-4", currency="USD", labels={"legal_entity": "US01"})
SAME_ORDER = recorded(MORNING - HOUR, "order/O-1", name="OrderNotInvoiced")
OF_NO_INTEREST = recorded(MORNING - HOUR, "order/O-9", severity="info")
AT_RISK = recorded(MORNING - HOUR, "order/O-8", state=AlertState.AT_RISK, fired_at=None)
ALL = [OPEN, MORE, UNKNOWN, DOLLARS, SAME_ORDER, OF_NO_INTEREST, AT_RISK]


def ended(fired: Alert, at: datetime, state: AlertState = AlertState.RESOLVED) -> Alert:
    """The same alert after the tick at an instant found it over."""
    version = to_micros(at) * 1000
    return replace(fired, state=state, resolved_at=at, changed_at=at, recorded_at=at, version=version)


@pytest.fixture
def webhook() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as receiver:
        yield receiver


class Finance:
    """A pipeline whose routing file has a digest, begun anew as often as the test likes."""

    def __init__(self, store: Store, folder: Path, webhook: WebhookReceiver, digest: str = "", more: str = "") -> None:
        self.store, self.folder, self.webhook = store, folder, webhook
        self.text = ROUTING.format(url=webhook.url, digest=digest, more=more)
        self.running: RunningPipeline | None = None
        self.digests = Digests(store)

    def tick(self, at: datetime) -> None:
        """A tick at an instant, and all that it sends."""
        if self.running is None:
            self.running = RunningPipeline(self.store, self.folder, self.text, start_at=at)
            self.digests = Digests(self.store)
        self.running.clock.advance(at - self.running.clock.now())
        self.running.tick()
        self.digests.run(self.routing, self.running.dispatcher, at)
        self.running.settle()

    @property
    def routing(self) -> Any:
        return build_routing(load_routing(self.folder / "routing.yaml"))

    def stop(self) -> None:
        if self.running is not None:
            self.running.stop()
        self.running = None

    def told(self) -> list[Any]:
        """What the webhook got since it was asked last, each id once."""
        found = {}
        while not self.webhook.is_quiet():
            message = self.webhook.next().json
            found[message["notificationId"]] = message
        return list(found.values())


@pytest.fixture
def finance(embedded_store: Store, tmp_path: Path, webhook: WebhookReceiver) -> Iterator[Finance]:
    made = Finance(embedded_store, tmp_path, webhook)
    yield made
    made.stop()


def test_a_digest_tells_what_is_open_and_what_ended_by_entity_severity_rule_and_currency(
    finance: Finance, embedded_store: Store
) -> None:
    before = recorded(MORNING - 3 * DAY, "order/O-5")
    write_transitions(embedded_store, [*ALL, before, ended(before, MORNING - 2 * HOUR)])
    withdrawn = recorded(MORNING - 6 * HOUR, "order/O-6")
    write_transitions(embedded_store, [withdrawn, ended(withdrawn, MORNING - 5 * HOUR, AlertState.RETRACTED)])

    finance.tick(MORNING)

    [message] = finance.told()
    counted = ("legal_entity", "severity", "alert", "currency", "open", "open_amount", "open_amounts_unknown")
    assert [tuple(row[name] for name in counted) for row in message["rows"]] == [
        ("DE01", "critical", "OrderNotPosted", None, 1, None, 1),
        ("DE01", "warning", "OrderNotInvoiced", "EUR", 1, "12500.00", 0),
        ("DE01", "warning", "OrderNotPosted", "EUR", 2, "12500.50", 0),
        ("US01", "warning", "OrderNotPosted", "USD", 1, "12500.00", 0),
    ]
    assert [(row["ended"], row["ended_amount"], row["withdrawn"]) for row in message["rows"]] == [
        (0, None, 0),
        (0, None, 0),
        (1, "12500.00", 1),
        (0, None, 0),
    ]
    assert message["rows"][2]["oldest_since"] == "2026-11-02T01:30:00Z"
    # An order with two alerts is counted once.
    assert [(row["legal_entity"], row["currency"], row["open_amount"]) for row in message["totals"]] == [
        ("DE01", "EUR", "12500.50"),
        ("DE01", None, None),
        ("US01", "USD", "12500.00"),
    ]
    assert (message["reason"], message["digest"], message["due_at"]) == (
        *("digest", "finance_daily"),
        "2026-11-02T06:30:00Z",
    )
    assert (message["open"], message["ended"], message["withdrawn"], message["missed"]) == (5, 1, 1, 0)


def test_nothing_open_is_told_as_well_and_only_once_a_day(finance: Finance) -> None:
    # What was due before the program first had the digest is made at once.
    finance.tick(MORNING - timedelta(minutes=1))
    assert [one["due_at"] for one in finance.told()] == ["2026-11-01T06:30:00Z"]
    for at in (MORNING, MORNING + timedelta(seconds=5), MORNING + HOUR, MORNING + DAY - timedelta(seconds=1)):
        finance.tick(at)
        finance.stop()
    [message] = finance.told()
    assert (message["due_at"], message["open"], message["ended"], message["rows"]) == (
        *("2026-11-02T06:30:00Z", 0, 0),
        [],
    )
    finance.tick(MORNING + DAY)
    assert [one["due_at"] for one in finance.told()] == ["2026-11-03T06:30:00Z"]


def test_after_an_outage_the_newest_is_sent_once_and_says_that_others_were_not(
    finance: Finance, embedded_store: Store
) -> None:
    write_transitions(embedded_store, [OPEN])
    finance.tick(MORNING)
    finance.stop()
    write_transitions(embedded_store, [ended(OPEN, MORNING + DAY)])
    finance.tick(MORNING + 3 * DAY + HOUR)
    finance.tick(MORNING + 3 * DAY + 2 * HOUR)

    first, late = finance.told()

    assert (first["open"], first["ended"]) == (1, 0)
    assert (late["due_at"], late["missed"], late["open"], late["ended"]) == ("2026-11-05T06:30:00Z", 2, 0, 1)


def test_what_ends_between_two_digests_is_in_exactly_one(finance: Finance, embedded_store: Store) -> None:
    several = [recorded(MORNING - DAY, f"order/O-{number}") for number in range(6)]
    write_transitions(embedded_store, several)
    for number, one in enumerate(several):
        # The clock of a tick may be behind that of the digest made after it.
        write_transitions(embedded_store, [ended(one, MORNING + number * DAY - timedelta(seconds=number))])
        finance.tick(MORNING + number * DAY + timedelta(seconds=7))

    assert [message["ended"] for message in finance.told()] == [1] * 6


def test_on_days_that_are_closed_none_is_due_and_clocks_that_change_make_none_twice(
    finance: Finance, embedded_store: Store, tmp_path: Path, webhook: WebhookReceiver
) -> None:
    closed = Finance(embedded_store, tmp_path, webhook, "    active_time_intervals: [open_days]")
    (tmp_path / "routing.yaml").write_text(closed.text, encoding="utf-8")
    [config] = closed.routing.digests
    intervals = closed.routing.time_intervals
    friday, monday = datetime(2026, 10, 23, 5, 30, tzinfo=UTC), datetime(2026, 10, 26, 6, 30, tzinfo=UTC)

    assert newest_due(config, intervals, None, friday) == (friday, 0)
    assert newest_due(config, intervals, friday, monday - timedelta(seconds=1)) is None
    assert newest_due(config, intervals, friday, monday) == (monday, 0)
    night = config.model_copy(update={"at": 150, "active_time_intervals": ()})
    saturday = datetime(2026, 10, 24, 0, 30, tzinfo=UTC)
    assert newest_due(night, {}, saturday, saturday + 26 * HOUR) == (saturday + 24 * HOUR, 0)


def test_a_message_for_each_legal_entity_and_one_where_nothing_is_open(
    embedded_store: Store, tmp_path: Path, webhook: WebhookReceiver
) -> None:
    finance = Finance(embedded_store, tmp_path, webhook, "    messages: per_legal_entity")
    finance.tick(MORNING)
    assert [(one["legal_entity"], one["open"]) for one in finance.told()] == [(None, 0)]
    nowhere = recorded(MORNING + HOUR, "order/O-7", labels={"legal_entity": ""})
    write_transitions(embedded_store, [OPEN, DOLLARS, nowhere])
    finance.tick(MORNING + DAY)
    finance.stop()

    assert sorted((one["legal_entity"], one["open"]) for one in finance.told()) == [
        ("DE01", 1),
        ("US01", 1),
        ("unknown legal entity", 1),
    ]


def test_a_process_that_dies_around_any_write_sends_the_digest_once(
    engine: Engine, embedded_store: Store, tmp_path: Path, webhook: WebhookReceiver
) -> None:
    write_transitions(embedded_store, [OPEN, DOLLARS])
    tables = ("notifications", "notification_log")
    with BreakingStore(engine.dsn(embedded_store.database)) as store:
        for breaks_at, after in ((0, False), (0, True), (1, False), (1, True), (2, False), (2, True)):
            for table in tables:
                store.execute(f"TRUNCATE TABLE {table}")
            finance = Finance(store, tmp_path, webhook, "    messages: per_legal_entity")
            finance.tick(MORNING - DAY)
            finance.told()
            store.breaks_after, store.inserts_left = after, breaks_at
            try:
                assert finance.running is not None
                finance.running.clock.advance(DAY)
                finance.digests.run(finance.routing, finance.running.dispatcher, MORNING)
            except StoreUnreachable:
                pass
            finally:
                finance.stop()
                store.inserts_left = None
            finance.tick(MORNING + timedelta(seconds=5))
            finance.tick(MORNING + HOUR)
            finance.stop()

            told = sorted((one["legal_entity"], one["due_at"]) for one in finance.told())
            assert told == [("DE01", "2026-11-02T06:30:00Z"), ("US01", "2026-11-02T06:30:00Z")], (breaks_at, after)


@pytest.fixture
def mails(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path, encrypted=False) as server:
        yield server


def test_an_email_has_the_table_as_text_and_html_and_the_csv_attached(
    embedded_store: Store, tmp_path: Path, webhook: WebhookReceiver, mails: MailServer
) -> None:
    evil = recorded(MORNING - HOUR, "order/O-7", name="=cmd()<b>", labels={"legal_entity": "<DE02>"})
    write_transitions(embedded_store, [*ALL, evil])
    more = (
        "    email_configs: [{to: finance@example.com, from: milepost@example.com, "
        f"smarthost: '127.0.0.1:{mails.port}', require_tls: false}}]"
    )
    finance = Finance(embedded_store, tmp_path, webhook, more=more)
    finance.tick(MORNING)
    finance.stop()

    [mail] = mails.mails
    message = mail.message
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    [attached] = message.iter_attachments()
    assert text is not None
    assert html is not None
    assert message["Subject"] == "[Milepost] Digest finance_daily: 6 open, 0 ended"
    assert text.get_content().replace("\r\n", "\n") == (
        "Digest finance_daily: 6 open, 0 ended\n"
        "This is the daily digest of 2026-11-02 06:30 UTC, ended since 2026-11-01 06:30 UTC.\n"
        "Open, by currency and each object once: 25,000.50 EUR and 12,500.00 USD and 1 amount unknown.\n"
        "Console: http://127.0.0.1:8501\n"
        "\n"
        "<DE02>: 1 open, 0 ended; open 12,500.00 EUR\n"
        "  warning =cmd()<b>: 1 open (12,500.00 EUR, the oldest since 2026-11-02 05:30 UTC)\n"
        "\n"
        "DE01: 4 open, 0 ended; open 12,500.50 EUR and 1 amount unknown\n"
        "  critical OrderNotPosted: 1 open (amount unknown, the oldest since 2026-11-02 03:30 UTC)\n"
        "  warning OrderNotInvoiced: 1 open (12,500.00 EUR, the oldest since 2026-11-02 05:30 UTC)\n"
        "  warning OrderNotPosted: 2 open (12,500.50 EUR, the oldest since 2026-11-02 01:30 UTC)\n"
        "\n"
        "US01: 1 open, 0 ended; open 12,500.00 USD\n"
        "  warning OrderNotPosted: 1 open (12,500.00 USD, the oldest since 2026-11-02 04:30 UTC)\n"
    )
    assert "=cmd()&lt;b&gt;" in html.get_content()
    assert "&lt;DE02&gt;: 1 open" in html.get_content()
    assert (attached.get_filename(), attached.get_content_type()) == ("finance_daily-2026-11-02.csv", "text/csv")
    rows = list(csv.DictReader(io.StringIO(attached.get_content(), newline="")))
    assert [(row["legal_entity"], row["alert"], row["open_amount"]) for row in rows] == [
        ("<DE02>", "'=cmd()<b>", "12500.00"),
        ("DE01", "OrderNotPosted", ""),
        ("DE01", "OrderNotInvoiced", "12500.00"),
        ("DE01", "OrderNotPosted", "12500.50"),
        ("US01", "OrderNotPosted", "12500.00"),
    ]


def test_what_a_digest_would_tell_at_an_instant_is_asked_without_sending_it(
    finance: Finance, embedded_store: Store
) -> None:
    write_transitions(embedded_store, [OPEN, MORE, ended(MORE, MORNING + HOUR)])
    finance.tick(MORNING)
    finance.told()

    before = digest_at(embedded_store, finance.routing, "finance_daily", MORNING - 270 * timedelta(minutes=1))[1]
    after = digest_at(embedded_store, finance.routing, "finance_daily", MORNING + DAY)[1]
    with pytest.raises(UsageError) as refusal:
        digest_at(embedded_store, finance.routing, "weekly", MORNING)

    assert (before.open, before.ended) == (1, 0)
    assert (after.due_at, after.open, after.ended) == (MORNING + DAY, 1, 1)
    assert str(refusal.value) == 'digest "weekly" is not in the routing file; defined there: finance_daily'
    assert finance.told() == []
