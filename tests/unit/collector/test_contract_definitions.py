"""Contract files: what is read from right ones, and every mistake told with its place."""

from datetime import timedelta
from pathlib import Path

import pytest

from collector.contract_definitions import SHIPPED, load_contracts
from domain.contract import Link, OnForeignSource, OnViolation, Protection
from domain.errors import ConfigError
from milepost.demo.case import SOURCES as DEMO_SOURCES
from rules.calendars import load_calendars
from rules.loader import SHIPPED as RULES
from rules.loader import load_rules
from rules.references import References
from tests.unit.collector.contracts import EVENT, OBJECTS, SOURCES, WHOLE, contract_files


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        contract_files(text)
    return str(refusal.value).splitlines()


def test_a_contract_says_what_its_file_says() -> None:
    text = f"""{WHOLE}    aliases: [OrderApproved]
    required: {{amount: decimal, attributes.tier: [gold, silver]}}
    optional: {{region: text}}
    links: [{{object: customer, qualifier: buyer}}, {{object: customer, qualifier: payer, joins: true}}]
    personal_data: {{attributes.email: hash, data.contact.phone: mask}}
    silent_after: {{crm: 1h30m}}
    on_violation: reject
"""

    contracts = contract_files(text).contracts

    contract = contracts.events["order.approved"]
    assert str(contract) == "order.approved/3"
    assert (contract.owner, contract.object_type, contract.sources) == ("orders", "order", ("crm",))
    assert contract.required == {"amount": "decimal", "attributes.tier": ("gold", "silver")}
    assert contract.optional == {"region": "text"}
    assert contract.links == (Link("customer", "buyer", False), Link("customer", "payer", True))
    assert contract.personal_data == {"attributes.email": Protection.HASH, "data.contact.phone": Protection.MASK}
    assert contract.silent_after == {"crm": timedelta(hours=1, minutes=30)}
    assert (contract.on_violation, contract.aliases) == (OnViolation.REJECT, ("OrderApproved",))
    machine = contracts.objects["order"].machine
    assert machine is not None
    assert machine.step("new", "order.approved") == "approved"
    assert contracts.sources["crm"].silent_after == timedelta(hours=4)


def test_a_contract_says_whose_word_counts_for_a_field() -> None:
    contract = contract_files(f"""{WHOLE}    optional: {{region: text, attributes.tax_id: text}}
    field_sources: {{attributes.tax_id: [erp]}}
    on_foreign_source: flag
""").contracts.events["order.approved"]

    assert (contract.sources_of("attributes.tax_id"), contract.sources_of("region")) == (("erp",), ("crm",))
    assert [contract.may_state(source) for source in ("crm", "erp", "billing")] == [True, True, False]
    assert contract.on_foreign_source is OnForeignSource.FLAG


def test_a_source_says_how_much_it_may_send() -> None:
    contracts = contract_files(WHOLE.replace("{source: erp}", "{source: erp, rate_limit: 90/m}")).contracts

    assert (contracts.sources["erp"].rate_per_second, contracts.sources["crm"].rate_per_second) == (1.5, None)


TITLE = 'event contract "order.approved"'
FIELDS = (
    "amount, currency, legal_entity, region, correlationid, causationid, subject, dataschema, "
    "attributes.NAME, extensions.NAME or data.PATH"
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "requires: {amount: decimal}",
            f'orders.yaml:17:5: {TITLE}: unknown key "requires"; did you mean "required"? accepted: event, version, '
            "owner, object, sources, aliases, required, optional, links, personal_data, silent_after, on_violation, "
            "field_sources, on_foreign_source",
            id="an unknown key",
        ),
        pytest.param(
            "required: {price: decimal}",
            f'orders.yaml:17:23: {TITLE}: required.price: "price" is not a field; give {FIELDS}',
            id="an unknown field",
        ),
        pytest.param(
            "required: {amount: number}",
            f'orders.yaml:17:24: {TITLE}: required.amount is "number"; give text, decimal, integer, boolean, date, '
            "instant, currency or a list of the texts it may be",
            id="an unknown type",
        ),
        pytest.param(
            "required: {data.attributes.tier: text}",
            f'orders.yaml:17:38: {TITLE}: required.data.attributes.tier: "data.attributes.tier" is not a path into a '
            "system's own data; give attributes.tier",
            id="an attribute by its path",
        ),
        pytest.param(
            "personal_data: {region: mask}",
            f'orders.yaml:17:29: {TITLE}: personal_data.region: "region" cannot be masked; give attributes.NAME, '
            "extensions.NAME or data.PATH",
            id="a field that figures are read from",
        ),
        pytest.param(
            "personal_data: {attributes.email: hide}",
            f"orders.yaml:17:39: {TITLE}: personal_data.attributes.email is \"hide\"; give 'mask' or 'hash'",
            id="another way to hide",
        ),
        pytest.param(
            "on_violation: drop",
            f"orders.yaml:17:19: {TITLE}: on_violation is \"drop\"; give 'reject' or 'flag'",
            id="another end of a violation",
        ),
        pytest.param(
            "silent_after: {crm: soon}",
            f'orders.yaml:17:25: {TITLE}: silent_after.crm is "soon"; give a duration such as 4h, 90m, 1h30m or 2d '
            "(units w, d, h, m, s, ms)",
            id="no duration",
        ),
        pytest.param(
            "silent_after: {crm: 0s}",
            f"orders.yaml:17:25: {TITLE}: silent_after.crm is 0s; give a duration above zero, such as 4h",
            id="a duration of nothing",
        ),
        pytest.param(
            "silent_after: {erp: 4h}",
            f'orders.yaml:12:5: {TITLE}: silent_after names "erp"; give one of its sources, crm',
            id="the silence of a source that need not speak",
        ),
        pytest.param(
            "required: {region: text}\n    optional: {region: text}",
            f"orders.yaml:12:5: {TITLE}: region is both required and optional; give it once",
            id="a field given twice",
        ),
        pytest.param(
            "field_sources: {attributes.tax_id: [erp]}",
            f'orders.yaml:12:5: {TITLE}: field_sources names "attributes.tax_id"; give a field under '
            "required or optional",
            id="a field with an owner that is no field of the event",
        ),
        pytest.param(
            "optional: {region: text}\n    field_sources: {region: [epr]}",
            f'orders.yaml:18:30: {TITLE}: "epr" stands under no sources; give one of crm, erp',
            id="a field that an unknown source owns",
        ),
        pytest.param(
            "optional: {region: text}\n    field_sources: {region: []}",
            f"orders.yaml:18:29: {TITLE}: field_sources.region is empty; give at least one",
            id="a field that nobody owns",
        ),
        pytest.param(
            "on_foreign_source: reject",
            f"orders.yaml:17:24: {TITLE}: on_foreign_source is \"reject\"; give 'take' or 'flag'",
            id="another source is never refused",
        ),
        pytest.param(
            "links: [{object: custommer}]",
            f'orders.yaml:17:22: {TITLE}: "custommer" stands under no objects; give one of customer, order',
            id="a link to an unknown object type",
        ),
        pytest.param(
            "aliases: [x, order.approved]",
            f'orders.yaml:17:18: {TITLE}: alias "order.approved" is given twice; the first is in orders.yaml:12',
            id="an alias that is a name already",
        ),
    ],
)
def test_a_mistake_in_a_contract_is_told_with_its_place(line: str, expected: str) -> None:
    assert mistakes(f"{WHOLE}    {line}\n") == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            WHOLE.replace("version: 3", "version: 0"),
            f"orders.yaml:13:14: {TITLE}: version is 0; input should be greater than or equal to 1",
            id="a version before the first",
        ),
        pytest.param(
            WHOLE.replace("    owner: orders\n    object", "    object"),
            f"orders.yaml:12:5: {TITLE}: owner is missing",
            id="nobody who answers for it",
        ),
        pytest.param(
            WHOLE.replace("sources: [crm]", "sources: [cmr]"),
            f'orders.yaml:16:15: {TITLE}: "cmr" stands under no sources; give one of crm, erp',
            id="an unknown source",
        ),
        pytest.param(
            WHOLE.replace("{source: erp}", "{source: erp, rate_limit: fast}"),
            'orders.yaml:1:117: source "erp": '
            "rate_limit: 'fast' is not a rate; give events a second or a minute, such as 500/s, or unlimited",
            id="a limit that is no rate",
        ),
        pytest.param(
            WHOLE.replace("sources: [crm]", "sources: []"),
            f"orders.yaml:16:14: {TITLE}: sources is empty; give at least one",
            id="no source",
        ),
        pytest.param(
            WHOLE.replace("object: order\n    sources", "object: ordr\n    sources"),
            f'orders.yaml:15:13: {TITLE}: "ordr" stands under no objects; give one of customer, order',
            id="an unknown object type",
        ),
        pytest.param(
            WHOLE + EVENT.replace("events:\n", ""),
            f"orders.yaml:18:5: {TITLE} is given twice; the first is in orders.yaml:12",
            id="a contract given twice",
        ),
        pytest.param(
            WHOLE.replace("{order.approved: approved}}", "{order.aproved: approved}}"),
            'orders.yaml:8:78: object contract "order": "order.aproved" stands under no events; give one of '
            "order.approved",
            id="a transition on an unknown event type",
        ),
        pytest.param(
            WHOLE.replace("new: {order.approved: approved}", "new: {order.approved: aproved}"),
            'orders.yaml:4:5: object contract "order": no transition leads from "new" to the state "approved"',
            id="a state that is never reached",
        ),
        pytest.param(
            WHOLE.replace("    start: new\n", ""),
            'orders.yaml:4:5: object contract "order": start and transitions belong together; give both or neither',
            id="transitions that start nowhere",
        ),
    ],
)
def test_contracts_that_do_not_fit_together_are_told_with_their_place(text: str, expected: str) -> None:
    assert mistakes(text) == [expected]


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("sources: [{source: crm, silent: 4h}]\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(OBJECTS.replace("joins: false", "joins: perhaps"), encoding="utf-8")

    with pytest.raises(ConfigError) as refusal:
        load_contracts(tmp_path)

    assert str(refusal.value).splitlines() == [
        f'{tmp_path}/a.yaml:1:25: source "crm": unknown key "silent"; did you mean "silent_after"? accepted: source, '
        "aliases, silent_after, rate_limit",
        f'{tmp_path}/b.yaml:8:63: object contract "customer": joins is "perhaps"; give true or false',
    ]


def test_contracts_may_be_spread_over_files(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    for name, text in (("a.yaml", EVENT), ("deeper/b.yaml", OBJECTS), ("c.yaml", SOURCES)):
        (tmp_path / name).write_text(text, encoding="utf-8")

    assert load_contracts(tmp_path).contracts == contract_files(WHOLE).contracts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(".", "holds no contract files (*.yaml)", id="an empty folder"),
        pytest.param("nowhere", "cannot be read: No such file or directory", id="no folder"),
    ],
)
def test_contracts_that_are_not_there_are_told(tmp_path: Path, name: str, expected: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_contracts(tmp_path / name)

    assert str(refusal.value) == f"{tmp_path / name}: {expected}"


def test_the_shipped_contracts_cover_what_the_shipped_rules_watch_and_the_demo_sends() -> None:
    contracts = load_contracts(SHIPPED).contracts
    calendars = load_calendars([RULES.parent / "calendars.yaml"])

    watched = {name for rule in load_rules([RULES], References(calendars, contracts)) for name in rule.event_types}

    aliases = {alias for event in contracts.events.values() for alias in event.aliases}
    assert watched | DEMO_SOURCES.keys() <= contracts.events.keys() | aliases
    assert {name: source for name, source in DEMO_SOURCES.items() if source not in contracts.events[name].sources} == {}
