"""POST /api/objects: what files say of objects is stored once, masked where personal, or refused with a reason."""

from collections.abc import Iterator
from typing import Any

import pytest

from storage.client import Store
from storage.object_statements import (
    EventAttributeType,
    ObjectAttribute,
    ObjectKey,
    ObjectLink,
    ObjectStatement,
    event_attribute_types,
    objects_after,
)
from tests.engine import Engine
from tests.integration.collector.running import RunningCollector, running_collector
from tests.integration.collector.test_contracts import CONTRACT, SECRET, everything
from tests.unit.collector.contracts import door_with

ALWAYS = "1970-01-01T00:00:00Z"


@pytest.fixture
def collector(store: Store) -> Iterator[RunningCollector]:
    """A collector with a contract, on each kind of store in turn."""
    with running_collector(store, door_with(CONTRACT)) as running:
        yield running


def state(collector: RunningCollector, *objects: dict[str, Any], **more: Any) -> tuple[int, Any]:
    answer = collector.http.post("/api/objects", json={"source": "log", "objects": objects, **more})
    return answer.status_code, answer.json()


def order(*attributes: list[str], **more: Any) -> dict[str, Any]:
    return {"object_type": "order", "object_id": "O-1", "attributes": attributes, **more}


def test_statements_are_stored_once_and_those_about_one_object_add_up(collector: RunningCollector) -> None:
    first = order(["price", "2026-11-02T10:00:00.000001+01:00", "1.10", "float"], links=[["customer", "C-9", "buyer"]])
    second = order(["price", ALWAYS, "1.00", "float"])

    answers = [state(collector, first), state(collector, first), state(collector, second, second)]

    assert answers == [(200, {"objects": 1}), (200, {"objects": 1}), (200, {"objects": 2})]
    assert objects_after(collector.store, ObjectKey()) == [
        ObjectStatement(
            "order",
            "O-1",
            [
                ObjectAttribute("price", ALWAYS, "1.00", "float"),
                ObjectAttribute("price", "2026-11-02T09:00:00.000001Z", "1.10", "float"),
            ],
            [ObjectLink("customer", "C-9", "buyer")],
        )
    ]
    assert objects_after(collector.store, ObjectKey("order", "O-1")) == []


def test_an_attribute_is_masked_where_a_contract_calls_its_name_personal(
    collector: RunningCollector, engine: Engine
) -> None:
    state(collector, order(["email", ALWAYS, SECRET, "string"], ["phone", ALWAYS, SECRET, "string"]))

    [stored] = objects_after(collector.store, ObjectKey())
    values = {attribute.name: attribute.value for attribute in stored.attributes}
    assert values["email"].startswith("hmac-sha256:")
    assert values["phone"] == "***"
    assert SECRET not in everything(engine, collector.store)


def test_types_that_files_disagree_on_are_text(collector: RunningCollector) -> None:
    for kind in ("float", "float", "integer"):
        state(collector, event_attributes=[["Ship", "weight", kind], ["Ship", "pieces", "integer"]])

    assert event_attribute_types(collector.store) == [EventAttributeType("Ship", "pieces", "integer")]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        pytest.param(
            order(object_id=""), "a statement names no object; give object_type and object_id", id="without an id"
        ),
        pytest.param(
            order(["price", "soon", "1", "float"]),
            "'soon' is not an instant; give RFC 3339, such as 2026-11-02T09:30:00Z",
            id="from no instant on",
        ),
        pytest.param(
            order(["price", "1899-01-01T00:00:00Z", "1", "float"]),
            "'1899-01-01T00:00:00Z' is not within 1900 to 2299 in UTC; give an instant between",
            id="from before what can be stored",
        ),
        pytest.param(
            order(["price"]),
            "the body is not what is taken here: Expected `array` of length 4 - at `$.objects[0].attributes[0]`",
            id="of another shape",
        ),
    ],
)
def test_what_cannot_be_stored_is_refused_whole(
    collector: RunningCollector, statement: dict[str, Any], reason: str
) -> None:
    assert state(collector, order(), statement) == (400, {"reason": reason.replace("objects[0]", "objects[1]")})
    assert objects_after(collector.store, ObjectKey()) == []
