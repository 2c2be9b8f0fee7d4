"""How requests are measured: what they count under, and whose trace they lead to."""

import asyncio
from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send

from collector.request_timing import TimedRequests, channel_of, exemplar_of

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


async def nothing() -> Message:
    return {"type": "http.disconnect"}


async def heard(message: Message) -> None:
    del message


def request(path: str, headers: Mapping[str, str] = {}) -> Scope:
    return {"type": "http", "path": path, "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}


def counted(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    return {
        (sample.labels["channel"], sample.labels["status"]): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name.endswith("_count")
    }


def answering(status: int) -> tuple[TimedRequests, CollectorRegistry]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if status:
            await send({"type": "http.response.start", "status": status, "headers": []})

    registry = CollectorRegistry()
    return TimedRequests(app, registry), registry


def test_an_answer_counts_under_its_channel_and_class() -> None:
    timed, registry = answering(202)

    asyncio.run(timed(request("/v1/events"), nothing, heard))
    asyncio.run(timed(request("/v1/sources/stripe"), nothing, heard))

    assert counted(registry) == {("events", "2xx"): 1, ("sources", "2xx"): 1}


def test_a_sender_that_leaves_before_its_answer_is_not_measured() -> None:
    timed, registry = answering(0)

    asyncio.run(timed(request("/v1/events"), nothing, heard))

    assert counted(registry) == {}


def test_an_error_of_ours_is_a_5xx_and_goes_on() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyError("ours")

    registry = CollectorRegistry()
    with pytest.raises(KeyError):
        asyncio.run(TimedRequests(app, registry)(request("/api/alerts"), nothing, heard))

    assert counted(registry) == {("api", "5xx"): 1}


def test_what_is_no_request_passes() -> None:
    timed, registry = answering(200)

    asyncio.run(timed({"type": "lifespan"}, nothing, heard))

    assert counted(registry) == {}


def test_a_measured_request_leads_to_its_senders_trace() -> None:
    timed, registry = answering(200)

    asyncio.run(timed(request("/v1/traces", {"traceparent": f"00-{TRACE}-{SPAN}-01"}), nothing, heard))

    exemplars = [one.exemplar for metric in registry.collect() for one in metric.samples if one.exemplar]
    assert [dict(one.labels) for one in exemplars] == [{"trace_id": TRACE}]


@pytest.mark.parametrize(
    ("traceparent", "expected"),
    [
        pytest.param(f"00-{TRACE}-{SPAN}-01", {"trace_id": TRACE}, id="kept by its sender"),
        pytest.param(f"cc-{TRACE}-{SPAN}-03-more", {"trace_id": TRACE}, id="of a version to come"),
        pytest.param(f"00-{TRACE}-{SPAN}-00", None, id="not kept"),
        pytest.param(f"00-{'0' * 32}-{SPAN}-01", None, id="no trace"),
        pytest.param("nonsense", None, id="no header of this kind"),
        pytest.param("", None, id="none"),
    ],
)
def test_only_a_trace_that_somebody_keeps_is_led_to(traceparent: str, expected: dict[str, str] | None) -> None:
    assert exemplar_of(traceparent) == expected


@pytest.mark.parametrize(
    ("path", "channel"),
    [
        ("/v1/logs", "logs"),
        ("/readyz", "health"),
        ("/v1/actions/slack", "actions"),
        ("/made-up", "other"),
        ("", "other"),
    ],
)
def test_channels_are_a_bounded_set(path: str, channel: str) -> None:
    assert channel_of(path) == channel
