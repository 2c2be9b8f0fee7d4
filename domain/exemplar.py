"""Exemplars: the trace behind a measured duration, so that a slow bucket on a board leads to what was slow."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from prometheus_client import Histogram


def current_exemplar() -> dict[str, str] | None:
    """The trace that is under way here; None where there is none that anybody keeps."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid or not context.trace_flags.sampled:
        return None
    return {"trace_id": trace.format_trace_id(context.trace_id)}


@contextmanager
def timed(histogram: Histogram) -> Iterator[None]:
    """Observes how long the block took, with the trace it ran in."""
    began = time.perf_counter()
    try:
        yield
    finally:
        histogram.observe(time.perf_counter() - began, current_exemplar())
