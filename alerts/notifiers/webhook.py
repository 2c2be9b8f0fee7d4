"""Posts a notification to a configured address, signed where a secret is configured."""

import hashlib
import hmac
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path

import httpx

from alerts.config import WebhookConfig
from alerts.messages.webhook_body import webhook_body
from alerts.notification import FailureReason, Notification
from alerts.notifiers.notifier import DeliveryError
from domain.errors import ConfigError
from domain.instants import to_micros

# httpx logs the whole address of every request, and a webhook's address is its password.
logging.getLogger("httpx").setLevel(logging.WARNING)
USER_AGENT = f"milepost/{version('milepost')}"
# A receiver's mistake, such as a date in another century, must not silence it for good.
_LONGEST_RETRY_AFTER = timedelta(hours=1)
# Of a refusal's explanation, what an operator reads in one glance.
_EXPLANATION_BYTES = 200


class WebhookNotifier:
    """One entry of `webhook_configs`; redirects are not followed and no proxy of the environment is used."""

    def __init__(self, config: WebhookConfig, console_url: str, environ: Mapping[str, str]) -> None:
        """Reads the files and variables that the entry names, so that a missing one is known at the start."""
        self._config = config
        self._console_url = console_url.rstrip("/")
        self._environ = environ
        self._client = httpx.Client(timeout=config.timeout.total_seconds(), follow_redirects=False, trust_env=False)
        self._url()
        self._secret()

    def compose(self, notification: Notification) -> str:
        return webhook_body(notification, max_alerts=self._config.max_alerts, console_url=self._console_url)

    def send(self, notification: Notification, now: datetime) -> None:
        try:
            url, secret = self._url(), self._secret()
        except ConfigError as error:
            raise DeliveryError(FailureReason.CONFIGURATION, str(error)) from error
        body = notification.body.encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Idempotency-Key": notification.notification_id,
            "X-Milepost-Notification-Id": notification.notification_id,
        }
        if secret is not None:
            headers["X-Milepost-Signature"] = signature(secret, body, now)
        try:
            with self._client.stream("POST", url, content=body, headers=headers) as response:
                explanation = _explanation(response)
        except httpx.TimeoutException as error:
            seconds = self._config.timeout.total_seconds()
            raise DeliveryError(FailureReason.TIMEOUT, f"no answer within {seconds:g} s") from error
        except httpx.HTTPError as error:
            raise DeliveryError(FailureReason.CONNECTION, f"no connection: {error}") from error
        _check(response, explanation, now)

    def close(self) -> None:
        self._client.close()

    def _url(self) -> str:
        text = self._config.url if self._config.url is not None else _read(self._config.url_file)
        try:
            if httpx.URL(text).scheme in ("http", "https"):
                return text
        except httpx.InvalidURL:
            pass
        # What stands there instead may be a secret, so it is not shown.
        raise ConfigError(message=f"{self._config.url_file or 'url'} does not hold a web address")

    def _secret(self) -> bytes | None:
        if self._config.secret_file is not None:
            return _read(self._config.secret_file).encode()
        if self._config.secret_env is None:
            return None
        secret = self._environ.get(self._config.secret_env)
        if not secret:
            raise ConfigError(message=f"the environment variable {self._config.secret_env} is not set")
        return secret.encode()


def signature(secret: bytes, body: bytes, now: datetime) -> str:
    """The header by which a receiver knows that a body is ours and fresh: HMAC-SHA256 over `<t>.<body>`."""
    seconds = to_micros(now) // 1_000_000
    digest = hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def _read(path: Path | None) -> str:
    if path is None:
        raise ConfigError(message="give either url or url_file")
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(message=f"{path} cannot be read: {cause}") from error
    if not text:
        raise ConfigError(message=f"{path} is empty")
    return text


def _explanation(response: httpx.Response) -> str:
    # Read no more than is shown: a receiver may answer with a page or a film.
    text = b""
    for chunk in response.iter_bytes(_EXPLANATION_BYTES):
        text += chunk
        if len(text) >= _EXPLANATION_BYTES:
            break
    return re.sub(r"\s+", " ", text[:_EXPLANATION_BYTES].decode("utf-8", "replace")).strip()


def _check(response: httpx.Response, explanation: str, now: datetime) -> None:
    code = response.status_code
    if response.is_success:
        return
    message = f"answered {code} {response.reason_phrase}".rstrip()
    if explanation:
        message += f": {explanation}"
    retry_after = _retry_after(response.headers.get("Retry-After"), now)
    if code == httpx.codes.TOO_MANY_REQUESTS:
        raise DeliveryError(FailureReason.RATE_LIMITED, message, retry_after=retry_after)
    if code >= 500:
        raise DeliveryError(FailureReason.SERVER_ERROR, message, retry_after=retry_after)
    if code == httpx.codes.REQUEST_TIMEOUT:
        raise DeliveryError(FailureReason.TIMEOUT, message)
    reason = FailureReason.CLIENT_ERROR if code >= 400 else FailureReason.REDIRECTED
    raise DeliveryError(reason, message, permanent=True)


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
