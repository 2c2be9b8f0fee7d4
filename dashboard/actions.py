"""Everything that the console changes: what people do with alerts and silences, each act with who and why.

There is no sign-in yet: the name is what somebody said, and stands so in the audit log.
"""

from collections.abc import Sequence
from datetime import timedelta

from alerts import incident_handling
from alerts.handling import Deed, handle, handle_all
from alerts.silences import SilenceWish, expire_silence, put_silence
from collector.replay import Replay, Selection
from dashboard import reads
from dashboard.doors import doors
from dashboard.session import current
from domain.alert import AlertState
from domain.alert_action import ActionKind
from domain.audit import Actor
from domain.errors import UsageError
from domain.silence import Silence
from storage.alerts import find_alerts
from storage.dead_letter_attempts import AttemptOutcome
from storage.incidents import MOST, alerts_of_incident


def act_on_alert(alert_id: str, kind: ActionKind, who: str, reason: str, value: str = "") -> None:
    """Does something with an alert; UsageError says why it cannot be done."""
    _require(who, reason)
    context = current()
    found = find_alerts(context.store, alert_id)
    if len(found) != 1:
        raise UsageError("this alert is not there any more; open the list again")
    handle(context.store, found[0], Deed(kind, value.strip(), reason.strip()), Actor(who.strip()), context.clock.now())
    reads.forget_alerts()


def acknowledge_incident(incident_id: str, who: str, reason: str) -> int:
    """Acknowledges the open alerts of an incident: how many that nobody had before; UsageError where it cannot be."""
    _require(who, reason)
    context = current()
    done = incident_handling.acknowledge_incident(
        context.store, context.routing(), incident_id, reason.strip(), Actor(who.strip()), context.clock.now()
    )
    reads.forget_alerts()
    return done.alerts


def escalate_incident(incident_id: str, who: str, reason: str) -> int:
    """Calls the next step for all that fires in an incident: how many alerts; UsageError where none does."""
    _require(who, reason)
    context = current()
    found = alerts_of_incident(context.store, incident_id, MOST)
    firing = [one for one in found if one.state is AlertState.FIRING]
    if not firing:
        raise UsageError("nothing fires in this incident; only what fires is escalated")
    deed = Deed(ActionKind.ESCALATE, comment=reason.strip())
    done = handle_all(context.store, firing, deed, Actor(who.strip()), context.clock.now())
    reads.forget_alerts()
    return len(done)


def replay_letters(selection: Selection, who: str, reason: str) -> dict[AttemptOutcome, int]:
    """Takes dead letters through the collector's door again, a page at most: how many had which outcome."""
    _require(who, reason)
    page = _replay().run(selection, Actor(who.strip()), reason=reason.strip())
    outcomes = [fate.outcome for _, fate in page.results]
    return {outcome: outcomes.count(outcome) for outcome in AttemptOutcome if outcome in outcomes}


def discard_letters(ids: Sequence[str], who: str, reason: str) -> int:
    """Settles dead letters that will not be replayed: how many."""
    _require(who, reason)
    return _replay().discard(ids, Actor(who.strip()), reason.strip())


def _replay() -> Replay:
    replay = doors().replay
    if replay is None:
        raise UsageError("this process takes no input, and so replays none; open the console of the one that does")
    return replay


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
