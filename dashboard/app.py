"""The console's frame: its pages and its look."""

from pathlib import Path

import streamlit as st

from dashboard import reads
from domain.alert import AlertState
from domain.errors import StoreError

_HERE = Path(__file__).parent


def _counted(title: str) -> str:
    """The title with how many alerts fire; without, where none does or the store does not answer."""
    try:
        firing = sum(count.alerts for count in reads.alert_counts(()) if count.state is AlertState.FIRING)
    except StoreError:
        return title
    return f"{title} ({firing:,})" if firing else title


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

page = st.navigation(
    {
        "": [
            st.Page("views/overview.py", title="Overview", icon=":material/monitoring:", default=True),
            st.Page("views/executive.py", title="Executive", icon=":material/leaderboard:", url_path="executive"),
        ],
        "On-call": [
            st.Page("views/on_call.py", title=_counted("Alerts"), icon=":material/warning:", url_path="alerts"),
            st.Page("views/silences.py", title="Silences", icon=":material/notifications_off:", url_path="silences"),
        ],
        "For all": [
            st.Page("views/trace_object.py", title="Trace an object", icon=":material/route:", url_path="trace"),
            st.Page("views/close.py", title="Close", icon=":material/event_available:", url_path="close"),
            st.Page("views/audit.py", title="Audit", icon=":material/verified_user:", url_path="audit"),
        ],
    }
)
page.run()
