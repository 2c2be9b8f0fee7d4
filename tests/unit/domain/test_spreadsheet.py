"""Texts of others in files that spreadsheets open."""

import pytest

from domain.spreadsheet import harmless


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_begins_like_a_formula_has_an_apostrophe_before_it(begin: str) -> None:
    assert harmless(f"{begin}HYPERLINK(1)").startswith(f"'{begin}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("O-1;=1+1", "O-1;'=1+1", id="where semicolons part the fields"),
        pytest.param("O-1\t@SUM(A1)", "O-1\t'@SUM(A1)", id="where tabs part the fields"),
        pytest.param("O-1\r\n=1+1", "O-1\r'\n'=1+1", id="where a quoted line end ends a row"),
    ],
)
def test_nor_does_one_begin_where_a_spreadsheet_parts_fields_in_another_way(text: str, expected: str) -> None:
    assert harmless(text) == expected


@pytest.mark.parametrize("text", ["", "O-1", "a=b", "order/1; invoice/2", "line\nsecond line", '{"a":"=1"}'])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text
