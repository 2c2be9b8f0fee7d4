"""Markup that nothing it shows can break."""

from dashboard.components.cards import notice, trace_link
from dashboard.components.markup import Html, element, join
from dashboard.components.tables import events_table
from tests.unit.dashboard.journeys import READER, event


def test_text_is_escaped_and_markup_is_not() -> None:
    assert element("p", "<b>", Html("<i>x</i>"), class_='"') == '<p class="&quot;">&lt;b&gt;<i>x</i></p>'
    assert join("a & b", [Html("<br>")]) == "a &amp; b<br>"


def test_an_attribute_that_is_none_is_left_out() -> None:
    assert element("span", "x", title=None) == "<span>x</span>"


def test_a_link_carries_any_id() -> None:
    assert 'href="trace?object=order%2FO+1%26x"' in trace_link("order/O 1&x")


def test_what_an_event_says_cannot_become_markup() -> None:
    shown = events_table([event("<script>", data="<img src=x onerror=alert(1)>")], READER)

    assert "<script>" not in shown
    assert "<img" not in shown


def test_a_notice_names_the_command_that_helps() -> None:
    assert "<code" in notice("Nothing", "yet", "make demo")
    assert "<code" not in notice("Nothing", "yet")
