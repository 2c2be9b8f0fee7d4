"""Everything that the console changes: what people do with alerts, silences and the close, each act with who and why.

There is no sign-in yet: the name is what somebody said, and stands so in the audit log.
"""

from collections.abc import Sequence
from datetime import timedelta

from alerts.handling import Deed, handle
from alerts.silences import SilenceWish, expire_silence, put_silence
from close.sign_offs import SignOffWish, sign_off
from dashboard import close_reads, reads
from dashboard.session import current
from domain.alert_action import ActionKind
from domain.audit import Actor
from domain.close import EntityClose
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


def sign_off_close(found: EntityClose, who: str, reason: str, *, with_blockers: bool) -> None:
    """Signs off the close that the reader looked at; UsageError says why it cannot be."""
    _require(who, reason)
    context = current()
    if context.close is None:
        raise UsageError("no close is configured here")
    wish = SignOffWish(found.legal_entity, found.period.name, reason.strip(), with_blockers, found.fingerprint)
    sign_off(context.store, context.close, wish, Actor(who.strip()), context.clock.now())
    close_reads.forget_closes()


def _require(who: str, reason: str) -> None:
    if not who.strip():
        raise UsageError("your name is missing; the audit log says who acted")
    if not reason.strip():
        raise UsageError("the reason is missing; whoever takes over reads it")
