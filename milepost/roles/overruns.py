"""Says in plain words where what is done at an interval takes longer than it; the scheduler would say so each time."""

import logging

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.schedulers.base import BaseScheduler

log = logging.getLogger("milepost.engine")


class Overruns:
    """The jobs that do not keep pace. Each is told of once, until a run of it ends in time again."""

    def __init__(self) -> None:
        # By job, whether one was left out since a run of it ended.
        self._left_out: dict[str, bool] = {}

    def follow(self, scheduler: BaseScheduler) -> None:
        """Tells of the scheduler's jobs from now on."""
        scheduler.add_listener(self.skipped, EVENT_JOB_MAX_INSTANCES)
        scheduler.add_listener(self.ended, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)

    def skipped(self, event: JobSubmissionEvent) -> None:
        """One was due while the one before was still at work."""
        if event.job_id not in self._left_out:
            log.warning(
                "%s takes longer than its interval; what comes due meanwhile is done at the next one "
                "(said once, until it keeps pace again)",
                event.job_id,
            )
        self._left_out[event.job_id] = True

    def ended(self, event: JobExecutionEvent) -> None:
        """One has ended, well or not."""
        if self._left_out.pop(event.job_id, False):
            self._left_out[event.job_id] = False
