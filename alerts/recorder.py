"""Writes down the fates of notifications, as many at once as have come since the last write."""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from alerts.metrics import AlertMetrics
from alerts.notification import Notification, to_record
from alerts.notification_log import NotificationLog
from domain.clock import Clock
from domain.errors import StoreError
from storage.client import Store
from storage.notifications import NotificationStatus, write_notifications

logger = logging.getLogger(__name__)
_PAUSE_FOR_STORE_SECONDS = 2.0


class Recorder:
    """One thread for all integrations: a write costs the store the same for one fate and for a hundred.

    A crash before the write makes the next start send the same message again, under the same id.
    """

    def __init__(
        self,
        store: Store,
        log: NotificationLog,
        clock: Clock,
        metrics: AlertMetrics,
        report: Callable[[Notification], None],
    ) -> None:
        """`report` is called from the recorder's thread with every notification whose fate is stored."""
        self._store = store
        self._log = log
        self._clock = clock
        self._metrics = metrics
        self._report = report
        self._waiting: SimpleQueue[Notification | None] = SimpleQueue()
        self._unwritten: list[Notification] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="notify recorder", daemon=True)

    def start(self) -> None:
        """Begins writing."""
        self._thread.start()

    def submit(self, notification: Notification) -> None:
        """Takes a notification that was delivered or given up."""
        self._waiting.put(notification)

    def stop(self, timeout: float) -> None:
        """Ends after a last write; fates that the store does not take now are found out at the next start."""
        self._stopping.set()
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def record_waiting(self) -> bool:
        """Writes every fate that has come; False when the store did not take them, which may be tried again."""
        while True:
            try:
                notification = self._waiting.get_nowait()
            except Empty:
                break
            if notification is not None:
                self._unwritten.append(notification)
        try:
            self._write(self._unwritten)
        except StoreError as error:
            logger.warning("fates of %d notifications not stored yet: %s", len(self._unwritten), error)
            return False
        for notification in self._unwritten:
            self._count(notification)
            self._report(notification)
        self._unwritten = []
        return True

    def _work(self) -> None:
        while not self._stopping.is_set():
            first = self._waiting.get()
            if first is not None:
                self._unwritten.append(first)
            while not self.record_waiting():
                if self._stopping.wait(_PAUSE_FOR_STORE_SECONDS):
                    break
        # What came during the write above, or while the store was away.
        self.record_waiting()

    def _write(self, notifications: list[Notification]) -> None:
        now = self._clock.now()
        delivered = [one for one in notifications if one.status is NotificationStatus.DELIVERED]
        self._log.record(delivered, now)
        write_notifications(self._store, [to_record(one, now) for one in notifications])

    def _count(self, notification: Notification) -> None:
        names = (notification.conversation.receiver, notification.conversation.integration)
        self._metrics.notifications.labels(*names).inc()
        reason = notification.reason or ""
        self._metrics.reasons.labels(notification.conversation.receiver, reason).inc()
        logger.info("%s %s %s: %s", *names, notification.status, reason)
        if notification.failure is not None:
            self._metrics.notifications_failed.labels(*names, notification.failure).inc()
