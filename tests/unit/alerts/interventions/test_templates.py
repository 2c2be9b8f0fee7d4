"""Facts in addresses, headers and JSON: whatever a system sends as an id changes nothing but itself."""

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.interventions.templates import CannotBeWritten, in_header, in_json, in_url

TEMPLATE = "https://erp.example.com/orders/{object_id}/repost?entity={legal_entity}"
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: text not in (".", ".."))


@given(ANY_TEXT, ANY_TEXT)
def test_a_fact_stays_one_part_of_an_address(object_id: str, entity: str) -> None:
    url = in_url(TEMPLATE, {"object_id": object_id, "legal_entity": entity})
    called = httpx.URL(url)
    parts = urlsplit(str(called))

    assert called.host == "erp.example.com"
    assert [unquote(part) for part in parts.path.split("/")] == ["", "orders", object_id, "repost"]
    assert parse_qsl(parts.query, keep_blank_values=True) == [("entity", entity)]


@pytest.mark.parametrize("object_id", [".", ".."])
def test_what_climbs_in_a_path_cannot_stand_in_it(object_id: str) -> None:
    with pytest.raises(CannotBeWritten) as refusal:
        in_url(TEMPLATE, {"object_id": object_id, "legal_entity": "DE01"})

    assert str(refusal.value) == f"object_id is '{object_id}', which cannot stand in an address"


@given(ANY_TEXT)
def test_a_fact_stays_one_text_of_a_document(object_id: str) -> None:
    template = {"id": "{object_id}", "said": ["order {object_id}!"], "count": 1, "urgent": True}
    document = json.loads(json.dumps(in_json(template, {"object_id": object_id})))

    assert document == {"id": object_id, "said": [f"order {object_id}!"], "count": 1, "urgent": True}


def test_a_fact_that_is_not_known_is_null_where_it_stands_alone() -> None:
    assert in_json({"amount": "{amount}"}, {"amount": None}) == {"amount": None}


@pytest.mark.parametrize(
    ("write", "template"),
    [(in_url, "https://x/{amount}"), (in_header, "{amount}"), (in_json, "about {amount}")],
    ids=["in an address", "in a header", "in a longer text"],
)
def test_a_fact_that_is_not_known_is_never_left_out(write: Any, template: str) -> None:
    with pytest.raises(CannotBeWritten) as refusal:
        write(template, {"amount": None})

    assert str(refusal.value) == "amount is not known, and the call needs it"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "Müller", "a\x00b", " a", "a\tb"])
def test_a_header_takes_nothing_that_could_end_it(value: str) -> None:
    with pytest.raises(CannotBeWritten) as refusal:
        in_header("tenant {attributes.tenant}", {"attributes.tenant": value})

    assert str(refusal.value) == "attributes.tenant has characters that a header cannot hold"


def test_a_header_takes_plain_text() -> None:
    assert in_header("tenant {attributes.tenant}", {"attributes.tenant": "DE 01"}) == "tenant DE 01"
