"""Bank statements and advices, ISO 20022 camt.053 and camt.054: each booked credit is a `payment.received`.

https://www.iso20022.org/catalogue-messages/iso-20022-messages-archive?search=camt.053; versions 2 to 13 are read.
A statement and an advice name the same payment by the bank's reference, so that it is one event whichever brings it.
"""

from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from collector.files.items import (
    CanonicalData,
    EventItem,
    FileEvent,
    NamedObject,
    Reading,
    RefusedItem,
    content_id,
    event_item,
    refused_item,
)
from collector.files.source_file import SourceFile
from collector.files.times import rfc3339
from collector.files.xml_reading import subtrees

ROOTS = ("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn")
_TYPE = "payment.received"
# What banks write where the payer gave no reference.
_NOT_PROVIDED = ("NOTPROVIDED", "NOTAVAILABLE", "")


def read(source: SourceFile, reading: Reading) -> Iterator[EventItem | RefusedItem]:
    """The payments of the file's booked credit entries; debits, reversals and what is only pending are none."""
    account = ""
    unnamed: Counter[str] = Counter()
    for line, element in subtrees(source, ("Acct", "Ntry")):
        if element.tag == "Acct":
            account = _text(element, "Id/IBAN") or _text(element, "Id/Othr/Id")
        elif _is_booked_credit(element):
            yield from _Entry(element, account, reading.source or "bank", unnamed).items(line)


def _is_booked_credit(entry: Element) -> bool:
    status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
    is_reversal = _text(entry, "RvslInd") in ("true", "1")
    return _text(entry, "CdtDbtInd") == "CRDT" and status == "BOOK" and not is_reversal


class _Entry:
    """One entry: a payment, or several that the bank booked as one."""

    def __init__(self, entry: Element, account: str, source: str, unnamed: Counter[str]) -> None:
        self._entry = entry
        self._account = account
        self._source = source
        self._unnamed = unnamed
        self._reference = _text(entry, "AcctSvcrRef")
        booked = _text(entry, "BookgDt/DtTm") or _text(entry, "BookgDt/Dt")[:10]
        self._time = rfc3339(booked or _text(entry, "ValDt/DtTm") or _text(entry, "ValDt/Dt")[:10])

    def items(self, line: int) -> Iterator[EventItem | RefusedItem]:
        details = [one for one in self._entry.findall("NtryDtls/TxDtls") if _text(one, "CdtDbtInd") != "DBIT"]
        amounts = [_amount(detail) for detail in details]
        if len(details) < 2 or not all(amount is not None for amount in amounts):
            own = _first(details, "Refs/AcctSvcrRef") if len(details) == 1 else ""
            yield self._item(line, details, self._entry.find("Amt"), own or self._reference)
            return
        references = [_text(detail, "Refs/AcctSvcrRef") for detail in details]
        if "" in references or len(set(references)) < len(references):
            # The bank named only the whole: its parts are told apart by their order.
            whole = self._reference or references[0]
            references = [f"{whole}-{number}" if whole else "" for number in range(1, len(details) + 1)]
        for detail, amount, reference in zip(details, amounts, references, strict=True):
            yield self._item(line, [detail], amount, reference)

    def _item(
        self, line: int, details: list[Element], amount: Element | None, reference: str
    ) -> EventItem | RefusedItem:
        if amount is None:
            return refused_item(line, "the entry has no Amt", _plain(self._entry))
        attributes = {
            "account": self._account,
            "end_to_end_id": _first(details, "Refs/EndToEndId"),
            "creditor_reference": _first(details, "RmtInf/Strd/CdtrRefInf/Ref"),
            "remittance": " ".join(_texts(details, "RmtInf/Ustrd")),
            "debtor": _first(details, "RltdPties/Dbtr/Nm") or _first(details, "RltdPties/Dbtr/Pty/Nm"),
            "value_date": _text(self._entry, "ValDt/Dt")[:10] or _text(self._entry, "ValDt/DtTm"),
        }
        invoices = _invoices(details)
        event_id = f"{self._account}/{reference}" if reference else self._content_id(amount, attributes, invoices)
        end_to_end = attributes["end_to_end_id"]
        payment = reference or (end_to_end if end_to_end not in _NOT_PROVIDED else event_id)
        objects = [NamedObject("payment", payment), *(NamedObject("invoice", one, "settles") for one in invoices)]
        given = {name: value for name, value in attributes.items() if value}
        data = CanonicalData(objects, (amount.text or "").strip(), amount.get("Ccy", ""), attributes=given)
        return event_item(line, FileEvent(event_id, self._source, _TYPE, self._time, data))

    def _content_id(self, amount: Element, attributes: dict[str, str], invoices: list[str]) -> str:
        """The identity of a payment that the bank gave no reference: what is said of it, and its order among equals."""
        said = content_id(self._time, amount.text, amount.get("Ccy"), attributes, invoices)
        self._unnamed[said] += 1
        return said if self._unnamed[said] == 1 else f"{said}-{self._unnamed[said]}"


def _amount(detail: Element) -> Element | None:
    amount = detail.find("AmtDtls/TxAmt/Amt")
    return detail.find("Amt") if amount is None else amount


def _invoices(details: list[Element]) -> list[str]:
    """The invoices a payment names: by their numbers, or where there is none by the creditor's reference."""
    found: list[str] = []
    for remittance in (part for detail in details for part in detail.findall("RmtInf/Strd")):
        numbers = _texts([remittance], "RfrdDocInf/Nb")
        reference = "".join(_text(remittance, "CdtrRefInf/Ref").split())
        found += numbers or ([reference] if reference else [])
    return list(dict.fromkeys(found))


def _first(elements: list[Element], path: str) -> str:
    return next(iter(_texts(elements, path)), "")


def _texts(elements: list[Element], path: str) -> list[str]:
    return [text for element in elements for found in element.findall(path) if (text := (found.text or "").strip())]


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _plain(element: Element) -> object:
    return {child.tag: _plain(child) for child in element} if len(element) else (element.text or "").strip()
