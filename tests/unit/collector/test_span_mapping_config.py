"""correlation.yaml: what is read from it, and what is said of what is wrong in it."""

from pathlib import Path
from textwrap import dedent

import pytest

from collector.span_mapping_config import load_correlation
from domain.errors import ConfigError
from domain.span_names import SpanNames
from milepost.settings import Settings, load_settings

GOOD = """\
span_mappings:
  - mapping: erp_order_posted
    service: erp
    event: order.posted
    objects: [{type: order, id: order.id}]
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is wrong with a file of this content, without the folder it is in."""
    path = tmp_path / "correlation.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        load_correlation(path)
    return str(refusal.value).replace(f"{tmp_path}/", "").splitlines()


def test_the_shipped_file_ties_spans_to_the_objects_of_quote_to_cash() -> None:
    config = load_correlation(Settings().correlation_path)

    assert config.span_names == SpanNames(
        ("correlation.id", "baggage.correlation.id"),
        {f"{type_}.id": type_ for type_ in ("quote", "contract", "order", "invoice", "payment", "customer")},
    )
    assert config.span_mappings == ()


def test_the_example_in_the_shipped_file_is_a_mapping(tmp_path: Path) -> None:
    text = Settings().correlation_path.read_text(encoding="utf-8")
    example = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]
    path = tmp_path / "correlation.yaml"
    path.write_text("\n".join(["span_mappings:", *example]), encoding="utf-8")

    [mapping] = load_correlation(path).span_mappings

    assert (mapping.mapping, mapping.service, mapping.status) == ("erp_order_posted", ("erp",), ("unset", "ok"))
    assert mapping.attributes == {"http.response.status_code": ("201",)}


def test_a_users_file_replaces_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "correlation.yaml").write_text("correlation_id: [run]\n", encoding="utf-8")

    settings = load_settings({"MILEPOST_CONFIG": str(tmp_path)}, tmp_path / ".env")

    assert load_correlation(settings.correlation_path).span_names == SpanNames(("run",), {})


def test_a_good_mapping_is_read(tmp_path: Path) -> None:
    path = tmp_path / "correlation.yaml"
    path.write_text(GOOD, encoding="utf-8")

    assert [mapping.event for mapping in load_correlation(path).span_mappings] == ["order.posted"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "mapping: erp_order_posted",
            "mapping: ERP",
            ['2:14: mapping "ERP": mapping is "ERP"; give small letters, digits and _, such as erp_order_posted'],
        ),
        ("service: erp", "service: []", ['3:14: mapping "erp_order_posted": service is empty; give at least one']),
        (
            "service: erp",
            "service: my erp",
            [
                '2:5: mapping "erp_order_posted": source would be "my erp", which is no URI reference; '
                "give source, such as erp"
            ],
        ),
        ("    event: order.posted\n", "", ['2:5: mapping "erp_order_posted": event is missing']),
        (
            "id: order.id",
            "name: order.id",
            [
                '5:15: mapping "erp_order_posted": objects[0].id is missing',
                '5:29: mapping "erp_order_posted": objects[0]: unknown key "name"; accepted: type, id, qualifier',
            ],
        ),
        (
            "[{type: order, id: order.id}]",
            "[]",
            ['5:14: mapping "erp_order_posted": objects is empty; give at least one'],
        ),
        (
            "event: order.posted",
            "event: order.posted\n    status: failed",
            ["5:13: mapping \"erp_order_posted\": status[0] is \"failed\"; give 'unset', 'ok' or 'error'"],
        ),
        (
            "event: order.posted",
            "event: order.posted\n    amount: {attribute: total}",
            ['5:13: mapping "erp_order_posted": amount: give one of currency and currency_attribute'],
        ),
        (
            "event: order.posted",
            "event: order.posted\n    amount: {attribute: total, currency: Euro}",
            ['5:42: mapping "erp_order_posted": amount.currency is "Euro"; give an ISO 4217 code such as EUR'],
        ),
        (
            "event: order.posted",
            "event: order.posted\n    attributes: {code: {a: 1}}",
            ['5:24: mapping "erp_order_posted": attributes.code[0] is a mapping; give text, in quotes if need be'],
        ),
    ],
)
def test_what_is_wrong_in_a_mapping_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, expected: list[str]
) -> None:
    assert old in GOOD

    assert problems(tmp_path, GOOD.replace(old, new)) == [f"correlation.yaml:{problem}" for problem in expected]


def test_a_name_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    twice = GOOD + GOOD.partition("\n")[2]

    assert problems(tmp_path, twice) == [
        'correlation.yaml:1:1: mapping "erp_order_posted" is given twice; names tell mappings apart'
    ]


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "correlation_ids: [a]\n") == [
        'correlation.yaml:1:1: unknown key "correlation_ids"; did you mean "correlation_id"? '
        "accepted: correlation_id, objects, span_mappings"
    ]
