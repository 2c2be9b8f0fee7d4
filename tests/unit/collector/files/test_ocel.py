"""OCEL 2.0 logs in their three forms say the same events, with the objects they are related to."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from domain.errors import UsageError
from storage.object_statements import ObjectStatement
from tests.unit.collector.files.doors import events, items, objects, refusals, said, written

LOG: dict[str, Any] = {
    "events": [
        {
            "id": "e1",
            "type": "Create Order",
            "time": "2026-11-02T09:30:00.250Z",
            "attributes": [{"name": "amount", "value": "12500.00"}, {"name": "currency", "value": "EUR"}],
            "relationships": [{"objectId": "o1", "qualifier": "order"}, {"objectId": "c1", "qualifier": "buyer"}],
        },
        {
            "id": "e2",
            "type": "Ship",
            "time": "2026-11-02 10:30:00",
            "attributes": [{"name": "weight", "value": 12.50}, {"name": "note", "value": None}],
            "relationships": [{"objectId": "o1", "qualifier": ""}],
        },
    ],
    "objectTypes": [
        {"name": "order", "attributes": [{"name": "price", "type": "float"}, {"name": "no", "type": "string"}]},
        {"name": "customer", "attributes": []},
    ],
    "eventTypes": [
        {"name": "Create Order", "attributes": [{"name": "currency", "type": "string"}]},
        {"name": "Ship", "attributes": [{"name": "weight", "type": "float"}, {"name": "note", "type": "string"}]},
    ],
    "objects": [
        {
            "id": "o1",
            "type": "order",
            "attributes": [
                {"name": "price", "value": 12.5, "time": "1970-01-01T00:00:00Z"},
                {"name": "price", "value": 11, "time": "2026-11-02T10:00:00+01:00"},
                {"name": "no", "value": "0042", "time": "1970-01-01T00:00:00Z"},
            ],
            "relationships": [{"objectId": "c1", "qualifier": "placed by"}, {"objectId": "x1", "qualifier": ""}],
        },
        {"id": "c1", "type": "customer"},
    ],
}
XML = """<?xml version="1.0"?>
<log><object-types><object-type name="order"><attributes><attribute name="price" type="float"/>
<attribute name="no" type="string"/></attributes></object-type></object-types>
<event-types><event-type name="Ship"><attributes><attribute name="weight" type="float"/></attributes></event-type>
</event-types>
<events><event id="e1" type="Create Order" time="2026-11-02T09:30:00.250Z">
<objects><relationship object-id="o1" qualifier="order"/><relationship object-id="c1" qualifier="buyer"/></objects>
<attributes><attribute name="amount">12500.00</attribute><attribute name="currency">EUR</attribute></attributes></event>
<event id="e2" type="Ship" time="2026-11-02 10:30:00"><objects><object object-id="o1" qualifier=""/></objects>
<attributes><attribute name="weight">12.5</attribute><attribute name="note"/></attributes></event></events>
<objects><object id="o1" type="order"><attributes><attribute name="price" time="1970-01-01T00:00:00Z">12.5</attribute>
<attribute name="price" time="2026-11-02T10:00:00+01:00">11</attribute><attribute name="no" time="0">0042</attribute>
</attributes><objects><relationship object-id="c1" qualifier="placed by"/><relationship object-id="x1" qualifier=""/>
</objects></object><object id="c1" type="customer"/></objects></log>"""
TABLES = """
CREATE TABLE event (ocel_id TEXT, ocel_type TEXT);
CREATE TABLE object (ocel_id TEXT, ocel_type TEXT);
CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT);
CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT);
CREATE TABLE event_CreateOrder (ocel_id TEXT, ocel_time TIMESTAMP, amount TEXT, currency TEXT);
CREATE TABLE "event_Ship" (ocel_id TEXT, ocel_time TIMESTAMP, weight REAL, note TEXT);
CREATE TABLE object_map_type (ocel_type TEXT, ocel_type_map TEXT);
CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT);
CREATE TABLE object_Order (ocel_id TEXT, ocel_time TIMESTAMP, ocel_changed_field TEXT, price REAL, no TEXT);
INSERT INTO object_map_type VALUES ('order', 'Order'), ('customer', 'Customer');
INSERT INTO object_object VALUES ('o1', 'c1', 'placed by'), ('o1', 'x1', NULL), ('o0', 'c1', '');
INSERT INTO object_Order VALUES ('o1', '1970-01-01 00:00:00', NULL, 12.5, '0042'),
    ('o1', '2026-11-02 09:00:00', 'price', 11, '0042'), ('o9', NULL, NULL, 1, NULL);
INSERT INTO object VALUES ('o1', 'order'), ('c1', 'customer');
INSERT INTO event VALUES ('e1', 'Create Order'), ('e2', 'Ship');
INSERT INTO event_map_type VALUES ('Create Order', 'CreateOrder'), ('Ship', 'Ship');
INSERT INTO event_object VALUES ('e2', 'o1', NULL), ('e0', 'o1', ''), ('e1', 'o1', 'order'), ('e1', 'c1', 'buyer');
INSERT INTO event_CreateOrder VALUES ('e1', '2026-11-02T09:30:00.250Z', '12500.00', 'EUR');
INSERT INTO event_Ship VALUES ('e2', '2026-11-02 10:30:00', 12.5, NULL);
"""


def sqlite_file(path: Path, script: str = TABLES) -> bytes:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return path.read_bytes()


@pytest.fixture(params=["json", "json.gz", "xml", "xml.gz", "sqlite", "sqlite.gz"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    form = request.param.partition(".")[0]
    content = {"json": json.dumps(LOG), "xml": XML}.get(form) or sqlite_file(tmp_path / "made")
    return written(tmp_path / f"log.{request.param}", content)


def test_every_form_says_the_same_events(log: Path) -> None:
    assert events(log) == [
        {
            "specversion": "1.0",
            "id": "e1",
            "source": "ocel",
            "type": "Create Order",
            "time": "2026-11-02T09:30:00.250000+00:00",
            "data": {
                "objects": [
                    {"type": "order", "id": "o1", "qualifier": "order"},
                    {"type": "customer", "id": "c1", "qualifier": "buyer"},
                ],
                "amount": "12500.00",
                "currency": "EUR",
            },
        },
        {
            "specversion": "1.0",
            "id": "e2",
            "source": "ocel",
            "type": "Ship",
            "time": "2026-11-02T10:30:00+00:00",
            "data": {"objects": [{"type": "order", "id": "o1"}], "attributes": {"weight": "12.5"}},
        },
    ]


def test_every_form_says_the_same_of_objects(log: Path) -> None:
    customer, order = sorted(objects(log), key=lambda one: one.object_id)

    assert customer == ObjectStatement("customer", "c1")
    assert (order.object_type, order.object_id) == ("order", "o1")
    assert sorted((name, at, float(value), kind) for name, at, value, kind in order.attributes) == [
        ("no", "1970-01-01T00:00:00Z", 42, "string"),
        ("price", "1970-01-01T00:00:00Z", 12.5, "float"),
        ("price", "2026-11-02T09:00:00Z", 11, "float"),
    ]
    assert {value for name, _, value, _ in order.attributes if name == "no"} == {"0042"}
    assert order.links == [("customer", "c1", "placed by"), ("object", "x1", "")]


def test_every_form_says_of_what_type_attributes_of_events_are(log: Path) -> None:
    declared = [one for some in said(log) for one in some.event_attributes]

    assert declared == [("Ship", "weight", "float")]


def test_values_of_undeclared_attributes_have_the_types_that_json_gives_them(tmp_path: Path) -> None:
    values = {"a": "1", "b": 1, "c": -1.5, "d": True, "e": None, "f": {"g": [1]}}
    attributes = [{"name": name, "value": value} for name, value in values.items()]
    log = {**LOG, "objectTypes": [], "objects": [{"id": "o1", "type": "order", "attributes": attributes}]}

    [order] = objects(written(tmp_path / "log.json", json.dumps(log)))

    assert [(name, value, kind) for name, _, value, kind in order.attributes] == [
        ("a", "1", "string"),
        ("b", "1", "integer"),
        ("c", "-1.5", "float"),
        ("d", "true", "boolean"),
        ("f", '{"g": [1]}', "string"),
    ]


def test_what_is_said_of_many_objects_and_much_of_one_comes_in_parts(tmp_path: Path) -> None:
    changes = [{"name": "price", "value": str(n), "time": f"2026-11-02T10:00:00.{n:06}Z"} for n in range(2_500)]
    note = [{"name": "note", "value": "x" * 5_000}]
    many = [{"id": f"o{n}", "type": "order", "attributes": note} for n in range(500)]
    log = {**LOG, "objects": [*many, {"id": "o", "type": "order", "attributes": changes}]}
    path = written(tmp_path / "log.json", json.dumps(log))

    parts = said(path)

    assert len(parts) > 3
    assert max(len(json.dumps([one.attributes for one in part.objects])) for part in parts) < 2_000_000
    assert len({one.object_id for part in parts for one in part.objects}) == 501
    of_one = [one for part in parts for one in part.objects if one.object_id == "o"]
    assert [value for one in of_one for _, _, value, _ in one.attributes] == [str(n) for n in range(2_500)]


def changed(**changes: Any) -> str:
    return json.dumps({**LOG, "events": [{**LOG["events"][0], **changes}]})


def test_what_is_no_amount_stays_an_attribute(tmp_path: Path) -> None:
    attributes = [{"name": "amount", "value": "much"}, {"name": "currency", "value": "euros"}]

    [event] = events(written(tmp_path / "log.json", changed(attributes=attributes)))

    assert event["data"]["attributes"] == {"amount": "much", "currency": "euros"}
    assert "amount" not in event["data"]


def test_digits_of_numbers_are_kept(tmp_path: Path) -> None:
    text = changed(attributes=[{"name": "weight", "value": "W"}]).replace('"W"', "0.1234567890123456789")

    [event] = events(written(tmp_path / "log.json", text))

    assert event["data"]["attributes"] == {"weight": "0.1234567890123456789"}


def test_an_event_that_is_none_is_refused_and_the_others_are_not(tmp_path: Path) -> None:
    path = written(tmp_path / "log.json", json.dumps({**LOG, "events": [{"id": "e0"}, LOG["events"][0]]}))

    assert refusals(path) == [(1, "not an OCEL 2.0 event: Object missing required field `type`")]
    assert len(items(path)) == 2


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param(
            "log.json", '{"objects":[]}', "not OCEL 2.0 as JSON: Object missing required field `events`", id="no events"
        ),
        pytest.param(
            "log.sqlite",
            "CREATE TABLE other (a TEXT);",
            "not OCEL 2.0 as SQLite: no such table: object",
            id="another database",
        ),
        pytest.param(
            "log.sqlite",
            TABLES.replace('event_Ship" (ocel_id TEXT, ocel_time', 'event_Ship" (ocel_id TEXT, at'),
            "not OCEL 2.0 as SQLite: its table event_Ship has no column ocel_time",
            id="a table without times",
        ),
        pytest.param(
            "log.sqlite",
            TABLES + "DROP TABLE event_object; CREATE VIEW event_object AS WITH RECURSIVE n(i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n) "
            "SELECT i AS ocel_event_id, i AS ocel_object_id, '' AS ocel_qualifier FROM n;",
            "not OCEL 2.0 as SQLite: not authorized",
            id="a view that never ends",
        ),
    ],
)
def test_a_log_that_cannot_be_read_is_told(tmp_path: Path, name: str, content: str, reason: str) -> None:
    raw = sqlite_file(tmp_path / "made", content) if name.endswith("sqlite") else content
    path = written(tmp_path / name, raw)

    with pytest.raises(UsageError) as caught:
        items(path)

    assert str(caught.value) == f"{path}: {reason}"


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "log.sqlite", sqlite_file(tmp_path / "made")[:5000])

    with pytest.raises(UsageError, match=r"not OCEL 2\.0 as SQLite"):
        items(path)


MAPS = "CREATE TABLE event_map_type(ocel_type, ocel_type_map); CREATE TABLE object_map_type(ocel_type, ocel_type_map);"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param(
            "CREATE TABLE t(x); INSERT INTO t VALUES (0), (1);"
            "CREATE VIEW object AS SELECT a.x AS ocel_id, 'o' AS ocel_type FROM t a, t b, t c, t d;",
            "access to t.x is prohibited",
            id="a view that joins a table with itself",
        ),
        pytest.param(
            "CREATE VIEW object AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
            "SELECT x AS ocel_id, 'o' AS ocel_type FROM c;",
            "not authorized",
            id="a view that never ends",
        ),
        pytest.param(
            "CREATE TABLE object(ocel_id GENERATED ALWAYS AS (hex(zeroblob(100000000))), ocel_type);"
            "INSERT INTO object(ocel_type) VALUES ('o');",
            "string or blob too big",
            id="a column that works out gigabytes",
        ),
    ],
)
def test_a_database_has_nothing_worked_out(tmp_path: Path, script: str, reason: str) -> None:
    path = written(tmp_path / "log.sqlite", sqlite_file(tmp_path / "made", MAPS + script))

    with pytest.raises(UsageError) as caught:
        items(path)

    assert str(caught.value) == f"{path}: not OCEL 2.0 as SQLite: {reason}"
