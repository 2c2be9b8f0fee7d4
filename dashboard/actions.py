"""Everything that the console changes: what people do with alerts, silences and the close, each act with who and why.

Who acts is who signed in; without sign-in it is the name that was told. NotPermitted is for what is not theirs to do.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts import incident_handling
from alerts.handling import Deed, handle, handle_all
from alerts.silences import SilenceWish, expire_silence, put_silence
from close.sign_offs import SignOffWish, sign_off
from collector.replay import Replay, Selection
from dashboard import close_reads, people, reads
from dashboard.doors import doors
from dashboard.session import current
from domain.alert import AlertState
from domain.alert_action import ActionKind
from domain.close import EntityClose
from domain.errors import UsageError
from domain.permission import Permission
from domain.silence import Silence
from storage.alerts import find_alerts
from storage.dead_letter_attempts import AttemptOutcome
from storage.incidents import MOST, alerts_of_incident


def act_on_alert(alert_id: str, kind: ActionKind, who: str, reason: str, value: str = "") -> None:
    """Does something with an alert; UsageError says why it cannot be done."""
    needed = Permission.RECONCILE if kind is ActionKind.ACCEPT else Permission.HANDLE_ALERTS
    by = people.acting(needed, who, reason)
    context = current()
    found = find_alerts(context.store, alert_id)
    if len(found) != 1:
        raise UsageError("this alert is not there any more; open the list again")
    handle(context.store, found[0], Deed(kind, value.strip(), reason.strip()), by, context.clock.now())
    reads.forget_alerts()


def act_on_alerts(alert_ids: Sequence[str], kind: ActionKind, who: str, reason: str, value: str = "") -> int:
    """Does something with several alerts at once; with how many. UsageError says why it cannot be done."""
    by = people.acting(Permission.HANDLE_ALERTS, who, reason)
    context = current()
    found = [alert for alert_id in alert_ids for alert in find_alerts(context.store, alert_id)]
    if not found:
        raise UsageError("none of these alerts is there any more; open the list again")
    done = handle_all(context.store, found, Deed(kind, value.strip(), reason.strip()), by, context.clock.now())
    reads.forget_alerts()
    return len(done)


def acknowledge_incident(incident_id: str, who: str, reason: str) -> int:
    """Acknowledges the open alerts of an incident: how many that nobody had before; UsageError where it cannot be."""
    by = people.acting(Permission.HANDLE_ALERTS, who, reason)
    context = current()
    done = incident_handling.acknowledge_incident(
        context.store, context.routing(), incident_id, reason.strip(), by, context.clock.now()
    )
    reads.forget_alerts()
    return done.alerts


def escalate_incident(incident_id: str, who: str, reason: str) -> int:
    """Calls the next step for all that fires in an incident: how many alerts; UsageError where none does."""
    by = people.acting(Permission.HANDLE_ALERTS, who, reason)
    context = current()
    found = alerts_of_incident(context.store, incident_id, MOST)
    firing = [one for one in found if one.state is AlertState.FIRING]
    if not firing:
        raise UsageError("nothing fires in this incident; only what fires is escalated")
    deed = Deed(ActionKind.ESCALATE, comment=reason.strip())
    done = handle_all(context.store, firing, deed, by, context.clock.now())
    reads.forget_alerts()
    return len(done)


def replay_letters(selection: Selection, who: str, reason: str) -> dict[AttemptOutcome, int]:
    """Takes dead letters through the collector's door again, a page at most: how many had which outcome."""
    by = people.acting(Permission.REPLAY, who, reason)
    page = _replay().run(selection, by, reason=reason.strip())
    outcomes = [fate.outcome for _, fate in page.results]
    return {outcome: outcomes.count(outcome) for outcome in AttemptOutcome if outcome in outcomes}


def discard_letters(ids: Sequence[str], who: str, reason: str) -> int:
    """Settles dead letters that will not be replayed: how many."""
    by = people.acting(Permission.REPLAY, who, reason)
    return _replay().discard(ids, by, reason.strip())


def _replay() -> Replay:
    replay = doors().replay
    if replay is None:
        raise UsageError("this process takes no input, and so replays none; open the console of the one that does")
    return replay


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


def sign_off_close(found: EntityClose, who: str, reason: str, *, with_blockers: bool) -> None:
    """Signs off the close that the reader looked at; UsageError says why it cannot be."""
    by = people.acting(Permission.SIGN_OFF, who, reason)
    context = current()
    if context.close is None:
        raise UsageError("no close is configured here")
    wish = SignOffWish(found.legal_entity, found.period.name, reason.strip(), with_blockers, found.fingerprint)
    sign_off(context.store, context.close, wish, by, context.clock.now())
    close_reads.forget_closes()
