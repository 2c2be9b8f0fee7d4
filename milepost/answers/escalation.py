"""Answers about who is called when nobody acknowledges, and about digests."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from alerts.digests import digest_at
from alerts.escalation_view import alert_row, policy_rows
from alerts.muting import Routing
from domain.clock import Clock
from domain.instants import format_instant
from milepost.alert_handling import the_alert
from milepost.answers.answer import Answer
from milepost.answers.api_client import ApiClient
from storage.client import Store


class StoreEscalation:
    """Answers from the store in this process."""

    _store: Store
    _clock: Clock
    _routing: Callable[[], Routing]

    def escalation_policies(self, policy: str | None, at: datetime | None) -> list[Answer]:
        """Every policy, or the one that is named, with who is on call at an instant and next."""
        return policy_rows(self._routing(), policy, at or self._clock.now())

    def escalation_of_alert(self, alert_id: str, at: datetime | None) -> Answer:
        """How far the escalation of the alert is whose id begins so, and what follows."""
        alert = the_alert(self._store, alert_id)
        return alert_row(self._store, self._routing(), alert, at or self._clock.now())

    def digest(self, name: str, at: datetime | None) -> Answer:
        """What a digest would tell that were made at an instant; UsageError where there is none of that name."""
        config, table = digest_at(self._store, self._routing(), name, at or self._clock.now())
        return {**table.document(), "receivers": list(config.receivers)}


class ApiEscalation:
    """Answers from a running Milepost."""

    _api: ApiClient

    def escalation_policies(self, policy: str | None, at: datetime | None) -> list[Answer]:
        """Every policy, or the one that is named, with who is on call at an instant and next."""
        params: dict[str, str | int] = {**_at(at), **({"policy": policy} if policy is not None else {})}
        return self._api.rows("GET", "/api/escalation", params=params)

    def escalation_of_alert(self, alert_id: str, at: datetime | None) -> Answer:
        """How far the escalation of the alert is whose id begins so, and what follows."""
        answer: Answer = self._api.ask("GET", f"/api/alerts/{quote(alert_id, safe='')}/escalation", params=_at(at))
        return answer

    def digest(self, name: str, at: datetime | None) -> Answer:
        """What a digest would tell that were made at an instant."""
        answer: Answer = self._api.ask("GET", f"/api/digests/{quote(name, safe='')}", params=_at(at))
        return answer


def _at(at: datetime | None) -> dict[str, str | int]:
    return {"at": format_instant(at)} if at else {}
