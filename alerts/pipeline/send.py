"""Makes one try at a notification and says when, if ever, to make the next."""

import logging
import random
from dataclasses import replace
from datetime import datetime, timedelta
from traceback import format_tb

from alerts.metrics import AlertMetrics
from alerts.notification import FailureReason, Notification
from alerts.notifiers.notifier import DeliveryError, Integration
from domain.clock import Clock
from storage.notifications import NotificationStatus

logger = logging.getLogger(__name__)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=1)


def pause_before_retry(attempts: int, rng: random.Random) -> timedelta:
    """How long to wait after that many tries: doubling from one second to a minute, half as much either way.

    The spread keeps notifications that failed together from coming back together.
    """
    pause = min(FIRST_PAUSE * (1 << min(attempts - 1, 10)), LONGEST_PAUSE)
    return pause * rng.uniform(0.5, 1.5)


class Send:
    """Tries one integration; a receiver that asked to be left alone is, whatever the notification."""

    def __init__(self, integration: Integration, clock: Clock, rng: random.Random, metrics: AlertMetrics) -> None:
        self._notifier = integration.notifier
        self._clock = clock
        self._rng = rng
        self._latency = metrics.latency.labels(integration.receiver, integration.name)
        self._left_alone_until: datetime | None = None

    def run(self, notification: Notification, now: datetime) -> Notification:
        if self._left_alone_until is not None and now < self._left_alone_until:
            error = notification.error or "the receiver asked to be left alone for now"
            return self._later(notification, self._left_alone_until, FailureReason.RATE_LIMITED, error)
        attempts = notification.attempts + 1
        try:
            receipt = self._notifier.send(notification, now)
        except DeliveryError as error:
            tried = replace(notification, attempts=attempts)
            return self._after_failure(tried, error, self._observe(now))
        except Exception as error:  # noqa: BLE001 - whatever a notifier meets, its other messages still have to go out
            tried = replace(notification, attempts=attempts)
            return self._after_failure(tried, _unforeseen(error), self._observe(now))
        self._observe(now)
        delivered = replace(notification, attempts=attempts, status=NotificationStatus.DELIVERED, receipt=receipt)
        return replace(delivered, error="", failure=None)

    def _observe(self, began_at: datetime) -> datetime:
        ended_at = self._clock.now()
        self._latency.observe((ended_at - began_at).total_seconds())
        return ended_at

    def _after_failure(self, notification: Notification, error: DeliveryError, now: datetime) -> Notification:
        if error.permanent:
            return _failed(notification, error.reason, str(error))
        retry_at = now + pause_before_retry(notification.attempts, self._rng)
        if error.retry_after is not None:
            self._left_alone_until = now + error.retry_after
            retry_at = max(retry_at, self._left_alone_until)
        return self._later(notification, retry_at, error.reason, str(error))

    def _later(self, notification: Notification, retry_at: datetime, reason: FailureReason, error: str) -> Notification:
        if retry_at >= notification.deadline:
            return _failed(notification, reason, f"gave up after {notification.attempts} tries: {error}")
        return replace(notification, retry_at=retry_at, error=error, failure=reason)


def _unforeseen(error: Exception) -> DeliveryError:
    # Not what the error says: that may hold an address, and an address is a password.
    logger.error("a notifier met an unforeseen %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
    return DeliveryError(FailureReason.UNFORESEEN, f"unforeseen {type(error).__name__}; the log says where")


def _failed(notification: Notification, reason: FailureReason, error: str) -> Notification:
    return replace(notification, status=NotificationStatus.FAILED, failure=reason, error=error)
