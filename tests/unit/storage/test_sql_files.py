"""A query file's header is read, and held against its text and against what callers give."""

import pytest

from storage.sql_files import SqlFile, parse_query

WHOLE = """\
-- Objects of a type, past an instant,
-- with their amounts.
-- params: since DateTime64(6, 'UTC'), names Array(Tuple(String, String)),
--   limit UInt32
-- columns: object_id,
--   amount
-- fragments: condition
SELECT object_id, amount -- a comment of the text
FROM t
WHERE at >= {since:DateTime64(6, 'UTC')} AND (a, b) IN {names:Array(Tuple(String, String))} AND /*{condition}*/
LIMIT {limit:UInt32}
"""


def test_a_header_is_read_over_its_lines() -> None:
    file = parse_query("objects", WHOLE)

    assert file == SqlFile(
        name="objects",
        purpose="Objects of a type, past an instant, with their amounts.",
        params={"since": "DateTime64(6, 'UTC')", "names": "Array(Tuple(String, String))", "limit": "UInt32"},
        columns=("object_id", "amount"),
        fragments=("condition",),
        text=WHOLE[WHOLE.index("SELECT") :].strip(),
    )


def test_a_fragment_takes_the_place_of_its_hole() -> None:
    file = parse_query("objects", "-- Some.\n-- fragments: condition\nSELECT 1 WHERE /*{condition}*/")

    assert file.render({}, {"condition": r"a = '\\g<0>'"}) == r"SELECT 1 WHERE a = '\\g<0>'"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("SELECT 1", "q.sql: the first line must say what the statement answers", id="no header"),
        pytest.param(
            "-- columns: a\nSELECT 1 AS a",
            "q.sql: the first line must say what the statement answers",
            id="no purpose",
        ),
        pytest.param(
            "-- One.\nSELECT {a:String}",
            "q.sql: the header's params and those in the text differ",
            id="a parameter that the header leaves out",
        ),
        pytest.param(
            "-- One.\n-- params: a String\nSELECT 1",
            "q.sql: the header's params and those in the text differ",
            id="a parameter that the text leaves out",
        ),
        pytest.param(
            "-- One.\n-- params: a\nSELECT {a:String}",
            "q.sql: parameter 'a' has no type in the header",
            id="a parameter without a type",
        ),
        pytest.param(
            "-- One.\nSELECT /*{a}*/",
            "q.sql: the header's fragments and those in the text differ",
            id="a fragment that the header leaves out",
        ),
    ],
)
def test_a_header_that_does_not_fit_its_text_is_refused(content: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^q\.sql") as refusal:
        parse_query("q", content)

    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("params", "fragments", "message"),
    [
        pytest.param({}, {"f": "1"}, "q.sql takes parameters ['a'], got []", id="one is missing"),
        pytest.param({"a": 1, "b": 2}, {"f": "1"}, "q.sql takes parameters ['a'], got ['a', 'b']", id="one too many"),
        pytest.param({"a": 1}, {}, "q.sql takes fragments ['f'], got []", id="a fragment is missing"),
    ],
)
def test_what_a_caller_gives_must_fit_the_header(
    params: dict[str, object], fragments: dict[str, str], message: str
) -> None:
    file = parse_query("q", "-- One.\n-- params: a UInt8\n-- fragments: f\nSELECT {a:UInt8}, /*{f}*/")

    with pytest.raises(TypeError) as refusal:
        file.render(params, fragments)
    assert str(refusal.value) == message
