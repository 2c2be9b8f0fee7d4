"""The console's frame: its pages and its look."""

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent

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
    [
        st.Page("views/overview.py", title="Overview", icon=":material/monitoring:", default=True),
        st.Page("views/executive.py", title="Executive", icon=":material/leaderboard:", url_path="executive"),
        st.Page("views/trace_object.py", title="Trace an object", icon=":material/route:", url_path="trace"),
    ]
)
page.run()
