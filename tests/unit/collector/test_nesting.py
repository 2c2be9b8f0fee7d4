"""What is nested too deeply, however the brackets are spread."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.nesting import DEEPEST, is_too_deep
from collector.receivers.cloudevents import BATCH, Candidate, read_event, read_request
from tests.builders import NOW
from tests.integration.collector.running import event

VALUES = st.recursive(
    st.none() | st.integers() | st.text("[]{}\"\\,: a", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("[{\"\\", max_size=4), inner, max_size=3),
    max_leaves=30,
)  # fmt: skip


def depth(value: Any) -> int:
    """How many arrays and objects are inside each other, counted the slow way."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def nested(levels: int) -> Any:
    value: Any = "x"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@given(VALUES, st.integers(0, DEEPEST + 6))
def test_depth_is_told_whatever_texts_hold(value: Any, levels: int) -> None:
    document: Any = value
    for _ in range(levels):
        document = [document, "]" * 40, '\\"[[']

    assert is_too_deep(json.dumps(document).encode()) == (depth(document) > DEEPEST)


def test_many_brackets_beside_each_other_are_not_deep() -> None:
    assert not is_too_deep(json.dumps([[{}]] * 10_000).encode())


@pytest.mark.parametrize(("levels", "is_taken"), [(62, True), (63, False), (900, False)])
def test_an_event_is_taken_up_to_64_levels(levels: int, is_taken: bool) -> None:
    raw = json.dumps(event(1, data={"own": nested(levels)})).encode()

    read = read_event(0, raw, NOW)

    assert isinstance(read, Candidate) == is_taken
    if not isinstance(read, Candidate):
        reason = "the event is nested deeper than 64 levels; send flatter JSON"
        assert (read.code, read.reason, read.event_id, read.source) == ("nested_too_deeply", reason, "e-1", "crm")


@pytest.mark.parametrize("levels", [20, 100])
@pytest.mark.parametrize(
    "place",
    [
        pytest.param(lambda deep: {"own": deep}, id="beside the canonical words"),
        pytest.param(lambda deep: {"objects": [{"type": "order", "id": "O-1", "note": deep}]}, id="in an object"),
        pytest.param(lambda deep: {"attributes": {"own": deep}}, id="as an attribute"),
    ],
)
def test_a_batch_of_canonical_events_is_taken_no_deeper_than_an_event_alone(
    place: Callable[[Any], dict[str, Any]], levels: int
) -> None:
    data = {"objects": [{"type": "order", "id": "O-1"}]}
    events = [event(1, data=data), event(2, data=data | place(nested(levels)))]

    received = read_request(BATCH, (), json.dumps(events).encode(), NOW)

    codes = [rejection.code for rejection in received.rejections]
    assert (len(received.candidates), codes) == ((2, []) if levels == 20 else (1, ["nested_too_deeply"]))
