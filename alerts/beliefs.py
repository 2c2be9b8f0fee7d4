"""What receivers believe: from what they were told, and from what they are just being told."""

from collections.abc import Mapping

from alerts.flights import Flight
from alerts.lanes import Lanes
from alerts.notification import Conversation
from alerts.notification_log import NotificationLog


class Beliefs:
    """Asked by the thread that dispatches; a receiver that is there no more believes nothing."""

    def __init__(self, lanes: Lanes, log: NotificationLog, in_flight: Mapping[Conversation, Flight]) -> None:
        """`in_flight` are the notifications whose fate is open, as they are when it is asked."""
        self._lanes = lanes
        self._log = log
        self._in_flight = in_flight

    def is_firing(self, receiver: str, group_key: str, alert_id: str) -> bool:
        """Whether any integration was told, or is just being told, that an alert fires."""
        for name in self._lanes.of(receiver):
            conversation = Conversation(receiver, name, group_key)
            if self._log.believes_firing(conversation, alert_id):
                return True
            flight = self._in_flight.get(conversation)
            if flight and alert_id in flight.alert_ids:
                return True
        return False

    def any_firing(self, receiver: str, group_key: str) -> bool:
        """Whether any integration was told of anything that fires in a group, or is just being told of the group."""
        conversations = [Conversation(receiver, name, group_key) for name in self._lanes.of(receiver)]
        return any(self._log.told(one) or one in self._in_flight for one in conversations)
