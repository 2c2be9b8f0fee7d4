"""Bodies that chance wrote, to every source: no server error, and each is accounted for."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.client import Store
from tests.integration.collector.running import RunningCollector, running_collector
from tests.integration.collector.test_fuzzed_bodies import MUTATIONS, VALUES, account, mutated
from tests.integration.collector.vendor_requests import DEFINITIONS, SAMPLES, all_sources, proof, send

# One collector and its store serve all the examples of a test: each adds to the account.
FUZZ = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
PAYLOADS = {
    source: [
        path.read_bytes()
        for path in sorted((SAMPLES / source).iterdir())
        if not path.name.endswith((".expected.json", ".headers.json"))
    ]
    for source in DEFINITIONS
}


@pytest.fixture
def vendors(embedded_store: Store) -> Iterator[RunningCollector]:
    """A collector that knows every shipped source and its secret."""
    with running_collector(embedded_store, sources=all_sources()) as running:
        yield running


def replaced(value: Any, path: list[int], new: Any) -> Any:
    """The value with one of its parts, found by the path, replaced."""
    if not path or not isinstance(value, dict | list) or not value:
        return new
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[path[0] % len(keys)]
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[key] = replaced(value[key], path[1:], new)
    return changed


@st.composite
def bodies(draw: st.DrawFn, source: str) -> bytes:
    """A sample with a part replaced or with bytes changed, or anything at all."""
    kind = draw(st.sampled_from(["part", "bytes", "anything"]))
    body = draw(st.sampled_from(PAYLOADS[source]))
    if kind == "anything":
        return draw(st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
    if kind == "part" and body.lstrip()[:1] in b"[{":
        path = draw(st.lists(st.integers(0, 12), max_size=5))
        return json.dumps(replaced(json.loads(body), path, draw(VALUES))).encode()
    return mutated(body, draw(MUTATIONS))


@pytest.mark.parametrize("source", sorted(DEFINITIONS))
def test_every_body_is_accounted_for(vendors: RunningCollector, source: str) -> None:
    @FUZZ
    @given(bodies(source))
    def accounts(body: bytes) -> None:
        before = account(vendors)

        response = send(vendors, source, body, {**proof(source, body), "Zuora-Notification-Id": "n-1"})

        gained = {name: value - before[name] for name, value in account(vendors).items()}
        assert response.status_code in (200, 400), response.text
        settled = gained["events_stored"] + gained["events_duplicate"] + gained["dead_letters"]
        assert gained["events_received"] == settled
        # Nothing but an empty array leaves no trace.
        assert settled or body.strip() == b"[]"
        if response.status_code == 400:
            assert gained["events_stored"] == gained["events_duplicate"] == 0

    accounts()


@FUZZ
@given(body=st.binary(max_size=40), header=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
@pytest.mark.parametrize("source", ["stripe", "hubspot", "zuora", "salesforce"])
def test_nothing_is_believed_by_chance(vendors: RunningCollector, source: str, body: bytes, header: str) -> None:
    headers = dict.fromkeys(proof(source, body), header)

    response = send(vendors, source, body, headers)

    assert response.status_code == 401
    counted = account(vendors)
    assert counted["dead_letters"] == counted["events_stored"] == 0
    assert counted["events_received"] == counted["requests_refused"]
