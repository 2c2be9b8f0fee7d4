"""Where the demo company's notifications go: a webhook receiver of its own, and the routing that names it."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from milepost.demo.webhook_receiver import WebhookReceiver


@contextlib.contextmanager
def demo_receiver(report: Callable[[str], None]) -> Iterator[WebhookReceiver]:
    """A running receiver, which tells `report` what it gets."""
    receiver = WebhookReceiver(0, report)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


@contextlib.contextmanager
def demo_routing(webhook_url: str) -> Iterator[Path]:
    """The demo's routing file in a folder of its own, beside the address it sends to."""
    with tempfile.TemporaryDirectory(prefix="milepost-demo-") as folder:
        path = Path(folder) / "routing.yaml"
        shutil.copy(Path(__file__).parent / "routing.yaml", path)
        (path.parent / "webhook_url").write_text(webhook_url, encoding="utf-8")
        yield path
