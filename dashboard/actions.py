"""Everything that the console changes: what people do with alerts and silences, each act with who and why.

There is no sign-in yet: the name is what somebody said, and stands so in the audit log.
"""

from collections.abc import Sequence
from datetime import timedelta

from alerts.handling import Deed, handle, handle_all
from alerts.silences import SilenceWish, expire_silence, put_silence
from dashboard import reads
from dashboard.session import current
from domain.alert_action import ActionKind
from domain.audit import Actor
from domain.errors import UsageError
from domain.silence import Silence
from storage.alerts import find_alerts


def act_on_alert(alert_id: str, kind: ActionKind, who: str, reason: str, value: str = "") -> None:
    """Does something with an alert; UsageError says why it cannot be done."""
    _require(who, reason)
    context = current()
    found = find_alerts(context.store, alert_id)
    if len(found) != 1:
        raise UsageError("this alert is not there any more; open the list again")
    handle(context.store, found[0], Deed(kind, value.strip(), reason.strip()), Actor(who.strip()), context.clock.now())
    reads.forget_alerts()


def act_on_alerts(alert_ids: Sequence[str], kind: ActionKind, who: str, reason: str, value: str = "") -> int:
    """Does something with several alerts at once; with how many. UsageError says why it cannot be done."""
    _require(who, reason)
    context = current()
    found = [alert for alert_id in alert_ids for alert in find_alerts(context.store, alert_id)]
    if not found:
        raise UsageError("none of these alerts is there any more; open the list again")
    deed = Deed(kind, value.strip(), reason.strip())
    done = handle_all(context.store, found, deed, Actor(who.strip()), context.clock.now())
    reads.forget_alerts()
    return len(done)


def silence(matchers: Sequence[str], length: timedelta, who: str, reason: str) -> Silence:
    """Mutes alerts from now on; UsageError says why it cannot be done."""
    _require(who, reason)
    context = current()
    now = context.clock.now()
    made = put_silence(context.store, SilenceWish(matchers, now + length, who.strip(), reason.strip()), now)
    reads.forget_alerts()
    return made


def end_silence(silence_id: str, who: str, reason: str) -> Silence:
    """Ends a silence; UsageError says why it cannot be done."""
    _require(who, reason)
    context = current()
    ended = expire_silence(context.store, silence_id, context.clock.now(), Actor(who.strip()), reason.strip())
    reads.forget_alerts()
    return ended


def _require(who: str, reason: str) -> None:
    if not who.strip():
        raise UsageError("your name is missing; the audit log says who acted")
    if not reason.strip():
        raise UsageError("the reason is missing; whoever takes over reads it")
