"""Tables as files, read back: amounts to the last digit, instants in UTC, no formula where there was text."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import openpyxl
import pyarrow.parquet as pq
import pytest

from dashboard.components.export import limit_words
from dashboard.export_files import MOST_ROWS, Cell, Kind, Sheet, csv_file, parquet_file, xlsx_file

AT = datetime(2026, 11, 2, 10, 30, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
COLUMNS = {"object": Kind.TEXT, "amount": Kind.AMOUNT, "at": Kind.INSTANT, "times": Kind.WHOLE, "share": Kind.NUMBER}
LONG = Decimal("12345678901234567890.123456789")
ROWS: list[tuple[Cell, ...]] = [
    ("O-1", Decimal("12500.100000000"), AT, 3, 0.5),
    ("=HYPERLINK(1)", Decimal("-0.000000001"), None, None, None),
    ('O-3, "quoted"\nover two lines', LONG, AT, 0, 1.0),
]
SHEET = Sheet("orders", COLUMNS, ROWS, 3)


def read_csv(sheet: Sheet) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_file(sheet).decode("utf-8-sig"), newline="")))


def read_xlsx(sheet: Sheet) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(io.BytesIO(xlsx_file(sheet))).active.values)  # type: ignore[union-attr]


def test_csv_keeps_every_digit_and_says_the_zone() -> None:
    assert read_csv(SHEET) == [
        ["object", "amount", "at", "times", "share"],
        ["O-1", "12500.1", "2026-11-02T09:30:00.123456Z", "3", "0.5"],
        ["'=HYPERLINK(1)", "-0.000000001", "", "", ""],
        ['O-3, "quoted"\nover two lines', "12345678901234567890.123456789", "2026-11-02T09:30:00.123456Z", "0", "1.0"],
    ]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_in_csv_is_no_formula_and_a_number_stays_one(begin: str) -> None:
    sheet = Sheet("x", {"text": Kind.TEXT, "number": Kind.AMOUNT}, [(f"{begin}1+1", Decimal(-5))], 1)

    assert read_csv(sheet)[1] == [f"'{begin}1+1", "-5"]


def test_xlsx_holds_numbers_instants_and_texts_as_such() -> None:
    head, first, formula, long = read_xlsx(SHEET)

    assert head == ("object", "amount", "at (UTC)", "times", "share")
    assert first == ("O-1", 12500.1, datetime(2026, 11, 2, 9, 30, 0, 123000), 3, 0.5)  # noqa: DTZ001 - cells have no zone
    assert formula[:2] == ("=HYPERLINK(1)", pytest.approx(-1e-9))
    book = openpyxl.load_workbook(io.BytesIO(xlsx_file(SHEET)))
    assert book.active["A3"].data_type == "s"  # type: ignore[index]
    # More digits than a spreadsheet's numbers have.
    assert long[1] == "12345678901234567890.123456789"


def test_parquet_keeps_decimals_and_instants_exactly() -> None:
    table = pq.read_table(io.BytesIO(parquet_file(SHEET)))

    assert [str(field.type) for field in table.schema] == [
        "string", "decimal128(38, 9)", "timestamp[us, tz=UTC]", "int64", "double",
    ]  # fmt: skip
    assert table["amount"].to_pylist() == [Decimal("12500.1"), Decimal("-0.000000001"), LONG]
    assert table["at"].to_pylist() == [AT.astimezone(UTC), None, AT.astimezone(UTC)]
    assert table["object"].to_pylist()[1] == "=HYPERLINK(1)"


def test_a_file_that_is_not_whole_says_so() -> None:
    sheet = Sheet("orders", COLUMNS, ROWS, 1000)

    assert sheet.file_name("csv") == "orders-first-3-of-1000.csv"
    assert SHEET.file_name("csv") == "orders.csv"
    assert read_xlsx(sheet)[-1][0] == "997 more rows are left out; a file holds 50000"
    metadata = pq.read_table(io.BytesIO(parquet_file(sheet))).schema.metadata
    assert metadata[b"total"] == b"1000"


def test_the_limit_is_stated_before_anybody_clicks() -> None:
    assert limit_words(3) == "All 3 rows as they are filtered; amounts exact, instants in UTC."
    assert limit_words(MOST_ROWS + 7) == (
        "The first 50,000 of 50,007 rows; 7 are left out. Amounts exact, instants in UTC."
    )


def test_an_empty_table_is_a_file_with_a_heading() -> None:
    sheet = Sheet("orders", COLUMNS, [], 0)

    assert read_csv(sheet) == [list(COLUMNS)]
    assert len(read_xlsx(sheet)) == 1
    assert pq.read_table(io.BytesIO(parquet_file(sheet))).num_rows == 0
