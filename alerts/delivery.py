"""Sends the notifications of one integration from a thread of its own, so that a slow one delays no other."""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from alerts.notification import Notification
from alerts.pipeline.stage import Stage
from domain.clock import Clock
from storage.notifications import NotificationStatus

logger = logging.getLogger(__name__)
MayTry = Callable[[], bool]
# How soon to ask again where no try may be made now.
_ASKED_AGAIN_AFTER = timedelta(milliseconds=500)


def always() -> bool:
    """Where nobody else could tell what this process tells."""
    return True


class DeliveryQueue:
    """The notifications of one integration that are on their way, each with the instant of its next try.

    A failed one steps back until that instant, so a receiver that refuses one group still hears of others.
    """

    def __init__(
        self,
        name: str,
        send: Stage,
        clock: Clock,
        report: Callable[[Notification], None],
        may_try: MayTry = always,
    ) -> None:
        """`report` is called from the queue's thread with every notification delivered or given up.

        `may_try` is asked right before each try.
        """
        self._may_try = may_try
        self._send = send
        self._clock = clock
        self._report = report
        self._waiting: list[tuple[datetime, int, Notification]] = []
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._heir: Callable[[Notification], None] | None = None
        self._at_end: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begins sending."""
        self._thread.start()

    def submit(self, notification: Notification) -> None:
        """Takes a notification that is stored as `sending`; the first try follows at once."""
        self._put(notification, self._clock.now())
        self._wake.set()

    def begin_stop(self) -> None:
        """Begins no further try; what is still waiting stays stored as `sending`."""
        self._stopping = True
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """Ends after the try that is being made."""
        self.begin_stop()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def retire(self, heir: Callable[[Notification], None], at_end: Callable[[], None]) -> None:
        """Begins no further try: `heir` gets what waits now, and what a try that is being made leaves to be done.

        `at_end` is called once that try is over, from the thread that makes it.
        """
        with self._lock:
            self._heir, self._at_end = heir, at_end
            waiting, self._waiting = self._waiting, []
        for _, _, notification in waiting:
            heir(notification)
        self.begin_stop()

    def run_due(self) -> datetime | None:
        """Makes every try that is due and gives the instant of the next one, None when nothing waits."""
        while True:
            with self._lock:
                if self._stopping or not self._waiting:
                    return None
                due_at = self._waiting[0][0]
                if due_at > self._clock.now():
                    return due_at
                if not self._may_try():
                    return self._clock.now() + _ASKED_AGAIN_AFTER
                notification = heapq.heappop(self._waiting)[2]
            self._try(notification)

    def _work(self) -> None:
        while not self._stopping:
            due_at = self.run_due()
            timeout = None if due_at is None else (due_at - self._clock.now()).total_seconds()
            self._wake.wait(timeout if timeout is None else max(timeout, 0))
            self._wake.clear()
        if self._at_end is not None:
            self._at_end()

    def _try(self, notification: Notification) -> None:
        notification = self._send.run(notification, self._clock.now())
        if notification.status is NotificationStatus.SENDING:
            self._put(notification, notification.retry_at or self._clock.now())
        else:
            self._report(notification)
        if notification.error:
            logger.warning(
                "notification %s to %s %s: %s (%s, try %d)",
                notification.notification_id,
                notification.conversation.receiver,
                notification.conversation.integration,
                notification.error,
                notification.status,
                notification.attempts,
            )

    def _put(self, notification: Notification, due_at: datetime) -> None:
        with self._lock:
            heir = self._heir
            if heir is None:
                heapq.heappush(self._waiting, (due_at, next(self._order), notification))
        if heir is not None:
            heir(notification)
