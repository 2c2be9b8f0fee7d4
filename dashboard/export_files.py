"""Tables as files: CSV, XLSX and Parquet with the same cells, amounts exact and instants with their zone."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from domain.spreadsheet import harmless

# So many rows a file holds; what is left out is said in its name and beside the button.
MOST_ROWS = 50_000
Cell = str | int | float | Decimal | datetime | None
# A spreadsheet's numbers hold so many digits; longer ones are written as text, or digits would be lost.
_EXCEL_DIGITS = 15
_EXCEL_FIRST = datetime(1900, 3, 1, tzinfo=UTC)
_EXCEL_CELL = 32_767


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    AMOUNT = "amount"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table to write: its columns by name, its rows, and how many there are in all."""

    name: str
    columns: Mapping[str, Kind]
    rows: Sequence[Sequence[Cell]]
    total: int

    @property
    def left_out(self) -> int:
        """How many rows are not in it."""
        return max(self.total - len(self.rows), 0)

    def file_name(self, suffix: str) -> str:
        """What its file is called; one that is not whole says so."""
        part = f"-first-{len(self.rows)}-of-{self.total}" if self.left_out else ""
        return f"{self.name}{part}.{suffix}"


def csv_file(sheet: Sheet) -> bytes:
    """Comma-separated values in UTF-8; what would be a formula has an apostrophe before it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(sheet.columns)
    for row in sheet.rows:
        writer.writerow([_csv_cell(cell) for cell in row])
    # With the mark by which spreadsheets know the encoding.
    return out.getvalue().encode("utf-8-sig")


def xlsx_file(sheet: Sheet) -> bytes:
    """A workbook; its instants are in UTC, since cells have no zone, and the heading says so."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        page = book.add_worksheet(sheet.name[:31])
        bold = book.add_format({"bold": True})
        formats = {Kind.AMOUNT: book.add_format({"num_format": "#,##0.00#######"})}
        for column, (name, kind) in enumerate(sheet.columns.items()):
            page.write_string(0, column, f"{name} (UTC)" if kind is Kind.INSTANT else name, bold)
            page.set_column(column, column, 20)
        page.freeze_panes(1, 0)
        for number, row in enumerate(sheet.rows, start=1):
            for column, (cell, kind) in enumerate(zip(row, sheet.columns.values(), strict=True)):
                _write(page, number, column, cell, formats.get(kind))
        if sheet.left_out:
            page.write_string(len(sheet.rows) + 1, 0, _left_out_words(sheet))
    return out.getvalue()


def _write(page: Any, row: int, column: int, cell: Cell, style: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, datetime) and cell >= _EXCEL_FIRST:
        page.write_datetime(row, column, cell.astimezone(UTC).replace(tzinfo=None))
    elif not isinstance(cell, str | datetime) and _fits(cell):
        page.write_number(row, column, cell, style)
    else:
        page.write_string(row, column, _plain(cell)[:_EXCEL_CELL])


def parquet_file(sheet: Sheet) -> bytes:
    """A Parquet file: amounts as decimals of 38 digits, instants in microseconds with UTC."""
    types = {
        Kind.TEXT: pa.string(),
        Kind.WHOLE: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.AMOUNT: pa.decimal128(38, 9),
        Kind.INSTANT: pa.timestamp("us", tz="UTC"),
    }
    columns = list(zip(*sheet.rows, strict=True)) or [() for _ in sheet.columns]
    arrays = [
        pa.array(list(cells), type=types[kind]) for cells, kind in zip(columns, sheet.columns.values(), strict=True)
    ]
    note = {"rows": str(len(sheet.rows)), "total": str(sheet.total)}
    schema = pa.schema([(name, types[kind]) for name, kind in sheet.columns.items()], metadata=note)
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), out)
    return out.getvalue()


# The formats by the end of a file's name: what writes one, and its media type.
FORMATS: Mapping[str, tuple[Callable[[Sheet], bytes], str]] = {
    "csv": (csv_file, "text/csv"),
    "xlsx": (xlsx_file, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "parquet": (parquet_file, "application/vnd.apache.parquet"),
}


def _csv_cell(cell: Cell) -> str:
    return harmless(cell) if isinstance(cell, str) else _plain(cell)


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Decimal():
            text = format(cell, "f")
            return text.rstrip("0").rstrip(".") if "." in text else text
    return str(cell)


def _fits(number: int | float | Decimal) -> bool:
    return isinstance(number, float) or len(_plain(number).replace(".", "").strip("-0")) <= _EXCEL_DIGITS


def _left_out_words(sheet: Sheet) -> str:
    return f"{sheet.left_out} more rows are left out; a file holds {MOST_ROWS}"
