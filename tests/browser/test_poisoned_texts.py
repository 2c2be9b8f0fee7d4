"""What systems sent, made to be markup, links and pictures, on every page that shows it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, expect

from dashboard.session import ConsoleContext, attach, current
from domain.clock import FixedClock
from storage.alerts import write_transitions
from storage.client import Store
from storage.dead_letters import DeadLetter, insert_dead_letters
from storage.events import insert_events
from storage.freshness import note_traffic
from storage.migrator import migrate
from storage.traces import insert_traces
from tests.browser.visiting import CHROMIUM, Visit
from tests.builders import NOW, alert, event_row, otlp_request, span
from tests.engine import Engine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; install the package chromium"),
]
ELSEWHERE = "elsewhere.example"
# As Markdown, which labels of buttons are; as HTML, which pages and charts are.
POISON = (
    f"![p](https://{ELSEWHERE}/p.png)[here](https://{ELSEWHERE})<img src=https://{ELSEWHERE}/i.png>"
    f'<a href="https://{ELSEWHERE}">there</a><script>document.title="poisoned"</script>'
)
PAGES = ("", "alerts", "dead-letters", "work", "sources", "flow")


@pytest.fixture(scope="module")
def poisoned_url(console_url: str, engine: Engine) -> Iterator[str]:
    """The console of a company in which every text that a sender chooses is poisoned."""
    context = current()
    with Store(engine.dsn("poisoned")) as store:
        migrate(store, NOW)
        events = [
            event_row(
                f"{number}-{POISON}",
                f"order.{name}{POISON}",
                [f"order/{POISON}", f"customer/{POISON}/{POISON}"],
                source=POISON,
                occurred_at=NOW - timedelta(hours=5 - number),
                amount="99.00",
                currency="EUR",
                legal_entity=POISON,
                region=POISON,
                correlation_id=POISON,
                trace_id=bytes(range(16)).hex(),
                data=json.dumps({"note": POISON}),
            )
            for number, name in enumerate(("approved", "posted"))
        ]
        insert_events(store, events)
        note_traffic(store, NOW - timedelta(days=1), NOW)
        failed = span(POISON, start=NOW - timedelta(hours=4), error=POISON)
        insert_traces(store, [otlp_request(failed, service=POISON).SerializeToString()])
        labels = {"legal_entity": POISON, "region": POISON}
        late = alert(object=f"order/{POISON}", reason=POISON, labels=labels, annotations={"summary": POISON})
        write_transitions(store, [late])
        letter = DeadLetter(
            dead_letter_id="e" * 32,
            received_at=NOW - timedelta(minutes=5),
            channel="events",
            code="invalid_event",
            reason=POISON,
            source=POISON,
            event_id=POISON,
            content_type=POISON,
            body=POISON.encode(),
        )
        insert_dead_letters(store, [letter])
        attach(ConsoleContext(store, FixedClock(NOW)))
        yield console_url
        attach(context)
    engine.drop("poisoned")


@pytest.mark.parametrize("page_name", [*PAGES, "trace"])
def test_a_poisoned_text_is_text_on_every_page(window: BrowserContext, poisoned_url: str, page_name: str) -> None:
    asked: list[str] = []
    visit = Visit(window.new_page())
    page = visit.page
    page.on("request", lambda request: asked.append(urlsplit(request.url).hostname or ""))
    query = f"?{urlencode({'object': f'order/{POISON}'})}" if page_name == "trace" else ""
    page.goto(f"{poisoned_url}/{page_name}{query}")
    expect(page.get_by_test_id("stMain")).to_contain_text("![p](")
    page.wait_for_load_state("networkidle")

    expect(page.locator(f"img[src^='https://{ELSEWHERE}'], a[href^='https://{ELSEWHERE}']")).to_have_count(0)
    assert ELSEWHERE not in asked
    assert page.title() != "poisoned"
    visit.assert_clean()
