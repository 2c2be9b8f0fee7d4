"""Tables with a mapping file: rows become events, and what goes wrong is told by file, line and expression."""

import json
from pathlib import Path

import pytest

from collector.files.csv_table import LARGEST_ROW
from collector.files.items import Reading
from collector.files.mapping import load_mapping
from collector.source_functions import SourceFunctions
from domain.errors import ConfigError, UsageError
from tests.unit.collector.files.doors import RecordingDoor, events, ingest, items, refusals, written

INVOICES = """id: number
type: "join('.', ['invoice', state])"
time: booked
objects: "[{type: 'invoice', id: number}, {type: 'order', id: order, qualifier: 'bills'}]"
amount: gross
currency: currency
attributes: "{terms: terms}"
"""
TABLE = (
    "number,state,booked,order,gross,currency,terms\nI-1,issued,2026-11-02 09:30:00+01:00,O-1,12500.00,EUR,30 days\n"
)


def reading(tmp_path: Path, mapping: str = INVOICES) -> Reading:
    path = tmp_path / "mapping.yaml"
    path.write_text(mapping, encoding="utf-8")
    return Reading(mapping=load_mapping(path))


@pytest.mark.parametrize("name", ["invoices.csv", "invoices.csv.gz", "invoices"])
def test_a_row_becomes_an_event(tmp_path: Path, name: str) -> None:
    [event] = events(written(tmp_path / name, TABLE), reading(tmp_path))

    assert event == {
        "specversion": "1.0",
        "id": "I-1",
        "source": "csv",
        "type": "invoice.issued",
        "time": "2026-11-02T08:30:00+00:00",
        "data": {
            "objects": [
                {"type": "invoice", "id": "I-1"},
                {"type": "order", "id": "O-1", "qualifier": "bills"},
            ],
            "amount": "12500.00",
            "currency": "EUR",
            "attributes": {"terms": "30 days"},
        },
    }


def test_an_empty_cell_names_no_object_and_no_amount(tmp_path: Path) -> None:
    table = TABLE.replace("O-1", "").replace("12500.00", "").replace("30 days", "")

    [event] = events(written(tmp_path / "invoices.csv", table), reading(tmp_path))

    assert event["data"] == {"objects": [{"type": "invoice", "id": "I-1"}], "currency": "EUR"}


def test_a_table_of_another_country_is_read_as_its_mapping_says(tmp_path: Path) -> None:
    mapping = (
        "{type: '`\"paid\"`', time: Datum, amount: Betrag, time_zone: Europe/Berlin, time_format: '%d.%m.%Y %H:%M'"
    )
    mapping += ", decimal: ',', encoding: windows-1252, attributes: '{payer: Zahler}'}"
    table = "Datum;Betrag;Zahler\r\n02.11.2026 09:30;-1.234,56;Müller\r\n".encode("windows-1252")

    [event] = events(written(tmp_path / "payments.csv", table), reading(tmp_path, mapping))

    assert event["time"] == "2026-11-02T08:30:00+00:00"
    assert event["data"] == {"objects": [], "amount": "-1234.56", "attributes": {"payer": "Müller"}}


@pytest.mark.parametrize(
    ("decimal", "written_as", "amount"),
    [
        (",", "12,5", "12.5"),
        (",", "-1.234.567,89", "-1234567.89"),
        (",", "1 234,56", "1234.56"),
        (",", "1\u00a0234\u202f567,8", "1234567.8"),
        (",", "1'234", "1234.0"),
        (",", "1.234,56-", "-1234.56"),
        (".", "1,234.56", "1234.56"),
        (".", "-1 234 567.89", "-1234567.89"),
        (".", "1234.5600", "1234.5600"),
    ],
)
def test_an_amount_is_read_as_people_write_it(tmp_path: Path, decimal: str, written_as: str, amount: str) -> None:
    mapping = reading(tmp_path, f"{{type: a, time: b, amount: c, decimal: '{decimal}'}}")

    [event] = events(written(tmp_path / "t.csv", f'a;b;c\nx;2026-11-02;"{written_as}"\n'), mapping)

    assert event["data"]["amount"] == amount


@pytest.mark.parametrize("text", ["12.50", "1.23,4", "1,2,3", "1.2345,6", "--1", "EUR 5"])
def test_an_amount_that_might_be_another_is_refused(tmp_path: Path, text: str) -> None:
    mapping = reading(tmp_path, "{type: a, time: b, amount: c, decimal: ','}")

    [(line, reason)] = refusals(written(tmp_path / "t.csv", f"a;b;c\nx;2026-11-02;{text}\n"), mapping)

    assert line == 2
    assert reason.endswith(f'amount: "c" gives "{text}"; with decimal: \',\' give one such as 1.234,56')


def test_a_table_may_count_in_minor_units_and_seconds(tmp_path: Path) -> None:
    mapping = "type: state\ntime: from_seconds(to_number(created))\namount: minor_units(to_number(cents), currency)\n"
    table = "state,created,cents,currency\npaid,1793611800,1250,eur\n"

    [event] = events(written(tmp_path / "payouts.csv", table), reading(tmp_path, mapping))

    assert (event["time"], event["data"]["amount"]) == ("2026-11-02T09:30:00+00:00", "12.50")


def test_without_expressions_for_them_the_whole_row_is_kept_and_makes_the_id(tmp_path: Path) -> None:
    path = written(tmp_path / "log.csv", "\ufeffcase,what,when\n1,a,2026-11-02\n1,a,2026-11-02\n2,a,2026-11-02\n")
    minimal = reading(tmp_path, "{type: what, time: when}")

    first, second = events(path, minimal), events(path, minimal)

    assert first == second
    assert len({event["id"] for event in first}) == 3
    assert first[0]["data"]["attributes"] == {"case": "1", "what": "a", "when": "2026-11-02"}


def test_a_row_that_makes_no_event_is_told_by_file_line_and_expression(tmp_path: Path) -> None:
    table = TABLE + "I-2,issued,,O-2,1.00,EUR,x\nI-3,issued\n\nI-4,issued,2026-11-02,O-4,1.00,EUR,x\n"
    path = written(tmp_path / "invoices.csv", table)
    door = RecordingDoor()

    summary = ingest(path, table, door, reading(tmp_path))

    assert (summary.accepted, summary.rejected) == (2, 2)
    assert summary.problems == [
        f'{path}:3: {tmp_path}/mapping.yaml:3:7: time: "booked" gives nothing; '
        "the row has number, state, booked, order, gross, currency, terms",
        f"{path}:4: 2 fields, where the header has 7",
    ]
    [(_, body)] = door.bodies
    assert json.loads(body)[2] == {"refused": "2 fields, where the header has 7", "content": ["I-3", "issued"]}


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        pytest.param("amount: '[gross]'", 'amount: "[gross]" gives a list; text or a number is taken', id="a list"),
        pytest.param(
            "objects: number",
            'objects: "number" gives no list of objects; write '
            "[{type: 'order', id: column}], with a qualifier if need be",
            id="no list of objects",
        ),
        pytest.param(
            "objects: '[{kind: number}]'",
            'objects: "[{kind: number}]" gives "kind"; type, id and qualifier are taken',
            id="an unknown key",
        ),
        pytest.param("attributes: number", 'attributes: "number" gives "I-1"; write {name: column}', id="a text"),
        pytest.param(
            "region: abs(number)",
            'region: "abs(number)": In function abs(), invalid type for value: I-1, expected one of: '
            "['number'], received: \"string\"",
            id="a function that does not fit",
        ),
    ],
)
def test_an_expression_that_gives_something_else_refuses_the_row(tmp_path: Path, mapping: str, reason: str) -> None:
    path = written(tmp_path / "invoices.csv", TABLE)

    found = refusals(path, reading(tmp_path, f"type: state\ntime: booked\n{mapping}\n"))

    column = len(mapping.partition(":")[0]) + 3
    assert found == [(2, f"{tmp_path}/mapping.yaml:3:{column}: {reason}")]


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        pytest.param("type: a", "mapping.yaml:1:1: time is missing", id="a key that is needed"),
        pytest.param(
            "type: a\ntime: 'a['",
            'mapping.yaml:2:7: time is "a[", which is no JMESPath expression: Invalid jmespath expression: Incomplete '
            'expression: "a[" ^',
            id="no expression",
        ),
        pytest.param(
            "type: uper(a)\ntime: b",
            'mapping.yaml:1:7: type is "uper(a)", which calls uper(), which is no function; there are '
            + ", ".join(sorted(SourceFunctions.FUNCTION_TABLE)),
            id="no function",
        ),
        pytest.param(
            "type: a\ntime: b\ntime_zone: Berlin",
            'mapping.yaml:3:12: time_zone is "Berlin"; give the name of a time zone, such as Europe/Berlin',
            id="no time zone",
        ),
        pytest.param(
            "type: a\ntime: b\nencoding: ansi1",
            'mapping.yaml:3:11: encoding is "ansi1"; give the name of an encoding, such as utf-8 or windows-1252',
            id="no encoding",
        ),
        pytest.param(
            "type: a\ntime: b\ndelimiter: ';;'",
            'mapping.yaml:3:12: delimiter is ";;"; give one character, such as ";"',
            id="no delimiter",
        ),
    ],
)
def test_a_wrong_mapping_file_is_told_by_line(tmp_path: Path, mapping: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        reading(tmp_path, mapping)

    assert str(caught.value) == f"{tmp_path}/{reason}"


def test_a_row_in_another_encoding_is_refused_and_the_others_are_not(tmp_path: Path) -> None:
    rows = TABLE.encode() + TABLE.splitlines()[1].replace("days", "Täge").encode("windows-1252") + b"\n"
    path = written(tmp_path / "invoices.csv", rows + rows.splitlines()[1])

    summary = ingest(path, path.read_bytes(), RecordingDoor(), reading(tmp_path))

    assert (summary.accepted, summary.problems) == (
        2,
        [f"{path}:3: not utf-8 text; give its encoding in the mapping file, such as encoding: windows-1252"],
    )


def test_a_table_that_cannot_be_read_is_told_by_line(tmp_path: Path) -> None:
    path = written(tmp_path / "invoices.csv", TABLE + '"' + "x" * 200_000)

    with pytest.raises(UsageError) as caught:
        events(path, reading(tmp_path))

    assert str(caught.value) == f"{path}:3: not CSV: field larger than field limit (131072)"


def test_a_table_without_a_mapping_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "invoices.csv", TABLE)

    with pytest.raises(UsageError) as caught:
        events(path)

    assert str(caught.value) == f"{path}: a table needs --mapping FILE, which says which columns make an event"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param("x" * (LARGEST_ROW + 1), 0, id="a header"),
        pytest.param(TABLE + "," * (LARGEST_ROW + 1), 2, id="one line"),
        pytest.param(TABLE + '"\n",' * (LARGEST_ROW // 2), 262_146, id="a row over many lines"),
    ],
)
def test_a_row_that_never_ends_is_given_up_before_it_fills_the_memory(tmp_path: Path, content: str, line: int) -> None:
    path = written(tmp_path / "invoices.csv.gz", content)

    with pytest.raises(UsageError) as caught:
        items(path, reading(tmp_path))

    assert str(caught.value) == f"{path}:{line}: not CSV: one row is longer than {LARGEST_ROW} characters"


def test_rows_of_any_number_are_read_though_together_they_are_longer(tmp_path: Path) -> None:
    row = TABLE.splitlines(keepends=True)[1].replace("30 days", "x" * 100_000)
    table = TABLE + "".join(row.replace("I-1", f"I-{number}") for number in range(2, 15))

    assert len(events(written(tmp_path / "invoices.csv", table), reading(tmp_path))) == 14
