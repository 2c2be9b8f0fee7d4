"""The console's frame: its pages and its look."""

from datetime import timedelta
from pathlib import Path

import streamlit as st

from dashboard import letter_reads, reads
from dashboard.components.links import follow_links
from dashboard.components.page import reader, write
from dashboard.components.sign_in import admitted
from dashboard.components.sources import source_strip
from dashboard.formatting import grouped, write_numbers_for
from dashboard.grafana_links import board_of
from dashboard.session import current
from domain.alert import AlertState
from domain.errors import StoreError

_HERE = Path(__file__).parent
_REFRESH = timedelta(seconds=10)


def _counted(title: str) -> str:
    """The title with how many alerts fire; without, where none does or the store does not answer."""
    if not is_admitted:
        return title
    try:
        firing = sum(count.alerts for count in reads.alert_counts() if count.state is AlertState.FIRING)
    except StoreError:
        return title
    return f"{title} ({grouped(firing)})" if firing else title


def _waiting(title: str) -> str:
    """The title with how many dead letters wait."""
    if not is_admitted:
        return title
    try:
        waiting = letter_reads.waiting()
    except StoreError:
        return title
    return f"{title} ({grouped(waiting)})" if waiting else title


def _freshness() -> None:
    """Who was heard when, on top of every page: what a page says is no newer than that."""
    try:
        sources = reads.sources()
    except StoreError:
        # The page below says that the store does not answer.
        return
    if any(source.last_received_at for source in sources):
        write(source_strip(sources, reader()))


st.set_page_config(
    page_title="Milepost",
    page_icon=str(_HERE / "static" / "favicon.svg"),
    layout="wide",
    initial_sidebar_state=220,
    # With an entry of its own the menu stays, and with it the choice between light and dark.
    menu_items={"About": "**Milepost** watches revenue work as it crosses systems, from quote to cash."},
)
st.html(_HERE / "static" / "console.css")
st.logo(str(_HERE / "static" / "favicon.svg"), size="medium")

write_numbers_for(st.context.locale)
# Before anything of the store is read, the counts beside the names included.
is_admitted = admitted()
pages = {
    # By reader, then by thing.
    "": [
        st.Page("views/overview.py", title="Overview", icon=":material/monitoring:", default=True),
        st.Page("views/executive.py", title="Executive", icon=":material/leaderboard:", url_path="executive"),
        st.Page(
            "views/finance_operations.py", title="Finance operations", icon=":material/checklist:", url_path="work"
        ),
        st.Page("views/on_call.py", title=_counted("On-call"), icon=":material/warning:", url_path="alerts"),
    ],
    "Look into": [
        st.Page("views/trace_object.py", title="Trace an object", icon=":material/route:", url_path="trace"),
        st.Page("views/flow_map.py", title="Flow map", icon=":material/account_tree:", url_path="flow"),
        st.Page("views/reconciliation.py", title="Reconciliation", icon=":material/balance:", url_path="reconcile"),
        st.Page("views/close.py", title="Close", icon=":material/event_available:", url_path="close"),
        st.Page("views/rules.py", title="Rules", icon=":material/rule:", url_path="rules"),
        st.Page(
            "views/dead_letters.py",
            title=_waiting("Dead letters"),
            icon=":material/mark_email_unread:",
            url_path="dead-letters",
        ),
        st.Page("views/sources.py", title="Sources", icon=":material/sensors:", url_path="sources"),
        st.Page("views/silences.py", title="Silences", icon=":material/notifications_off:", url_path="silences"),
        st.Page("views/audit.py", title="Audit", icon=":material/verified_user:", url_path="audit"),
    ],
}
page = st.navigation(pages, position="sidebar" if is_admitted else "hidden")
if is_admitted:
    follow_links(one for group in pages.values() for one in group)
    grafana = current().grafana_url
    if grafana and (board := board_of(grafana, page.url_path, st.query_params.get_all("entity"))):
        st.sidebar.page_link(board, label="Board in Grafana", icon=":material/open_in_new:")
    with st.container(key="freshness"):
        st.fragment(_freshness, run_every=_REFRESH)()
    page.run()
