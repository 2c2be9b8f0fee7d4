"""Audit: who did what, when and why; and whether the log of it is unbroken."""

import streamlit as st

from dashboard import reads
from dashboard.components.cards import heading, notice
from dashboard.components.export import export
from dashboard.components.frame import Follows, draw_frame
from dashboard.components.page import reader, shielded, write
from dashboard.components.records import audit_table, verdict
from dashboard.export_sheets import audit_sheet
from dashboard.formatting import count_of
from domain.audit import Head

_A_PAGE = 25
FOLLOWS = Follows(entity=False, region=False, currency=False, because="the audit log is shown whole")
# What kinds of acts begin with.
_KINDS = {
    "All": "",
    "Alerts": "alert.",
    "Silences": "silence.",
    "Close": "close.",
    "Dead letters": "dead_letter.",
    "Rules": "rule.",
    "Contracts": "contract.",
    "Routing": "routing.",
    "Tokens": "token.",
    "Sign-ins": "session.",
}


def _page() -> None:
    draw_frame(FOLLOWS)
    kind = st.segmented_control(
        "What",
        list(_KINDS),
        default="All",
        required=True,
        key="kind",
        label_visibility="collapsed",
        bind="query-params",
        on_change=_first_page,
    )
    _verify()
    _entries(_KINDS[kind or "All"])


def _verify() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="verify"):
        kept = st.text_input(
            "Head that was kept elsewhere",
            key="head",
            placeholder="NUMBER:HASH, if you kept one",
            help="An end that was cut off shows only against a head that was kept elsewhere.",
        )
        asked = st.button("Verify the log", key="verify_now", icon=":material/verified_user:", type="primary")
    if not asked:
        return
    try:
        head = Head.parse(kept.strip()) if kept and kept.strip() else None
    except ValueError as error:
        write(notice("This is no head", f"{error}.", tone="firing"))
        return
    write(verdict(reads.audit_check(head)))


def _entries(kind: str) -> None:
    page = int(st.session_state.get("audit_page", 1))
    found = reads.audit_entries(kind, _A_PAGE, (page - 1) * _A_PAGE)
    if not found.entries and page > 1:
        st.session_state["audit_page"] = page = 1
        found = reads.audit_entries(kind, _A_PAGE, 0)
    with st.container(horizontal=True, horizontal_alignment="distribute", key="audit_top"):
        write(heading("Audit", f"{count_of(found.total, 'entry', 'entries')}, the newest first"))
        export("audit", "audit-log", found.total, audit_sheet(kind))
    if not found.entries:
        write(
            notice(
                "Nothing was done yet",
                "What people do with alerts, silences, dead letters, rules and tokens stands here before it takes "
                "effect, each entry with the hash of the one before.",
            )
        )
        return
    write(audit_table(found.entries, reader()))
    pages = -(-found.total // _A_PAGE)
    if pages > 1:
        st.pagination(pages, key="audit_page")
    write(
        notice(
            "Take it with you",
            "The whole log, or a period of it, as CSV or JSON for whoever audits:",
            "milepost audit export --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z --format csv > audit.csv",
        )
    )


def _first_page() -> None:
    st.session_state["audit_page"] = 1


shielded(_page)
