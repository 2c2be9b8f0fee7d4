"""Markup that nothing it shows can break."""

import pytest

from dashboard.components.cards import notice, trace_link
from dashboard.components.markup import Html, as_label, element, join
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("order O-1001", "order O-1001", id="a plain one"),
        pytest.param("![p](x) [a](y)", r"!\[p\](x) \[a\](y)", id="a picture and a link"),
        pytest.param("<b> `c` *d* _e_ ~f~ $g$ \\", r"\<b\> \`c\` \*d\* \_e\_ \~f\~ \$g\$ \\", id="each mark"),
        pytest.param("a\n# b", "a # b", id="a heading"),
        pytest.param("HTTPS://a.example www.b.example", "HTTPS\u2060://a.example www\u2060.b.example", id="addresses"),
    ],
)
def test_a_label_is_read_as_the_text_that_it_is(text: str, expected: str) -> None:
    assert as_label(text) == expected
