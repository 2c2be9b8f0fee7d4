"""Makes one HTTP call for a notifier and says what became of it; the only place that speaks HTTP to receivers."""

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import httpx

from alerts.config_parts import HttpConfig
from alerts.notification import FailureReason
from alerts.notifiers.notifier import DeliveryError

# httpx logs the whole address of every request, and a webhook's address is its password.
logging.getLogger("httpx").setLevel(logging.WARNING)
USER_AGENT = f"milepost/{version('milepost')}"
JSON_TYPE = "application/json"
# A receiver's mistake, such as a date in another century, must not silence it for good.
_LONGEST_RETRY_AFTER = timedelta(hours=1)
# Of a refusal's explanation, what an operator reads in one glance.
_EXPLANATION = 200
# Of a refusal's body, what is looked through for that.
_READ_OF_REFUSAL = 4096
# A shorter part of an address is a word.
_SHORTEST_SECRET = 8
# Slack answers with the whole message; no answer that is read is longer.
_READ_OF_ANSWER = 1 << 20


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `secrets` are texts that no error may show, `taken` statuses of success, none for any 2xx."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    method: str = "POST"
    taken: frozenset[int] = frozenset()

    def is_taken(self, response: httpx.Response) -> bool:
        """Whether an answer says that the receiver took the call."""
        return response.status_code in self.taken if self.taken else response.is_success


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered to a call that succeeded."""

    status: int
    body: bytes
    retry_after: timedelta | None


class HttpManner(Protocol):
    """How an entry of a configuration wants HTTP to be spoken."""

    @property
    def timeout(self) -> timedelta: ...
    @property
    def http_config(self) -> HttpConfig: ...


class HttpSender:
    """Calls the configured address and no other: redirects are not followed, the environment names no proxy."""

    def __init__(self, config: HttpManner) -> None:
        """ConfigError where a certificate cannot be read."""
        self._seconds = config.timeout.total_seconds()
        self._client = httpx.Client(
            timeout=self._seconds,
            follow_redirects=False,
            trust_env=False,
            proxy=config.http_config.proxy_url,
            verify=config.http_config.tls_config.context(),
        )

    def send(self, call: Call, now: datetime) -> Reply:
        """The answer to a call that the receiver took; DeliveryError says whether another try can help."""
        headers = {"Content-Type": JSON_TYPE, "User-Agent": USER_AGENT, "Accept-Encoding": "identity", **call.headers}
        ends_at = time.monotonic() + self._seconds
        try:
            with self._client.stream(call.method, call.url, content=call.body, headers=headers) as response:
                limit = _READ_OF_ANSWER if call.is_taken(response) else _READ_OF_REFUSAL
                body = self._read(response, limit, ends_at)
        except httpx.TimeoutException as error:
            message = f"no answer within {self._seconds:g} s"
            raise DeliveryError(FailureReason.TIMEOUT, message, may_have_arrived=not _never_sent(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            message = _hide(f"no connection: {error}", call)
            raise DeliveryError(FailureReason.CONNECTION, message, may_have_arrived=not _never_sent(error)) from error
        retry_after = _retry_after(response.headers.get("Retry-After"), now)
        if call.is_taken(response):
            return Reply(response.status_code, body, retry_after)
        raise _refusal(response, _explanation(body, call), retry_after)

    def close(self) -> None:
        """Gives connections back."""
        self._client.close()

    def _read(self, response: httpx.Response, limit: int, ends_at: float) -> bytes:
        # No more than is used: a receiver may answer with a page or a film, or a byte a second. As it comes over the
        # wire: what is compressed nobody asked for, and it may unpack to any size.
        body = b""
        for chunk in response.iter_raw():
            body += chunk
            if time.monotonic() > ends_at:
                raise httpx.ReadTimeout("the answer does not end", request=response.request)
            if len(body) >= limit:
                break
        return body[:limit]


def _hidden_texts(call: Call) -> list[str]:
    """What no error may show, the longest first: secrets, the address, and every part of it that could be one."""
    parts = urlsplit(call.url)
    values = [value for _, value in parse_qsl(parts.query)]
    pieces = [piece for piece in (*parts.path.split("/"), *values) if len(piece) >= _SHORTEST_SECRET]
    whole = [text for text in (call.url, parts.path, parts.query) if len(text) > 1]
    return sorted({*call.secrets, *whole, *pieces}, key=len, reverse=True)


def _hide(text: str, call: Call) -> str:
    for secret in _hidden_texts(call):
        text = text.replace(secret, "[hidden]")
    return text


def _explanation(body: bytes, call: Call) -> str:
    text = re.sub(r"\s+", " ", _hide(body.decode("utf-8", "replace"), call)).strip()
    if len(body) == _READ_OF_REFUSAL:
        # What was cut off at the end may be the beginning of a secret.
        text = text[: -max(map(len, _hidden_texts(call)))]
    return text[:_EXPLANATION].rstrip()


def _refusal(response: httpx.Response, explanation: str, retry_after: timedelta | None) -> DeliveryError:
    code = response.status_code
    message = f"answered {code} {response.reason_phrase}".rstrip()
    if explanation:
        message += f": {explanation}"
    if code == httpx.codes.TOO_MANY_REQUESTS:
        return DeliveryError(FailureReason.RATE_LIMITED, message, retry_after=retry_after)
    if code >= 500:
        return DeliveryError(FailureReason.SERVER_ERROR, message, retry_after=retry_after, may_have_arrived=True)
    if code == httpx.codes.REQUEST_TIMEOUT:
        return DeliveryError(FailureReason.TIMEOUT, message, may_have_arrived=True)
    if response.is_success:
        return DeliveryError(FailureReason.UNEXPECTED_ANSWER, message, permanent=True, may_have_arrived=True)
    if code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return DeliveryError(FailureReason.UNAUTHORIZED, message, permanent=True)
    reason = FailureReason.CLIENT_ERROR if code >= 400 else FailureReason.REDIRECTED
    return DeliveryError(reason, message, permanent=True)


def _never_sent(error: Exception) -> bool:
    """Whether no byte of the request can have reached the receiver."""
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.InvalidURL)


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long a Retry-After header, in seconds or as a date, asks to wait; None when it cannot be read."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", value):
        wait = timedelta(seconds=int(value))
    else:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        wait = date.replace(tzinfo=date.tzinfo or UTC) - now
    return min(max(wait, timedelta(0)), _LONGEST_RETRY_AFTER)
