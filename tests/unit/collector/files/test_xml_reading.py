"""XML that is out for harm: entities, outside references, endless parts."""

from pathlib import Path

import pytest

from collector.files.items import LARGEST_EVENT
from domain.errors import UsageError
from tests.unit.collector.files.doors import items, written

LAUGHS = '<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE log [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
EXTERNAL = '<!DOCTYPE log SYSTEM "http://127.0.0.1:9/log.dtd">'
BODIES = {
    "log.xes": "<log><trace><event><string key='concept:name' value='&a;'/></event></trace></log>",
    "log.xml": "<log><object-types/><objects/><events><event id='1' type='&a;' time=''/></events></log>",
    "camt.xml": "<Document><BkToCstmrStmt><Stmt><Ntry><Amt>&a;</Amt></Ntry></Stmt></BkToCstmrStmt></Document>",
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    "doctype",
    [
        pytest.param(LAUGHS, id="entities in entities"),
        pytest.param(OUTSIDE, id="a file"),
        pytest.param(EXTERNAL, id="an address"),
    ],
)
def test_a_document_type_definition_is_refused(tmp_path: Path, name: str, doctype: str) -> None:
    path = written(tmp_path / name, f"{doctype}\n{BODIES[name]}")

    with pytest.raises(UsageError) as caught:
        items(path)

    assert str(caught.value) == f"{path}:1: a document type definition (<!DOCTYPE>) is not taken; remove it"


def test_an_entity_without_a_definition_is_a_fault(tmp_path: Path) -> None:
    path = written(tmp_path / "log.xes", BODIES["log.xes"])

    with pytest.raises(UsageError, match="undefined entity"):
        items(path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param(
            "log.xes.gz",
            f"<log><trace><event a='{'x' * (LARGEST_EVENT + 600_000)}'",
            f"one tag is longer than {LARGEST_EVENT} bytes",
            id="a tag",
        ),
        pytest.param(
            "log.xes.gz",
            "<log><trace><event>" + f"<string key='a' value='{'x' * 1_000_000}'/>" * 21,
            f"an event is larger than {LARGEST_EVENT} characters",
            id="an event",
        ),
        pytest.param(
            "log.xml.gz",
            "<log><objects/><events><event><attributes><attribute>"
            + "x" * (LARGEST_EVENT + 1)
            + "</attribute></attributes></event></events></log>",
            f"one element is larger than {LARGEST_EVENT} characters",
            id="a text",
        ),
        pytest.param(
            "camt.xml",
            "<Document><BkToCstmrStmt><Stmt><Ntry>" + "<a>" * 300,
            "elements are nested deeper than 200",
            id="nesting",
        ),
    ],
)
def test_what_never_ends_is_given_up(tmp_path: Path, name: str, content: str, reason: str) -> None:
    path = written(tmp_path / name, content)

    with pytest.raises(UsageError) as caught:
        items(path)

    assert str(caught.value) == f"{path}:1: {reason}"
