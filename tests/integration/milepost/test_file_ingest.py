"""Files through the real door, in this process and over HTTP: stored once, and refused with a reason that is kept."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.files.door import Checkpoint
from collector.files.ingestion import Ingestion, IngestSummary
from collector.files.items import Reading
from collector.files.mapping import load_mapping
from milepost.answers.protocol import Answers
from milepost.settings import Settings
from storage.client import Store
from storage.dead_letters import LetterFilter
from tests.builders import otlp_request, span
from tests.engine import Engine
from tests.integration.milepost.places import PLACES, answers_at
from tests.unit.collector.files.test_camt import entry, statement
from tests.unit.collector.files.test_xes import APPROVED, HEAD, trace_xml

CORRELATION = """
span_mappings:
  - {mapping: posted, service: crm, span: POST /orders, event: order.posted, objects: [{type: order, id: order.id}]}
"""
EVENTS = "SELECT type, occurred_at, objects, attributes FROM events FINAL ORDER BY occurred_at, event_id"


@pytest.fixture(params=PLACES)
def answers(request: pytest.FixtureRequest, embedded_store: Store) -> Iterator[Answers]:
    with answers_at(request.param, embedded_store) as answers:
        yield answers


def ingest(answers: Answers, path: Path, reading: Reading | None = None) -> str:
    summary = IngestSummary()
    Ingestion(answers.door(Settings()), answers.checkpoints(), reading or Reading()).take([path], summary)
    return "\n".join([str(summary), *summary.problems])


def test_a_log_that_is_taken_twice_is_stored_once(
    answers: Answers, engine: Engine, embedded_store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "log.xes"
    old = {**APPROVED, "time:timestamp": "1948-01-26T23:59:00.000+01:00", "org:resource": "Ann"}
    path.write_text(HEAD + trace_xml("1", old, APPROVED, APPROVED) + trace_xml("2", *[APPROVED] * 2_000) + "</log>")

    first, second = ingest(answers, path), ingest(answers, path)

    assert first == "2003 accepted, 0 duplicates, 0 rejected"
    assert second == "0 accepted, 2003 duplicates, 0 rejected"
    stored = engine.select(embedded_store, EVENTS)
    assert len(stored) == 2003
    assert stored[0]["occurred_at"].isoformat() == "1948-01-26T22:59:00+00:00"
    assert stored[0]["attributes"] == {"org:resource": "Ann"}
    milestones = "SELECT object_id, count() AS n FROM object_milestones FINAL GROUP BY object_id ORDER BY object_id"
    assert [row["n"] for row in engine.select(embedded_store, milestones)] == [3, 2_000]


def test_what_a_file_got_wrong_is_refused_by_the_door_and_kept(answers: Answers, tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    path.write_text(HEAD + trace_xml("1", APPROVED, {**APPROVED, "time:timestamp": "soon"}) + "</log>")

    told = ingest(answers, path)

    reason = "time 'soon' is not RFC 3339, such as 2026-11-02T09:30:00Z"
    assert told == f"1 accepted, 0 duplicates, 1 rejected\n{path}:3: {reason}"
    [letter] = answers.dead_letters(LetterFilter(), 10)
    assert (letter["code"], letter["reason"], letter["source"]) == ("invalid_time", reason, "xes")


def test_a_row_that_makes_no_event_is_kept_whole_with_its_reason(answers: Answers, tmp_path: Path) -> None:
    mapping, path = tmp_path / "mapping.yaml", tmp_path / "orders.csv"
    mapping.write_text("{id: id, type: what, time: when}")
    path.write_text("id,what,when\n1,order.approved,2026-11-02\n2,,2026-11-02\n")

    told = ingest(answers, path, Reading(mapping=load_mapping(mapping)))

    reason = f'{mapping}:1:16: type: "what" gives nothing; the row has id, what, when'
    assert told == f"1 accepted, 0 duplicates, 1 rejected\n{path}:3: {reason}"
    [listed] = answers.dead_letters(LetterFilter(), 10)
    letter = answers.dead_letter(listed["dead_letter_id"])
    assert json.loads(base64.b64decode(letter["body_base64"])) == {
        "refused": reason,
        "content": ["2", "", "2026-11-02"],
    }


def test_a_payment_in_an_advice_and_a_statement_is_one(
    answers: Answers, engine: Engine, embedded_store: Store, tmp_path: Path
) -> None:
    advice, booked = tmp_path / "advice.xml", tmp_path / "statement.xml"
    advice.write_text(statement(entry(), kind="054"))
    booked.write_text(statement(entry(), entry(reference="SVC-2")))

    told = [ingest(answers, path) for path in (advice, booked)]

    assert told == ["1 accepted, 0 duplicates, 0 rejected", "1 accepted, 1 duplicates, 0 rejected"]
    amounts = "SELECT amount, currency FROM object_milestones FINAL WHERE object_type = 'payment'"
    assert [(str(row["amount"]), row["currency"]) for row in engine.select(embedded_store, amounts)] == [
        ("100.000000000", "EUR")
    ] * 2


def test_spans_of_a_file_are_stored_once(
    answers: Answers, engine: Engine, embedded_store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "spans.pb"
    bad = span(trace_id=b"short")
    path.write_bytes(otlp_request(span(), bad).SerializeToString())

    first, second = ingest(answers, path), ingest(answers, path)

    reason = "1 spans have no 16-byte trace_id and 8-byte span_id, or one of zeros"
    assert first == f"1 accepted, 0 duplicates, 1 rejected\n{path}:1: {reason}"
    assert second == "0 accepted, 0 duplicates, 1 rejected"
    assert engine.select(embedded_store, "SELECT count() AS n FROM otel_traces") == [{"n": 1}]


def test_a_body_that_is_no_request_of_spans_is_a_dead_letter(answers: Answers, tmp_path: Path) -> None:
    path = tmp_path / "spans.json"
    path.write_text('{"resourceSpans": 5}')

    told = ingest(answers, path)

    assert told.startswith("0 accepted, 0 duplicates, 1 rejected\n" + f"{path}:1: the body is not an OTLP")
    assert [letter["channel"] for letter in answers.dead_letters(LetterFilter(), 10)] == ["traces"]


def test_checkpoints_are_kept_with_the_store(answers: Answers, embedded_store: Store) -> None:
    checkpoints = answers.checkpoints()
    checkpoints.record("ab12", Checkpoint(1_000, 1))

    checkpoints.record("ab12", Checkpoint(50_000, 3))

    with answers_at("in this process", embedded_store) as others:
        assert others.checkpoints().read("ab12") == Checkpoint(50_000, 3)
    assert checkpoints.read("cd34") == Checkpoint()


def test_spans_of_a_file_are_milestones_where_the_configuration_says_so(
    engine: Engine, embedded_store: Store, tmp_path: Path
) -> None:
    (tmp_path / "correlation.yaml").write_text(CORRELATION)
    path = tmp_path / "spans.pb"
    path.write_bytes(otlp_request(span(attributes={"order.id": "O-1001"}), span("GET /")).SerializeToString())
    summary = IngestSummary()
    with answers_at("in this process", embedded_store) as answers:
        door = answers.door(Settings(config=tmp_path))
        Ingestion(door, answers.checkpoints()).take([path], summary)

    assert str(summary) == "2 accepted, 0 duplicates, 0 rejected"
    stored = engine.select(embedded_store, "SELECT object_id, type FROM object_milestones")
    assert stored == [{"object_id": "O-1001", "type": "order.posted"}]
