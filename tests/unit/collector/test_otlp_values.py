"""Which bodies are looked at closer for nested values: all that hold one, and hardly any other."""

from hypothesis import given
from hypothesis import strategies as st

from collector.receivers.otlp_values import may_hold_nested
from tests.builders import AttributeValue, otlp_request, span

SCALARS = st.one_of(st.text(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.binary(), st.none())
NESTED: st.SearchStrategy[AttributeValue] = st.one_of(
    st.lists(SCALARS, max_size=40), st.dictionaries(st.text(), SCALARS, max_size=40), st.just(["x" * 70_000])
)


@given(NESTED, st.sampled_from(["span", "resource", "event", "link"]))
def test_a_body_with_a_nested_value_is_looked_at(value: AttributeValue, place: str) -> None:
    given_at = {"it": value}
    sent = span(attributes=given_at if place == "span" else {})
    if place == "event":
        sent.events.add().attributes.MergeFrom(span(attributes=given_at).attributes)
    if place == "link":
        sent.links.add().attributes.MergeFrom(span(attributes=given_at).attributes)
    request = otlp_request(sent, resource=given_at if place == "resource" else {})

    assert may_hold_nested(request.SerializeToString())


def test_a_body_of_scalars_is_not_looked_at() -> None:
    attributes: dict[str, AttributeValue] = {"a": "*2", "b": 42, "c": 0.5, "d": True, "e": b"**", "f": "2" * 300}

    assert not may_hold_nested(otlp_request(span(attributes=attributes), resource=attributes).SerializeToString())
