"""Writes the body of a notification, once: every try sends the same."""

import logging
from dataclasses import replace
from datetime import datetime
from traceback import format_tb

from alerts.notification import Conversation, Notification
from alerts.notifiers.notifier import Notifier

logger = logging.getLogger(__name__)


class Compose:
    """Lets the notifier write the body where there is something to tell."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    def run(self, notification: Notification, now: datetime) -> Notification:
        if notification.reason is None or not notification.alerts:
            return notification
        return replace(notification, body=self._notifier.compose(notification))


def log_unwritten(conversation: Conversation, error: Exception) -> None:
    """Logs that a message could not be written, and where; not what the error says: nobody should read that."""
    where = "".join(format_tb(error.__traceback__))
    name = type(error).__name__
    logger.error("no message for %s %s: %s\n%s", conversation.receiver, conversation.integration, name, where)
