"""When two descriptions are thought to be of the same, and by which keys they are found."""

from fractions import Fraction
from typing import Any

import pytest

from domain.alike_rule import AlikeRule
from rules.kinds.likeness import keys, likeness, normal_email, normal_name, normal_tax_id


def rule(**changes: Any) -> AlikeRule:
    """Customers alike in any of the three, with the changes given."""
    plain: dict[str, Any] = {
        "object_type": "customer",
        "attributes": ("email", "name", "tax_id"),
        "described_by": ("customer.created", "customer.updated"),
        "version": "v1",
        **changes,
    }
    return AlikeRule(group="master_data", name="CustomersAlike", **plain)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("ACME GmbH", "Acme Gmbh.", id="case and a point"),
        pytest.param("Müller & Söhne GmbH & Co. KG", "Mueller und Soehne", id="umlauts, joining words, a long form"),
        pytest.param("Société Générale S.A.", "SOCIETE GENERALE SA", id="accents and a form with points"),
        pytest.param("Novo-Nordisk A/S", "Novo Nordisk", id="a hyphen and a form with a slash"),
        pytest.param("O'Reilly Media, Inc.", "OReilly Media", id="an apostrophe"),
        pytest.param("Orlen Sp. z o.o.", "ORLEN", id="a form of four words"),
        pytest.param("Straße AG", "STRASSE", id="a sharp s"),
        pytest.param("J. P. Morgan", "JP Morgan", id="initials"),
    ],
)
def test_names_that_say_the_same_are_the_same(one: str, other: str) -> None:
    assert normal_name(one) == normal_name(other)


def test_what_is_only_a_legal_form_stays_a_name() -> None:
    assert normal_name("AG") == ("ag",)
    assert normal_name("SE AG") == ("se",)


@pytest.mark.parametrize("text", ["", "***", "---"])
def test_what_is_no_name_is_not_known(text: str) -> None:
    assert normal_name(text) == ()


@pytest.mark.parametrize("text", ["", "n/a", "0000000", "***", "DE", "none"])
def test_what_is_no_tax_id_is_not_known(text: str) -> None:
    assert normal_tax_id(text) is None


@pytest.mark.parametrize("text", ["", "***", "nobody"])
def test_what_is_no_address_is_not_known(text: str) -> None:
    assert normal_email(text) is None


@pytest.mark.parametrize(
    ("one", "other", "because"),
    [
        pytest.param(
            {"name": "Acme GmbH", "tax_id": "DE 123.456.789"},
            {"name": "Globex", "tax_id": "de123456789"},
            ("the same tax id",),
            id="one tax id, other names",
        ),
        pytest.param({"tax_id": "123456789"}, {"tax_id": "DE123456789"}, ("the same tax id",), id="a country left out"),
        pytest.param({"tax_id": "FR123456789"}, {"tax_id": "DE123456789"}, None, id="two countries"),
        pytest.param(
            {"name": "Acme GmbH", "tax_id": "DE123456789"},
            {"name": "Acme GmbH", "tax_id": "DE987654321"},
            None,
            id="one name, two tax ids",
        ),
        pytest.param(
            {"name": "Siemens Energy", "tax_id": "DE123456789"},
            {"name": "Siemens Enrgy AG"},
            ('names that are 96% alike ("Siemens Energy" and "Siemens Enrgy AG")',),
            id="a letter left out, one tax id unknown",
        ),
        pytest.param(
            {"name": "Data Systems Acme"},
            {"name": "Acme Data Systems"},
            ('names that are 100% alike ("Data Systems Acme" and "Acme Data Systems")',),
            id="words in another order",
        ),
        pytest.param({"name": "Branch 12"}, {"name": "Branch 13"}, None, id="names that differ in a number"),
        pytest.param({"name": "Acme"}, {"name": "Acme Holding"}, None, id="one name begins with the other"),
        pytest.param(
            {"name": "Acme", "email": "Books@Acme.example "},
            {"name": "Acme Holding", "email": "books@acme.example"},
            ("the same e-mail address",),
            id="one address, names that have something in common",
        ),
        pytest.param(
            {"name": "Acme", "email": "books@tax.example"},
            {"name": "Zyklop", "email": "books@tax.example"},
            None,
            id="one address of two companies",
        ),
        pytest.param({"email": "***"}, {"email": "***"}, None, id="two addresses that were masked"),
        pytest.param({}, {}, None, id="nothing known"),
    ],
)
def test_why_two_are_thought_alike(one: dict[str, str], other: dict[str, str], because: tuple[str, ...] | None) -> None:
    found = likeness(rule(), one, other)
    assert (found.because if found else None) == because
    if found:
        assert keys(rule(), one) & keys(rule(), other)


def test_tax_ids_that_differ_may_be_let_pass() -> None:
    one, other = {"name": "Acme", "tax_id": "DE1234"}, {"name": "Acme", "tax_id": "DE5678"}
    found = likeness(rule(tax_ids_may_differ=True), one, other)
    assert found is not None
    assert found.names == 1


def test_what_the_rule_does_not_list_is_not_looked_at() -> None:
    one, other = {"name": "Acme", "tax_id": "DE1234"}, {"name": "Acme", "tax_id": "DE5678"}
    assert likeness(rule(attributes=("name",)), one, other) is not None
    assert keys(rule(attributes=("email",)), one) == frozenset()


def test_names_are_alike_from_the_share_that_the_rule_says() -> None:
    one, other = {"name": "Siemens Energy"}, {"name": "Siemens Enrgy"}
    assert likeness(rule(at_least=Fraction(96, 100)), one, other) is not None
    assert likeness(rule(at_least=Fraction(97, 100)), one, other) is None


@pytest.mark.parametrize("name", ["Datasoft", "Hirschvogel", "International Flavors Fragrances"])
def test_a_name_with_a_letter_less_anywhere_is_found_by_its_other_end(name: str) -> None:
    whole = keys(rule(), {"name": name})
    for place in range(len(name)):
        assert keys(rule(), {"name": name[:place] + name[place + 1 :]}) & whole
