"""The demo's local webhook: takes notifications, drops repeats, says one line about each and lists them."""

import json
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from babel.numbers import format_compact_currency

from domain.errors import UsageError

ID_HEADER = "X-Milepost-Notification-Id"
KEPT = 200
# Repeats are dropped for longer than messages are kept: a sender may try again for hours.
_REMEMBERED_IDS = 10_000
_LARGEST_BODY = 4 * 1024 * 1024

Message = dict[str, Any]


class WebhookReceiver:
    """A small HTTP server on loopback; POST anywhere delivers, GET /notifications lists, newest first.

    A notification id seen before is answered 200 and changes nothing, since delivery is at least once.
    """

    def __init__(self, port: int, report: Callable[[str], None]) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._messages: list[Message] = []
        self._seen: OrderedDict[str, None] = OrderedDict()
        receiver = self

        class Handler(_Handler):
            owner = receiver

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise UsageError(f"the demo's webhook cannot listen on 127.0.0.1:{port}: {error.strerror}") from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="demo-webhook", daemon=True)

    @property
    def url(self) -> str:
        """Where notifications are to be sent."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def notifications(self) -> list[Message]:
        """What was received, newest first, at most KEPT."""
        with self._lock:
            return self._messages[::-1]

    def take(self, notification_id: str | None, message: Message) -> bool:
        """Records a message; False if its id was seen before."""
        with self._lock:
            if notification_id is not None:
                if notification_id in self._seen:
                    return False
                self._seen[notification_id] = None
                if len(self._seen) > _REMEMBERED_IDS:
                    self._seen.popitem(last=False)
            self._messages = [*self._messages, {"notification_id": notification_id, "body": message}][-KEPT:]
            self._report(f"webhook: {summary(message)}")
        return True


def summary(message: Message) -> str:
    """One line about a message: how many alerts, which, and the money behind them."""
    if isinstance(incident := message.get("incident"), dict):
        return _incident(incident)
    alerts = [alert for alert in _list(message.get("alerts")) if isinstance(alert, dict)]
    counts = Counter((str(alert.get("status", "?")), _name(alert)) for alert in alerts)
    # Firing before resolved: what needs somebody comes first.
    parts = [f"{number} {status} {name}" for (status, name), number in sorted(counts.items())]
    money = [text for entry in _list(message.get("moneyAtRisk")) if (text := _money(entry))]
    return ", ".join([*(parts or ["no alerts"]), *([f"{' + '.join(money)} at risk"] if money else [])])


def _incident(incident: Message) -> str:
    """One line about an incident: the hop, and all that waits behind it, of which a message lists only the first."""
    counts = [(one.get("count"), one.get("type")) for one in _list(incident.get("objects")) if isinstance(one, dict)]
    objects = [f"{count} {type_}{'' if count == 1 else 's'}" for count, type_ in counts]
    money = [text for entry in _list(incident.get("money")) if (text := _money(entry))]
    unknown = [f"{incident['moneyUnknown']} of unknown amount"] if incident.get("moneyUnknown") else []
    waits = "waited" if incident.get("endedAt") else "waiting"
    hop = f"{incident.get('service', '')} {incident.get('operation', '')}".strip() or "?"
    figures = ", ".join([*objects, *([f"{' + '.join([*money, *unknown])} at risk"] if money or unknown else [])])
    return f"incident {incident.get('state', '?')} at {hop}: {waits} {figures or 'nothing'}"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(alert: Message) -> str:
    labels = alert.get("labels")
    return str(labels.get("alertname", "?")) if isinstance(labels, dict) else "?"


def _money(entry: object) -> str:
    """An amount in short form, such as €1.2M; alerts whose amount is not known are counted, never taken as zero."""
    if not isinstance(entry, dict):
        return ""
    parts = []
    amount, currency = entry.get("amount"), entry.get("currency")
    if amount is not None and currency:
        try:
            value = Decimal(str(amount))
        except InvalidOperation:
            return ""
        digits = 1 if abs(value) >= 1000 else 0
        parts.append(str(format_compact_currency(value, str(currency), locale="en", fraction_digits=digits)))
    if entry.get("unknown"):
        parts.append(f"{entry['unknown']} of unknown amount")
    return " and ".join(parts)


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection; `owner` is set by the receiver it belongs to."""

    owner: WebhookReceiver
    protocol_version = "HTTP/1.1"
    # A client that keeps a connection open and says nothing does not hold a thread for ever.
    timeout = 60

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self._answer(413 if length.isdecimal() else 411, {"error": f"give a body of at most {_LARGEST_BODY} bytes"})
            return
        try:
            message = json.loads(self.rfile.read(int(length)))
        except ValueError as error:
            self._answer(400, {"error": f"the body is not JSON: {error}"})
            return
        if not isinstance(message, dict):
            self._answer(400, {"error": "the body is not a JSON object"})
            return
        is_new = self.owner.take(self.headers.get(ID_HEADER), message)
        self._answer(200, {"repeated": not is_new})

    def do_GET(self) -> None:
        if self.path != "/notifications":
            self._answer(404, {"error": "GET /notifications lists what was received"})
            return
        self._answer(200, self.owner.notifications())

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the receiver's own line about a message is enough."""

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
