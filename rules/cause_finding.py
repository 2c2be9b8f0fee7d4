"""Finds out what telemetry says of why open alerts stand, as spans and dead letters come in."""

from datetime import datetime, timedelta

from domain.instants import EPOCH
from storage.alert_causes import CAUSES, alerts_to_explain, explain_alerts
from storage.client import INSERT_SECONDS, Store
from storage.engine_state import Watermark, read_watermark, write_watermark

# ClickHouse stamps spans when their insert begins, and they are seen when it ends; with room for clocks that differ.
_INSERTED_WITHIN = timedelta(seconds=INSERT_SECONDS + 5)
# Bounds what is in memory at once: so many alerts may have a few hundred spans each.
_ALERTS_AT_ONCE = 5_000


class CauseFinder:
    """Keeps the causes of open alerts up to date in one store; nothing is kept between ticks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def tick(self, through: datetime) -> int:
        """Looks again at the alerts that are new and at those of which something new was received by `through`.

        Gives how many these are. To be called after the alerts of that instant are stored. A tick that is cut off is
        made up for by the next: what it stored is stored again, from the same spans and those that came since.
        """
        before = read_watermark(self._store, CAUSES)
        after = before.evaluated_through if before else EPOCH
        if through <= after:
            return 0
        since = max(after - _INSERTED_WITHIN, EPOCH)
        alerts = alerts_to_explain(self._store, after, since, through)
        for first in range(0, len(alerts), _ALERTS_AT_ONCE):
            explain_alerts(self._store, alerts[first : first + _ALERTS_AT_ONCE], through)
        write_watermark(self._store, CAUSES, Watermark(through, ""), through)
        return len(alerts)
