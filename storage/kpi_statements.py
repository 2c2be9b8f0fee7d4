"""Whether a statement that finds cases is one that may: the engine reads it, and does not run it."""

import re
from collections.abc import Iterable

from domain.errors import StoreError, StoreUnreachable
from domain.kpi import Origin
from storage.client import Store

# Nothing may be written, whatever a statement turns out to be.
_READ_ONLY = {"readonly": 2}
_TABLE = re.compile(r"TABLE id: .*\btable_name: (\S+)")
_TABLE_FUNCTION = re.compile(r"TABLE_FUNCTION id: .*\btable_function_name: (\w+)")
_FUNCTION = re.compile(r"FUNCTION id: .*\bfunction_name: (\w+)")
# What stands in the place of a table where there is none.
_NO_TABLE = "system.one"
# A tick that is repeated must find the same cases: no clock, no chance, no place that another may change.
_UNREPEATABLE = re.compile(
    r"now\w*|today|yesterday|curdate|current\w+|utc_?timestamp|rand\w*|canonicalrand|generate\w+|fuzzbits|array\w*shuffle"
    r"|arrayrandomsample|rownumber\w+|blocknumber|file|dict(get|has|is)\w*|joinget\w*|hascolumnintable|get(setting|macro)\w*"
    r"|sleep\w*|hostname|fqdn|catboostevaluate|ai(filter|classify|extract|redact|generate|embed)\w*",
    re.IGNORECASE,
)


# Each shows the statement what it may read, and nothing of it.
_SHOWING = {
    Origin.MILESTONES: "kpi_statement_tables",
    Origin.ALERTS: "kpi_statement_alert_tables",
    Origin.DUTIES: "kpi_statement_duty_tables",
}


def statement_problem(store: Store, statement: str, origin: Origin = Origin.MILESTONES) -> str:
    """What is wrong with a statement that is to find the cases of KPIs in their origin; empty where nothing is."""
    holes = {"cases": statement}
    try:
        store.rows("kpi_statement_parsed", {"statement": statement}, settings=_READ_ONLY)
        words = [row["explain"].strip() for row in store.rows("kpi_statement_words", {}, holes, _READ_ONLY)]
        if functions := _named(_TABLE_FUNCTION, words):
            return f"reads {functions[0]}(); only {origin} can be read"
        if functions := [one for one in _named(_FUNCTION, words) if _UNREPEATABLE.fullmatch(one)]:
            return f"calls {functions[0]}(), which may tell something else each time; cases follow from {origin} alone"
        read = [row["explain"].strip() for row in store.rows(_SHOWING[origin], {}, holes, _READ_ONLY)]
    except StoreUnreachable:
        raise
    except StoreError as error:
        return f"is no statement that finds cases: {_told(error)}"
    tables = [one for one in _named(_TABLE, read) if one != _NO_TABLE]
    return f"reads {tables[0]}; only {origin} can be read" if tables else ""


def _named(what: re.Pattern[str], lines: Iterable[str]) -> list[str]:
    return [found[1] for line in lines if (found := what.match(line))]


def _told(error: StoreError) -> str:
    """The engine's own words, without the statement around the user's."""
    text = str(error)
    return (text.partition("DB::Exception: ")[2] or text).partition(" In scope ")[0].rstrip(":. ")
