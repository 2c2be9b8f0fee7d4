"""Source definitions: each case starts from a valid one, breaks one thing, and compares what its author is told."""

from pathlib import Path

import pytest

from collector.source_definitions import SHIPPED, load_definitions, read_secrets
from domain.errors import ConfigError

WHOLE = """\
title: A shop
authentication:
  hmac:
    secret_env: SHOP_SECRET
    signature: {header: X-Shop-Signature, prefix: "sha256="}
headers: [X-Shop-Topic]
events: body.events
time_zone: Europe/Berlin
currency_exponents: {ISK: 2}
map:
  id: event.id
  time: event.at
types:
  - when: event.kind == 'order'
    type: order.created
    objects: [{type: order, id: event.number}]
  - type_from: join('.', ['shop', event.kind])
"""
NAMES = "body, headers or a function"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the working directory, so that paths in messages are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems_in(text: str, name: str = "shop.yaml") -> str:
    Path(name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_definitions([Path(name)])
    return str(caught.value)


def test_a_whole_definition_is_read(folder: Path) -> None:
    Path("shop.yaml").write_text(WHOLE)

    definition = load_definitions([folder])["shop"]

    assert (definition.source, definition.config.headers) == ("shop", ("x-shop-topic",))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        pytest.param(
            "id: event.id",
            "id: event.[",
            'shop.yaml:11:7: map.id is "event.[", which is no JMESPath expression: Invalid jmespath expression: '
            'Incomplete expression: "event.[" ^',
            id="an expression that does not compile",
        ),
        pytest.param(
            "id: event.number",
            "id: order.number",
            'shop.yaml:16:33: type "order.created": objects[0].id is "order.number", which begins with "order"; an '
            "expression begins with event, body, headers or a function",
            id="a name that is not there",
        ),
        pytest.param(
            "events: body.events",
            "events: event.events",
            f'shop.yaml:7:9: events[0] is "event.events", which begins with "event"; an expression begins with {NAMES}',
            id="a name that is not there yet",
        ),
        pytest.param(
            "authentication:\n",
            "authentication:\n  sender: {secret_env: ORG, holds: org == 'a'}\n",
            'shop.yaml:3:36: authentication.sender.holds is "org == \'a\'", which begins with "org"; an expression '
            "begins with expected, body, headers or a function",
            id="an expectation of what is not there",
        ),
        pytest.param(
            "authentication:\n",
            "authentication:\n  client_certificate: {header: X-Certificate}\n",
            "shop.yaml:3:23: authentication.client_certificate: give one of secret_env and secret_file: a secret does "
            "not stand in this file",
            id="a certificate without what is expected of it",
        ),
        pytest.param(
            "headers: [X-Shop-Topic]",
            "handshake: {origins: []}",
            "shop.yaml:6:22: handshake.origins is empty; give at least one",
            id="a handshake with nobody",
        ),
        pytest.param(
            "title: A shop",
            "titel: A shop",
            'shop.yaml:1:1: title is missing\nshop.yaml:1:1: unknown key "titel"; did you mean "title"? accepted: '
            "title, documentation, source, authentication, handshake, headers, events, map, types, time_zone, "
            "when_time_is_missing, when_refused, currency_exponents, responses",
            id="an unknown key",
        ),
        pytest.param(
            "Europe/Berlin",
            "Europe/Berlyn",
            'shop.yaml:8:12: time_zone is "Europe/Berlyn"; give a time zone such as Europe/Berlin',
            id="an unknown time zone",
        ),
        pytest.param(
            "secret_env: SHOP_SECRET",
            "algorithm: sha256",
            "shop.yaml:4:5: authentication.hmac: give one of secret_env and secret_file: a secret does not stand in "
            "this file",
            id="no secret",
        ),
        pytest.param(
            "secret_env: SHOP_SECRET",
            "secret: hunter2",
            'shop.yaml:4:5: authentication.hmac: unknown key "secret"; did you mean "secret_env"? accepted: '
            "secret_env, secret_file, signature, signed, algorithm, encoding, timestamp, tolerance, uri_decodes",
            id="the secret itself",
        ),
        pytest.param(
            "secret_env: SHOP_SECRET",
            'secret_env: SHOP_SECRET\n    signed: "{timestamp}"',
            "shop.yaml:4:5: authentication.hmac: signed leaves out {body}; a signature that does not cover the body "
            "proves nothing",
            id="a signature over something else",
        ),
        pytest.param(
            "secret_env: SHOP_SECRET",
            'secret_env: SHOP_SECRET\n    signed: "{timestamp}{body}"',
            "shop.yaml:4:5: authentication.hmac: signed has {timestamp} exactly if timestamp says where it is",
            id="a time that is nowhere",
        ),
        pytest.param(
            "    type: order.created\n",
            "",
            "shop.yaml:14:5: type 1: give one of type (a word) and type_from (an expression)",
            id="a type without a name",
        ),
        pytest.param(
            "  - when: event.kind == 'order'\n    type",
            "  - type",
            'shop.yaml:14:5: type "order.created": has no when, so the types after it are never reached',
            id="a type that hides the others",
        ),
        pytest.param(
            "  id: event.id\n",
            "",
            'shop.yaml:13:5: type "order.created": has no id; give one here or under map\n'
            "shop.yaml:16:5: type 2: has no id; give one here or under map",
            id="no id",
        ),
        pytest.param(
            "{ISK: 2}",
            "{isk: 2}",
            'shop.yaml:9:27: currency_exponents: "isk" is no currency; give ISO 4217 codes such as ISK',
            id="a currency that is none",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(folder: Path, old: str, new: str, problem: str) -> None:
    assert problems_in(WHOLE.replace(old, new)) == problem


def test_authentication_cannot_be_left_empty(folder: Path) -> None:
    text = WHOLE.replace(WHOLE[WHOLE.index("  hmac") : WHOLE.index("headers")], "")

    assert problems_in(text).startswith("shop.yaml:2:16: authentication is empty; give a mapping of keys to values")


def test_a_source_may_say_that_nothing_is_proved(folder: Path) -> None:
    text = WHOLE.replace(WHOLE[WHOLE.index("authentication") : WHOLE.index("headers")], "authentication: none\n")
    Path("shop.yaml").write_text(text)

    assert load_definitions([folder])["shop"].config.authentication.none


def test_two_ways_to_prove_are_one_too_many(folder: Path) -> None:
    text = WHOLE.replace("authentication:\n", "authentication:\n  basic: {secret_env: A}\n")

    assert problems_in(text) == "shop.yaml:3:3: authentication: give one of hmac, basic, token and none"


def test_a_name_that_no_address_has_is_refused(folder: Path) -> None:
    assert problems_in(WHOLE, "My Shop.yaml").startswith("My Shop.yaml: is no name for a source; ")


def test_problems_of_all_files_are_told_at_once(folder: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        Path(name).write_text(WHOLE.replace("event.id", "event.["))

    with pytest.raises(ConfigError) as caught:
        load_definitions([folder])

    assert [problem.path.name for problem in caught.value.problems] == ["a.yaml", "b.yaml"]


def test_an_empty_folder_is_a_mistake(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no source definitions \(\*\.yaml\)"):
        load_definitions([folder])


def test_a_users_definition_stands_in_for_the_shipped_one_of_its_name(folder: Path) -> None:
    Path("stripe.yaml").write_text(WHOLE)

    definitions = load_definitions([SHIPPED, folder])

    assert (definitions["stripe"].config.title, definitions["zuora"].path.parent) == ("A shop", SHIPPED)


def test_every_source_of_the_design_is_shipped() -> None:
    assert set(load_definitions([SHIPPED])) == {
        "salesforce",
        "salesforce_cpq",
        "netsuite",
        "sap_s4hana",
        "oracle_fusion",
        "dynamics365",
        "stripe",
        "zuora",
        "chargebee",
        "hubspot",
        "tax",
        "middleware",
    }


def test_every_shipped_source_asks_for_a_proof() -> None:
    definitions = load_definitions([SHIPPED]).values()

    assert [one.name for one in definitions if one.config.authentication.none] == []


def test_a_secret_comes_from_its_variable(folder: Path) -> None:
    Path("shop.yaml").write_text(WHOLE)
    definition = load_definitions([folder])["shop"]

    assert read_secrets(definition, {"SHOP_SECRET": "old\nnew\n"}) == (b"old", b"new")


def test_a_secret_comes_from_the_file_its_variable_names(folder: Path) -> None:
    Path("shop.yaml").write_text(WHOLE)
    Path("secret").write_text("s3cret\n")
    definition = load_definitions([folder])["shop"]

    assert read_secrets(definition, {"SHOP_SECRET_FILE": str(folder / "secret")}) == (b"s3cret",)


def test_a_secret_file_is_looked_for_beside_the_definition(folder: Path) -> None:
    (folder / "sources").mkdir()
    Path("sources/shop.yaml").write_text(WHOLE.replace("secret_env: SHOP_SECRET", "secret_file: secret"))
    Path("sources/secret").write_text("s3cret")
    definition = load_definitions([folder / "sources"])["shop"]

    assert read_secrets(definition, {}) == (b"s3cret",)


def test_without_a_secret_there_is_none(folder: Path) -> None:
    Path("shop.yaml").write_text(WHOLE)

    assert read_secrets(load_definitions([folder])["shop"], {"SHOP_SECRET": " \n"}) == ()


def test_a_secret_file_that_is_not_there_is_told(folder: Path) -> None:
    Path("shop.yaml").write_text(WHOLE)

    with pytest.raises(ConfigError, match=r"^shop.yaml: its secret in nowhere cannot be read: No such file"):
        read_secrets(load_definitions([Path("shop.yaml")])["shop"], {"SHOP_SECRET_FILE": "nowhere"})


def test_the_readmes_definition_is_right(folder: Path) -> None:
    readme = (SHIPPED.parents[1] / "README.md").read_text(encoding="utf-8")
    start = readme.index("title: Our web shop")
    Path("shop.yaml").write_text(readme[start : readme.index("```", start)])

    assert load_definitions([folder])["shop"].config.title == "Our web shop"
