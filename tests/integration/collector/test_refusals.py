"""What no receiver and no route takes is refused in JSON with a sentence, never by a server error."""

import pytest

from tests.integration.collector.running import RunningCollector

BEFORE_ALL = "0399-03-28T22:00:34+06:48"


def test_a_path_that_nothing_answers_at_is_told_so_in_json(collector: RunningCollector) -> None:
    refusal = collector.http.get("/nowhere")

    assert refusal.status_code == 404
    assert refusal.json() == {
        "code": "not_found",
        "reason": "nothing answers at '/nowhere'; /api/openapi.json tells what does",
    }


def test_a_method_that_a_path_has_not_is_told_which_it_has(collector: RunningCollector) -> None:
    refusal = collector.http.post("/metrics")

    assert (refusal.status_code, set(refusal.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert refusal.json() == {"code": "method_not_allowed", "reason": "send GET or HEAD"}


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=x", "text/plain; version=1.x"])
def test_metrics_asked_for_in_a_version_that_is_none_come_as_plain_text(
    collector: RunningCollector, accept: str
) -> None:
    page = collector.http.get("/metrics", headers={"accept": accept})

    assert (page.status_code, page.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param({"all": True, "since": BEFORE_ALL}, id="since"),
        pytest.param({"all": True, "after": {"dead_letter_id": "l-1", "received_at": BEFORE_ALL}}, id="after"),
    ],
)
def test_a_replay_of_letters_from_before_there_are_any_is_refused(
    collector: RunningCollector, wish: dict[str, object]
) -> None:
    refusal = collector.http.post("/api/dead-letters/replay", json=wish)

    assert refusal.status_code == 400
    assert refusal.json() == {"reason": f"{BEFORE_ALL!r} is not within 1900 to 2299 in UTC; give an instant between"}
