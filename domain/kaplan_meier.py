"""Estimates a survival curve from completed and running cases: the product-limit estimator, with Greenwood's variance.

E. L. Kaplan, P. Meier, Nonparametric Estimation from Incomplete Observations, JASA 53 (1958), 457-481.
M. Greenwood, The Natural Duration of Cancer, Reports on Public Health and Medical Subjects 33 (1926): the variance
of log S(t) is the sum of d / (n (n - d)) over the times at which d of n completed.
J. D. Kalbfleisch, R. L. Prentice, The Statistical Analysis of Failure Time Data (1980): the interval on the log-log
scale, which stays within 0 and 1.
"""

import numpy as np
from numpy.typing import NDArray

from domain.survival import SurvivalCurve

# A step that changes survival by less than this share of it is not kept by itself: a curve of a million cases then has
# less than three thousand steps, and what is read from it is at most so much too high.
FINEST_STEP = 0.005


def estimate(times: NDArray[np.int64], completed: NDArray[np.bool_], finest: float = FINEST_STEP) -> SurvivalCurve:
    """The curve of cases that completed after these times, or had waited so long when they were last seen.

    A case that was last seen waiting at the time of a completion counts as having waited longer.
    """
    if not len(times):
        return SurvivalCurve((), (), (), (), 0, 0, None)
    ends, counts = np.unique(times[completed], return_counts=True)
    ordered = np.sort(times)
    waiting = len(ordered) - np.searchsorted(ordered, ends, side="left")
    longer = len(ordered) - np.searchsorted(ordered, ends, side="right")
    survival: NDArray[np.float64] = np.cumprod((waiting - counts) / waiting, dtype=np.float64)
    with np.errstate(divide="ignore"):
        variance = np.cumsum(counts / (waiting * (waiting - counts)))
    kept = _kept(survival, finest)
    return SurvivalCurve(
        times=tuple(ends[kept].tolist()),
        survival=tuple(survival[kept].tolist()),
        variance=tuple(variance[kept].tolist()),
        waiting=tuple(longer[kept].tolist()),
        cases=len(times),
        completed=int(completed.sum()),
        longest=int(ordered[-1]),
    )


def _kept(survival: NDArray[np.float64], finest: float) -> list[int]:
    """The steps to keep: the last always, so that the end of the curve is exact."""
    kept: list[int] = []
    before = 1.0
    for position, share in enumerate(survival.tolist()):
        if share <= before * (1 - finest) or position == len(survival) - 1:
            kept.append(position)
            before = share
    return kept
