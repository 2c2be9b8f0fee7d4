"""A job that does not keep pace is told of once an episode, in plain words."""

import pytest
from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES, JobExecutionEvent, JobSubmissionEvent

from milepost.roles.overruns import Overruns
from tests.builders import NOW

LINE = (
    "tick takes longer than its interval; what comes due meanwhile is done at the next one "
    "(said once, until it keeps pace again)"
)


def skip(overruns: Overruns, job: str = "tick") -> None:
    overruns.skipped(JobSubmissionEvent(EVENT_JOB_MAX_INSTANCES, job, "default", [NOW]))


def end(overruns: Overruns, job: str = "tick") -> None:
    overruns.ended(JobExecutionEvent(EVENT_JOB_EXECUTED, job, "default", NOW))


def test_a_job_that_takes_too_long_again_and_again_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    overruns = Overruns()

    for _ in range(3):
        skip(overruns)
        skip(overruns)
        end(overruns)

    assert caplog.messages == [LINE]


def test_it_is_told_of_again_once_it_had_kept_pace(caplog: pytest.LogCaptureFixture) -> None:
    overruns = Overruns()
    skip(overruns)
    end(overruns)
    end(overruns)

    skip(overruns)

    assert caplog.messages == [LINE, LINE]


def test_a_job_that_keeps_pace_is_not_told_of(caplog: pytest.LogCaptureFixture) -> None:
    overruns = Overruns()
    skip(overruns, "keeping of KPIs")
    end(overruns)
    end(overruns)

    assert len(caplog.messages) == 1
