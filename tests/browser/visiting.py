"""A Chromium on this machine, and a page in it with all that the browser complained of."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import httpx
from playwright.sync_api import ConsoleMessage, Page, expect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = Path(__file__).parents[2] / "test-output"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
# Waits end when what is expected is there; a machine busy with other things may need this long for a page.
expect.set_options(timeout=30_000)


class Visit:
    """One page in a window of its own, and all that the browser complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def assert_clean(self) -> None:
        """Nothing failed, in the page or in the browser."""
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        expect(self.page.get_by_test_id("stAlert")).to_have_count(0)
        assert self.complaints == []

    def photograph(self, name: str) -> None:
        """Keeps the whole page as a picture for people to judge."""
        SCREENSHOTS.mkdir(exist_ok=True)
        height = self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        size = self.page.viewport_size
        assert size is not None
        self.page.set_viewport_size({"width": size["width"], "height": height})
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")
        self.page.set_viewport_size(size)


def websocket_answer(console_url: str, headers: Mapping[str, str]) -> int:
    """The status that a request to open the console's websocket is answered with; 101 where it is opened."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "streamlit",
    }
    with httpx.stream("GET", f"{console_url}/_stcore/stream", headers={**upgrade, **headers}) as answer:
        return answer.status_code
