"""What stands of what people did with alerts, asked of the store only when somebody may have done something."""

from collections.abc import Iterable, Mapping

from domain.alert import Alert
from domain.alert_action import NOT_HANDLED, Handling
from storage.alert_actions import count_actions, handling_of
from storage.client import Store


class Handlings:
    """Remembers answers for as long as no action is added and the alert stands as it stood."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._actions = -1
        self._known: dict[str, tuple[int, Handling]] = {}

    def look(self, alerts: Iterable[Alert]) -> None:
        """At the beginning of a tick: forgets what may have changed, and alerts that are gone."""
        actions = count_actions(self._store)
        if actions != self._actions:
            self._known, self._actions = {}, actions
        elif self._known:
            gone = self._known.keys() - {alert.alert_id for alert in alerts}
            for alert_id in gone:
                del self._known[alert_id]

    def of(self, alerts: Iterable[Alert]) -> Mapping[str, Handling]:
        """What stands of each, by id."""
        asked = {alert.alert_id: alert.version for alert in alerts}
        if not self._actions:
            return dict.fromkeys(asked, NOT_HANDLED)
        unknown = [
            alert_id
            for alert_id, version in asked.items()
            if (known := self._known.get(alert_id)) is None or known[0] != version
        ]
        found = handling_of(self._store, unknown)
        for alert_id in unknown:
            self._known[alert_id] = (asked[alert_id], found.get(alert_id, NOT_HANDLED))
        return {alert_id: self._known[alert_id][1] for alert_id in asked}
