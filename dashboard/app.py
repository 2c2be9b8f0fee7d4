"""The console's frame: its pages, its look, and the search box that stands above each of them."""

from pathlib import Path

import streamlit as st

from dashboard.components.filters import search_box

_HERE = Path(__file__).parent

st.set_page_config(page_title="Milepost", page_icon=str(_HERE / "static" / "favicon.svg"), layout="wide")
st.html(_HERE / "static" / "console.css")
st.logo(str(_HERE / "static" / "logo.svg"), size="large", icon_image=str(_HERE / "static" / "favicon.svg"))

page = st.navigation(
    [
        st.Page("views/overview.py", title="Overview", icon=":material/monitoring:", default=True),
        st.Page("views/trace_object.py", title="Trace an object", icon=":material/route:", url_path="trace"),
    ]
)
search_box()
page.run()
