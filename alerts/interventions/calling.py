"""Makes the calls of a run, one at a time and in its order, and stops at the first answer that was not expected."""

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from alerts.interventions.config import InterventionConfig, Interventions
from alerts.interventions.planning import Planner
from alerts.interventions.preflight import LONGEST_STRETCH, free_at_rate, judge
from alerts.interventions.records import Records
from alerts.interventions.request import Request
from alerts.interventions.situations import Situations
from alerts.notifiers.http_sender import Call, HttpSender
from alerts.notifiers.notifier import DeliveryError
from alerts.pipeline.send import pause_before_retry
from domain.clock import Clock
from domain.errors import ConfigError
from domain.intervention import Intervention, InterventionState, Verdict
from storage.client import Store
from storage.interventions import interventions_of_run, tries_after

# Lets so many seconds pass; True where it was told to stop.
Pause = Callable[[float], bool]
_STOPPED = "stopped before it was tried again"


class Caller:
    """Executes runs. What a kill leaves behind is called again under its own key, and only when somebody resumes it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        interventions: Interventions,
        planner: Planner,
        situations: Situations,
        records: Records,
        pause: Pause,
    ) -> None:
        """`pause` lets time pass where who executes a run gives no other."""
        self._store = store
        self._clock = clock
        self._interventions = interventions
        self._planner = planner
        self._situations = situations
        self._records = records
        self._usual_pause = self._pause = pause
        self._rng = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._executing = threading.Lock()

    def execute(self, run_id: str, pause: Pause | None = None) -> None:
        """Makes the calls of the run that were not made or whose outcome is not known."""
        senders: dict[str, HttpSender] = {}
        with self._executing:
            self._pause = pause or self._usual_pause
            try:
                for one in interventions_of_run(self._store, run_id):
                    if one.state.is_resumable and not self._take(one, senders):
                        return
            finally:
                for sender in senders.values():
                    sender.close()

    def _take(self, one: Intervention, senders: dict[str, HttpSender]) -> bool:
        """Brings one as far as it gets; False where the run stops at it."""
        config = self._interventions.find(one.name)
        if config is None or not self._is_free(config):
            return False
        with self._records.lock:
            known = [each for each in interventions_of_run(self._store, one.run_id) if _is_same(each, one)]
            if not known or not known[0].state.is_resumable:
                # What it waited for has come meanwhile.
                return True
            self._records.live = one.intervention_id
        try:
            if config.name not in senders:
                senders[config.name] = HttpSender(config)
            return self._judge_and_call(known[0], config, senders[config.name])
        except ConfigError as error:
            return self._give_up(known[0], str(error), is_unsure=_was_called(known[0]))
        finally:
            self._records.live = ""

    def _is_free(self, config: InterventionConfig) -> bool:
        """Waits until the rate allows another call; False where it is told to stop."""
        while True:
            now = self._clock.now()
            free_at = now
            if config.rate_limit is not None:
                tries = tries_after(self._store, config.name, now - LONGEST_STRETCH)
                free_at = free_at_rate(config.rate_limit, tries, now)
            if self._pause(max((free_at - now).total_seconds(), 0)):
                return False
            if free_at <= now:
                return True

    def _judge_and_call(self, one: Intervention, config: InterventionConfig, sender: HttpSender) -> bool:
        now = self._clock.now()
        target = one.business_object
        known = self._situations.read(config, [target], now, {one.intervention_id})[target]
        finding = judge(config, known.situation, self._planner.grounds(config), now)
        if finding.verdict is Verdict.WILL_APPLY and known.request is not None:
            return self._call(one, config, known.request, sender)
        if _was_called(one):
            # It may have been applied: only its milestone can say what it came to.
            self._records.change(one, InterventionState.UNKNOWN, f"not called again: {finding.reason}", now)
        else:
            is_needless = finding.verdict is Verdict.NO_OP
            state = InterventionState.NO_OP if is_needless else InterventionState.CONFLICT
            self._records.change(one, state, finding.reason, now)
        return True

    def _call(self, one: Intervention, config: InterventionConfig, request: Request, sender: HttpSender) -> bool:
        """Tries until the call is taken, refused for good, or given up."""
        call = request.call(one.intervention_id)
        is_unsure = _was_called(one)
        self._records.note_call(one, self._clock.now())
        deadline = self._clock.now() + config.give_up_after
        tries = 0
        while True:
            tries += 1
            one = self._intend(one)
            try:
                answer = self._try(call, sender)
            except DeliveryError as error:
                is_unsure = is_unsure or error.may_have_arrived
                retry_at = self._retry_at(error, tries)
                if error.permanent or retry_at >= deadline:
                    times = "" if tries == 1 else f"gave up after {tries} tries: "
                    return self._give_up(one, f"{times}{error}", is_unsure=is_unsure)
                if self._pause((retry_at - self._clock.now()).total_seconds()):
                    return self._give_up(one, f"{_STOPPED}: {error}", is_unsure=is_unsure)
                continue
            now = self._clock.now()
            due_at = now + config.expects.within
            self._records.change(one, InterventionState.TAKEN, answer, now, due_at=due_at)
            return True

    def _intend(self, one: Intervention) -> Intervention:
        """The intervention with one more try, stored before it is made."""
        now = self._clock.now()
        return self._records.change(
            one,
            InterventionState.CALLING,
            "",
            now,
            attempts=one.attempts + 1,
            called_at=one.called_at or now,
            tried_at=now,
        )

    def _try(self, call: Call, sender: HttpSender) -> str:
        # Where engines take turns, the turn may have ended since the try was written down.
        self._store.require()
        return f"answered {sender.send(call, self._clock.now()).status}"

    def _retry_at(self, error: DeliveryError, tries: int) -> datetime:
        pause: timedelta = pause_before_retry(tries, self._rng)
        return self._clock.now() + max(pause, error.retry_after or timedelta(0))

    def _give_up(self, one: Intervention, why: str, *, is_unsure: bool) -> bool:
        state = InterventionState.UNKNOWN if is_unsure else InterventionState.FAILED
        self._records.change(one, state, why, self._clock.now())
        return False


def _was_called(one: Intervention) -> bool:
    """Whether an earlier call of it may have been applied."""
    return one.state is not InterventionState.NOT_TRIED


def _is_same(one: Intervention, other: Intervention) -> bool:
    return one.intervention_id == other.intervention_id
