"""XES logs: types, objects and times as the standard names them, and ids that are the same at every run."""

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.files.formats import Format, read_items
from collector.files.items import EventItem, Found, Reading
from collector.files.source_file import SourceFile
from domain.errors import UsageError
from tests.unit.collector.files.doors import events, items, objects, written

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1849-2016">'
    '<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>'
    '<global scope="event"><string key="concept:name" value="__INVALID__"/></global>'
    '<classifier name="Activity" keys="concept:name"/><string key="origin" value="test"/>\n'
)
APPROVED = {"concept:name": "order.approved", "time:timestamp": "2026-11-02T09:30:00.000+01:00"}


def event_xml(attributes: dict[str, str]) -> str:
    return (
        f"<event>{''.join(f'<string key={quoteattr(k)} value={quoteattr(v)}/>' for k, v in attributes.items())}</event>"
    )


def trace_xml(name: str | None, *attributes: dict[str, str]) -> str:
    named = "" if name is None else f"<string key='concept:name' value={quoteattr(name)}/><int key='size' value='3'/>"
    return f"<trace>{named}{''.join(map(event_xml, attributes))}</trace>\n"


def log(tmp_path: Path, *traces: str, name: str = "log.xes", reading: Reading | None = None) -> list[dict[str, Any]]:
    return events(written(tmp_path / name, HEAD + "".join(traces) + "</log>"), reading)


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [event["id"] for event in found]


@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz", "log"])
def test_an_event_has_its_name_for_type_and_its_trace_for_object(tmp_path: Path, name: str) -> None:
    [event] = log(tmp_path, trace_xml("17", {**APPROVED, "org:resource": "Ann", "cost": "5"}), name=name)

    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": "xes",
        "type": "order.approved",
        "time": "2026-11-02T08:30:00+00:00",
        "data": {"objects": [{"type": "case", "id": "17"}], "attributes": {"org:resource": "Ann", "cost": "5"}},
    }


def test_traces_and_sources_are_called_what_the_user_says(tmp_path: Path) -> None:
    [event] = log(tmp_path, trace_xml("17", APPROVED), reading=Reading("erp", "order"))

    assert (event["source"], event["data"]["objects"]) == ("erp", [{"type": "order", "id": "17"}])


@pytest.mark.parametrize(
    ("written_as", "instant"),
    [
        pytest.param("2026-11-02T09:30:00.123456+05:30", "2026-11-02T04:00:00.123456+00:00", id="an offset"),
        pytest.param("1948-01-26T23:59:00.000+01:00", "1948-01-26T22:59:00+00:00", id="before 1970"),
        pytest.param("2019/11/03 01:11:19.000", "2019-11-03T01:11:19+00:00", id="a text with slashes"),
        pytest.param("2026-11-02T09:30:00Z", "2026-11-02T09:30:00+00:00", id="Z"),
        pytest.param("2026-11-02T09:30:00.123456789Z", "2026-11-02T09:30:00.123456+00:00", id="nanoseconds"),
        pytest.param("2026-11-02", "2026-11-02T00:00:00+00:00", id="a date"),
        pytest.param("tomorrow", "tomorrow", id="no instant, which the door refuses"),
        pytest.param("2026-02-30T09:30:00Z", "2026-02-30T09:30:00Z", id="no day, which the door refuses"),
    ],
)
def test_times_come_out_in_utc(tmp_path: Path, written_as: str, instant: str) -> None:
    [event] = log(tmp_path, trace_xml("1", {**APPROVED, "time:timestamp": written_as}))

    assert event["time"] == instant


def test_an_event_without_name_or_time_is_left_to_the_door_to_refuse(tmp_path: Path) -> None:
    [event] = log(tmp_path, trace_xml("1", {"cost": "5"}))

    assert (event["type"], event["time"]) == ("", "")


def test_equal_events_of_a_trace_have_ids_of_their_own_and_the_same_at_every_run(tmp_path: Path) -> None:
    traces = [trace_xml("1", APPROVED, APPROVED, {**APPROVED, "cost": "5"}, APPROVED), trace_xml("2", APPROVED)]

    first, second = log(tmp_path, *traces), log(tmp_path, *traces)

    assert len(set(ids(first))) == 5
    assert first == second


def test_a_log_that_grew_keeps_the_ids_it_had(tmp_path: Path) -> None:
    shipped = {**APPROVED, "concept:name": "order.shipped"}

    before = log(tmp_path, trace_xml("1", APPROVED), trace_xml("2", APPROVED))
    after = log(tmp_path, trace_xml("2", shipped, APPROVED), trace_xml("1", APPROVED, APPROVED))

    assert set(ids(before)) < set(ids(after))


@pytest.mark.parametrize("name", ["1", None])
def test_traces_that_share_a_name_or_have_none_lose_no_event(tmp_path: Path, name: str | None) -> None:
    found = log(tmp_path, trace_xml(name, APPROVED, APPROVED), trace_xml("2", APPROVED), trace_xml(name, APPROVED))

    assert len(set(ids(found))) == 4
    assert [event["data"]["objects"] for event in found if event is not found[2]] == [
        [{"type": "case", "id": name}] if name else []
    ] * 3


def test_an_identity_in_the_log_is_the_events_id(tmp_path: Path) -> None:
    [event] = log(tmp_path, trace_xml("1", {**APPROVED, "identity:id": "8d1f"}))

    assert (event["id"], event["data"].get("attributes")) == ("8d1f", None)


def test_nested_attributes_carry_the_names_around_them(tmp_path: Path) -> None:
    nested = (
        "<event><string key='concept:name' value='a'/><list key='lines'><values><string key='sku' value='X'/></values>"
        "</list><string key='price' value='5'><string key='currency' value='EUR'/></string></event>"
    )

    [event] = log(tmp_path, f"<trace>{nested}</trace>")

    assert event["data"]["attributes"] == {"lines/sku": "X", "price": "5", "price/currency": "EUR"}


def test_places_are_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "log.xes", HEAD + trace_xml("1", APPROVED) + trace_xml("2", APPROVED) + "</log>")

    assert [item.place for item in items(path)] == [3, 4]


def test_members_of_a_list_that_share_a_key_are_all_kept(tmp_path: Path) -> None:
    nested = (
        "<event><string key='concept:name' value='a'/><list key='skus'><values><string key='sku' value='X'/>"
        "<string key='sku' value='Y'/></values></list></event>"
    )

    [event] = log(tmp_path, f"<trace>{nested}</trace>")

    assert event["data"]["attributes"] == {"skus/sku": "X", "skus/sku/2": "Y"}


def test_attributes_of_a_trace_are_said_of_its_object(tmp_path: Path) -> None:
    own = (
        "<string key='concept:name' value='O-1'/><float key='total' value='12.50'>"
        "<string key='unit' value='EUR'/></float>"
        "<boolean key='rush' value='true'/><date key='due' value='2026-11-02T09:00:00+01:00'/>"
    )
    event = "<event><string key='concept:name' value='a'/></event>"
    path = written(tmp_path / "log.xes", f"{HEAD}<trace>{own}{event}</trace><trace>{event}</trace></log>")

    [order] = objects(path, Reading(object_type="order"))

    assert (order.object_type, order.object_id) == ("order", "O-1")
    assert [(name, value, kind) for name, _, value, kind in order.attributes] == [
        ("total", "12.50", "float"),
        ("total/unit", "EUR", "string"),
        ("rush", "true", "boolean"),
        ("due", "2026-11-02T09:00:00+01:00", "time"),
    ]
    assert {valid_from for _, valid_from, _, _ in order.attributes} == {"1970-01-01T00:00:00Z"}


def test_an_event_has_the_id_that_it_has_in_a_trace_without_attributes(tmp_path: Path) -> None:
    event = "<event><string key='concept:name' value='a'/></event>"
    name = "<string key='concept:name' value='O-1'/>"

    with_attributes = log(tmp_path, f"<trace>{name}<string key='x' value='1'/>{event}</trace>")
    without = log(tmp_path, f"<trace>{name}{event}</trace>")

    assert with_attributes == without


def test_a_default_fills_nothing(tmp_path: Path) -> None:
    defaults = (
        "<global scope='event'><string key='concept:name' value='UNKNOWN'/>"
        "<string key='org:resource' value='NOBODY'/></global>"
    )

    [event] = log(tmp_path, defaults, "<trace><event><string key='concept:name' value='a'/></event></trace>")

    assert (event["type"], event["data"]) == ("a", {"objects": []})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(
            HEAD + trace_xml("1", APPROVED) + "<trace></log>", "4: not well-formed XML: mismatched tag", id="broken"
        ),
        pytest.param(
            HEAD + trace_xml("1", APPROVED), "4: not well-formed XML: no element found", id="one that ends too soon"
        ),
        pytest.param(
            HEAD + "<trace>" + trace_xml("1", APPROVED)[7:-9] + "<event>" + "<list key='a'>" * 200,
            "3: attributes are nested deeper than 100",
            id="endless nesting",
        ),
    ],
)
def test_a_fault_is_told_by_its_line_after_what_came_before_it(tmp_path: Path, content: str, reason: str) -> None:
    path = written(tmp_path / "log.xes", content)
    found: list[Found] = []

    with pytest.raises(UsageError) as caught:
        found.extend(read_items(SourceFile(path), Format.XES, Reading()))

    assert str(caught.value) == f"{path}:{reason}"
    assert [json.loads(item.body)["type"] for item in found if isinstance(item, EventItem)] == ["order.approved"]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"), max_size=8)


@given(st.lists(st.tuples(st.sampled_from("ABC"), TEXT, TEXT), max_size=12))
def test_every_event_of_any_log_comes_out_once_under_an_id_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    traces = [trace_xml(case, {**APPROVED, "concept:name": type_, "note": note}) for case, type_, note in rows]
    folder = tmp_path_factory.mktemp("log")

    found = log(folder, *traces)

    assert len(set(ids(found))) == len(rows)
    assert [event["type"] for event in found] == [
        type_ if type_.isprintable() else " ".join(type_.split()) for _, type_, _ in rows
    ]
    assert [event["data"]["attributes"]["note"] for event in found] == [note for _, _, note in rows]
