"""Links in markup lead on inside the app: a page that is loaded anew would lose what the reader had open.

Without scripts, or with a key held down to open a tab of its own, they are links like any other.
"""

import json
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

import streamlit as st
from streamlit.navigation.page import Page

# The links are ours, the ids in them are not: what is sent is taken apart again, and only names of pages are followed.
# Names in addresses that no widget is bound to: Streamlit lets nobody set the others, and such links load the page.
FREE = ("object", "alert", "incident", "kpi", "of", "gate", "entity", "region", "currency")
_FOLLOW = (
    f"const FREE = {json.dumps(FREE)}"
    """
export default function (component) {
  const follow = (event) => {
    const opensElsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey
    if (event.defaultPrevented || event.button || opensElsewhere) return
    const link = event.target.closest?.('[data-testid="stHtml"] a[href]:not([target="_blank"])')
    if (!link) return
    const to = new URL(link.href)
    if (to.origin !== location.origin || ![...to.searchParams.keys()].every((name) => FREE.includes(name))) return
    event.preventDefault()
    component.setTriggerValue("to", to.pathname.split("/").pop() + to.search)
  }
  document.addEventListener("click", follow)
  return () => document.removeEventListener("click", follow)
}
"""
)
_links = st.components.v2.component("milepost_links", js=_FOLLOW)


def follow_links(pages: Iterable[Page]) -> None:
    """Leads to the page of the link that was clicked, if one was."""
    with st.container(key="links"):
        clicked: str | None = _links(key="link", on_to_change=lambda: None).to
    if not clicked:
        return
    address = urlsplit(clicked)
    page = next((one for one in pages if one.url_path == address.path), None)
    if page is not None:
        st.switch_page(page, query_params=parse_qs(address.query))
