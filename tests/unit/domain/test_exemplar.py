"""A measured block leads to the trace it ran in, where somebody keeps that trace."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from prometheus_client import CollectorRegistry, Histogram

from domain.exemplar import current_exemplar, timed


def test_a_block_in_a_span_has_its_trace_as_exemplar() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("block_seconds", "x", registry=registry)
    provider = TracerProvider()

    with provider.get_tracer("x").start_as_current_span("tick") as span, timed(histogram):
        pass

    trace_id = f"{span.get_span_context().trace_id:032x}"
    exemplars = [one.exemplar for metric in registry.collect() for one in metric.samples if one.exemplar]
    assert [dict(one.labels) for one in exemplars] == [{"trace_id": trace_id}]
    provider.shutdown()


def test_without_a_trace_that_is_kept_there_is_none() -> None:
    provider = TracerProvider(sampler=ALWAYS_OFF)

    assert current_exemplar() is None
    with provider.get_tracer("x").start_as_current_span("tick"):
        assert current_exemplar() is None
    provider.shutdown()


def test_a_block_that_fails_is_measured_as_well() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("block_seconds", "x", registry=registry)

    try:
        with timed(histogram):
            raise KeyError
    except KeyError:
        pass

    assert registry.get_sample_value("block_seconds_count") == 1
