"""Everything that the console changes: what people do with alerts and silences, each act with who and why.

Who acts is who signed in; without sign-in it is the name that was told. NotPermitted is for what is not theirs to do.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.handling import Deed, handle
from alerts.silences import SilenceWish, expire_silence, put_silence
from dashboard import people, reads
from dashboard.session import current
from domain.alert_action import ActionKind
from domain.errors import UsageError
from domain.permission import Permission
from domain.silence import Silence
from storage.alerts import find_alerts


def act_on_alert(alert_id: str, kind: ActionKind, who: str, reason: str, value: str = "") -> None:
    """Does something with an alert; UsageError says why it cannot be done."""
    by = people.acting(Permission.HANDLE_ALERTS, who, reason)
    context = current()
    found = find_alerts(context.store, alert_id)
    if len(found) != 1:
        raise UsageError("this alert is not there any more; open the list again")
    handle(context.store, found[0], Deed(kind, value.strip(), reason.strip()), by, context.clock.now())
    reads.forget_alerts()


def silence(
    matchers: Sequence[str], length: timedelta, who: str, reason: str, starts_at: datetime | None = None
) -> Silence:
    """Mutes alerts from now on, or from an instant to come; UsageError says why it cannot be done."""
    by = people.acting(Permission.SILENCE, who, reason)
    context = current()
    now = context.clock.now()
    begins = starts_at or now
    wish = SilenceWish(matchers, begins + length, by.name, reason.strip(), starts_at, by=by)
    made = put_silence(context.store, wish, now)
    reads.forget_alerts()
    return made


def end_silence(silence_id: str, who: str, reason: str) -> Silence:
    """Ends a silence; UsageError says why it cannot be done."""
    by = people.acting(Permission.SILENCE, who, reason)
    context = current()
    ended = expire_silence(context.store, silence_id, context.clock.now(), by, reason.strip())
    reads.forget_alerts()
    return ended
