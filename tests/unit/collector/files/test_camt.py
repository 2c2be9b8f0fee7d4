"""Bank statements: booked credits become payments, linked to the invoices that they name."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.collector.files.doors import events, refusals, written

DETAILS = """<TxDtls><Refs><AcctSvcrRef>TX-{n}</AcctSvcrRef><EndToEndId>E2E-{n}</EndToEndId></Refs>
<AmtDtls><TxAmt><Amt Ccy="EUR">{n}.50</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Pty><Nm>Ann</Nm></Pty></Dbtr></RltdPties>
<RmtInf><Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>INV-{n}</Nb></RfrdDocInf></Strd></RmtInf>
</TxDtls>"""
ONE_DETAIL = """<TxDtls><Refs><EndToEndId>E2E-1</EndToEndId></Refs><RltdPties><Dbtr><Nm>Ann</Nm></Dbtr></RltdPties>
<RmtInf><Ustrd>Invoice</Ustrd><Ustrd>INV-1</Ustrd>
<Strd><CdtrRefInf><Ref>RF18 5390 0754 7034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"""


def entry(details: str = "", *, amount: str = "100.00", reference: str | None = "SVC-1", **changes: str) -> str:
    parts = {
        "CdtDbtInd": "CRDT",
        "Sts": "<Cd>BOOK</Cd>",
        "BookgDt": "<Dt>2026-11-02</Dt>",
        "ValDt": "<Dt>2026-11-03</Dt>",
        **({"AcctSvcrRef": reference} if reference else {}),
        **changes,
    }
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in parts.items())
    return f'<Ntry><Amt Ccy="EUR">{amount}</Amt>{inner}<NtryDtls>{details}</NtryDtls></Ntry>'


def statement(*entries: str, kind: str = "053", account: str = "DE89370400440532013000") -> str:
    root, part = ("BkToCstmrStmt", "Stmt") if kind == "053" else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    inner = f"<Acct><Id><IBAN>{account}</IBAN></Id></Acct>{''.join(entries)}"
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.08"
    return f'<?xml version="1.0"?>\n<Document xmlns="{space}"><{root}><{part}>{inner}</{part}></{root}></Document>'


def payments(tmp_path: Path, *entries: str, **how: str) -> list[dict[str, Any]]:
    return events(written(tmp_path / "statement.xml", statement(*entries, **how)))


@pytest.mark.parametrize("kind", ["053", "054"])
@pytest.mark.parametrize("name", ["statement.xml", "statement.xml.gz", "STATEMENT"])
def test_a_booked_credit_is_a_payment_received(tmp_path: Path, name: str, kind: str) -> None:
    [event] = events(written(tmp_path / name, statement(entry(ONE_DETAIL), kind=kind)))

    assert event == {
        "specversion": "1.0",
        "id": "DE89370400440532013000/SVC-1",
        "source": "bank",
        "type": "payment.received",
        "time": "2026-11-02T00:00:00+00:00",
        "data": {
            "objects": [
                {"type": "payment", "id": "SVC-1"},
                {"type": "invoice", "id": "RF18539007547034", "qualifier": "settles"},
            ],
            "amount": "100.00",
            "currency": "EUR",
            "attributes": {
                "account": "DE89370400440532013000",
                "end_to_end_id": "E2E-1",
                "creditor_reference": "RF18 5390 0754 7034",
                "remittance": "Invoice INV-1",
                "debtor": "Ann",
                "value_date": "2026-11-03",
            },
        },
    }


def test_payments_that_the_bank_booked_as_one_are_told_apart(tmp_path: Path) -> None:
    found = payments(tmp_path, entry(DETAILS.format(n=1) + DETAILS.format(n=2), amount="4.00"))

    assert [(one["id"].partition("/")[2], one["data"]["amount"]) for one in found] == [
        ("TX-1", "1.50"),
        ("TX-2", "2.50"),
    ]
    assert [one["data"]["objects"][1]["id"] for one in found] == ["INV-1", "INV-2"]
    assert found[0]["data"]["attributes"]["debtor"] == "Ann"


def test_parts_that_only_the_whole_has_a_reference_for_are_numbered(tmp_path: Path) -> None:
    part = DETAILS.replace("<AcctSvcrRef>TX-{n}</AcctSvcrRef>", "")

    found = payments(tmp_path, entry(part.format(n=1) + part.format(n=2)))

    assert [one["data"]["objects"][0]["id"] for one in found] == ["SVC-1-1", "SVC-1-2"]


def test_parts_without_amounts_are_one_payment_that_names_all_invoices(tmp_path: Path) -> None:
    part = DETAILS.replace('<AmtDtls><TxAmt><Amt Ccy="EUR">{n}.50</Amt></TxAmt></AmtDtls>', "")

    [event] = payments(tmp_path, entry(part.format(n=1) + part.format(n=2), amount="4.00"))

    assert event["data"]["amount"] == "4.00"
    assert [one["id"] for one in event["data"]["objects"]] == ["SVC-1", "INV-1", "INV-2"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(entry(CdtDbtInd="DBIT"), id="a debit"),
        pytest.param(entry(Sts="<Cd>PDNG</Cd>"), id="one that is pending"),
        pytest.param(entry(Sts="INFO"), id="one that only informs"),
        pytest.param(entry(RvslInd="true"), id="a reversal"),
    ],
)
def test_what_is_no_booked_credit_is_no_payment(tmp_path: Path, other: str) -> None:
    found = payments(tmp_path, other, entry(Sts="BOOK", reference="SVC-2"))

    assert [one["id"] for one in found] == ["DE89370400440532013000/SVC-2"]


def test_payments_without_a_reference_of_the_banks_have_ids_that_stay(tmp_path: Path) -> None:
    detail = "<TxDtls><Refs><EndToEndId>RENT</EndToEndId></Refs></TxDtls>"
    entries = [entry(detail, reference=None), entry(detail, reference=None), entry(reference=None)]

    first, second = payments(tmp_path, *entries), payments(tmp_path, *entries)

    assert first == second
    assert len({one["id"] for one in first}) == 3
    assert [one["data"]["objects"][0]["id"] for one in first] == ["RENT", "RENT", first[2]["id"]]


def test_times_of_day_count_where_the_bank_gives_them(tmp_path: Path) -> None:
    [event] = payments(tmp_path, entry(BookgDt="<DtTm>2026-11-02T15:00:00+01:00</DtTm>"))

    assert event["time"] == "2026-11-02T14:00:00+00:00"


def test_prefixed_names_are_read_as_plain_ones(tmp_path: Path) -> None:
    text = statement(entry()).replace("</", "</n:").replace("<", "<n:").replace("<n:/n:", "</n:").replace("<n:?", "<?")

    [event] = events(written(tmp_path / "statement.xml", text.replace("xmlns=", "xmlns:n=")))

    assert event["data"]["amount"] == "100.00"


def test_an_entry_without_an_amount_is_refused(tmp_path: Path) -> None:
    broken = entry().replace('<Amt Ccy="EUR">100.00</Amt>', "")

    path = written(tmp_path / "statement.xml", statement(broken))

    assert refusals(path) == [(2, "the entry has no Amt")]
