"""Definitions of pulls: what is read from them, and what is said of what is wrong."""

from pathlib import Path

import pytest

from collector.pull_definitions import WatermarkConfig, load_pulls
from domain.errors import ConfigError

URL = "url: {url: 'https://files.example.com/1.csv', format: CSVWithNames}"
WATERMARK = "watermark: {instant: updated_at}"
REST = "map: {id: id, type: what, time: updated_at}"
DATABASE = "host: db, database: b, table: t, user: u, secret_env: P"


def problems(tmp_path: Path, *lines: str, name: str = "invoices.yaml") -> str:
    """What is wrong with a definition of these lines, without the folder it is in."""
    (tmp_path / name).write_text("\n".join(["title: Invoices", *lines]), encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        load_pulls(tmp_path)
    return str(refusal.value).replace(f"{tmp_path}/", "")


def test_a_definition_says_where_rows_are_and_how_often_to_look(tmp_path: Path) -> None:
    (tmp_path / "invoices.yaml").write_text("\n".join(["title: Invoices", URL, WATERMARK, "every: 1h", REST]))

    [definition] = load_pulls(tmp_path).values()

    assert (definition.name, definition.source, str(definition.config.every)) == ("invoices", "invoices", "1:00:00")


def test_a_folder_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert load_pulls(tmp_path / "pulls") == {}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param(
            [WATERMARK, REST], "invoices.yaml:1:1: give one of postgresql, mysql, s3, url and file", id="no system"
        ),
        pytest.param(
            ["postgresql: {host: 'a|evil', database: b, table: t, user: u, secret_env: P}", WATERMARK, REST],
            'invoices.yaml:2:20: postgresql.host is "a|evil"; give one host, such as db.example.com',
            id="a host that is two",
        ),
        pytest.param(
            ["postgresql: {host: db, database: b, table: t, user: u, password: x}", WATERMARK, REST],
            'invoices.yaml:2:56: postgresql: unknown key "password"; accepted: secret_env, secret_file, host, '
            "database, table, user, port, schema",
            id="a password in the file",
        ),
        pytest.param(
            ["postgresql: {host: db, database: b, table: t, user: u}", WATERMARK, REST],
            "invoices.yaml:2:13: postgresql: give one of secret_env and secret_file: a secret does not stand in "
            "this file",
            id="no secret",
        ),
        pytest.param(
            ["url: {url: 'http://me:word@h/1.csv', format: CSV}", WATERMARK, REST],
            "invoices.yaml:2:12: url.url: has a user in it; give credentials by secret_env or secret_file",
            id="credentials in an address",
        ),
        pytest.param(
            ["url: {url: 'file:///etc/passwd', format: CSV}", WATERMARK, REST],
            'invoices.yaml:2:12: url.url is "file:///etc/passwd"; give an address of one host, such as '
            "https://files.example.com/orders.csv",
            id="an address of a file",
        ),
        pytest.param(
            ["url: {url: 'https://{a,b}.example.com/1.csv', format: CSV}", WATERMARK, REST],
            'invoices.yaml:2:12: url.url is "https://{a,b}.example.com/1.csv"; give an address of one host, such as '
            "https://files.example.com/orders.csv",
            id="an address of two hosts",
        ),
        *(
            pytest.param(
                [f"file: {{path: '{path}', format: CSV}}", WATERMARK, REST],
                f'invoices.yaml:2:14: file.path is "{path}"; give a path below MILEPOST_PULL_FILES without .., in '
                "which * and ? may stand",
                id=f"the path {path}",
            )
            for path in ("../etc/passwd", "/etc/passwd", "in/../../x", "{in,out}/x", "a.zip :: b", ".")
        ),
        pytest.param(
            [URL, "watermark: {instant: 'a` OR 1'}", REST],
            'invoices.yaml:3:22: watermark.instant is "a` OR 1"; give a name of letters, digits, spaces and _ $ # @ -',
            id="a name that ends its quotes",
        ),
        pytest.param(
            [URL, "watermark: {instant: a, integer: b}", REST],
            "invoices.yaml:3:12: watermark: give one of instant and integer: the column that grows with every change",
            id="two watermarks",
        ),
        pytest.param(
            [URL, "watermark: {integer: a, overlap: 5m}", REST],
            "invoices.yaml:3:12: watermark: overlap: give a duration such as 10m for an instant, a whole number for an "
            "integer",
            id="an overlap of another kind",
        ),
        pytest.param(
            [URL, "structure: {a: 'String DEFAULT now()'}", WATERMARK, REST],
            'invoices.yaml:3:16: structure.a is "String DEFAULT now()"; give a ClickHouse type such as String or '
            "DateTime64(6, 'UTC')",
            id="a type with more to it",
        ),
        pytest.param(
            [URL, WATERMARK, "map: {type: what, time: t, id: 'join('}"],
            'invoices.yaml:4:32: map.id is "join(", which is no JMESPath expression: Invalid jmespath expression: '
            'Incomplete expression: "join(" ^',
            id="a mapping that is none",
        ),
        pytest.param(
            [f"mysql: {{{DATABASE}}}", "structure: {a: String}", WATERMARK, REST],
            "invoices.yaml:1:1: structure: a database knows its columns' types; leave it out",
            id="a structure of a database",
        ),
        pytest.param(
            [URL, WATERMARK, "map: {id: id, type: what, time: t, delimiter: ';'}"],
            "invoices.yaml:4:47: map.delimiter is for files that `milepost ingest` takes; leave it out",
            id="a delimiter",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, lines: list[str], message: str) -> None:
    assert problems(tmp_path, *lines) == message


def test_a_name_that_no_metric_could_carry_is_refused(tmp_path: Path) -> None:
    told = problems(tmp_path, URL, WATERMARK, REST, name="My Invoices.yaml")

    assert told == ("My Invoices.yaml: is no name for a pull; name the file in a-z, 0-9 and _, such as invoices.yaml")


@pytest.mark.parametrize(
    ("config", "stored", "begin"),
    [
        ({"instant": "a"}, None, None),
        ({"instant": "a", "start": "2026-11-02T09:00:00+01:00"}, None, "2026-11-02 08:00:00.000000"),
        ({"instant": "a"}, "2026-11-02 09:00:00.123456789", "2026-11-02 09:00:00.123456789"),
        ({"instant": "a", "overlap": "1h30m"}, "2026-11-02 09:00:00.123456789", "2026-11-02 07:30:00.123456"),
        ({"instant": "a", "overlap": "5200w"}, "1999-01-01 00:00:00", "1900-01-01 00:00:00.000000"),
        ({"integer": "a"}, None, None),
        ({"integer": "a", "start": 7}, None, "7"),
        ({"integer": "a", "overlap": 5}, "12345678901234567890", "12345678901234567885"),
    ],
)
def test_a_pull_begins_at_what_is_stored_less_the_overlap(
    config: dict[str, object], stored: str | None, begin: str | None
) -> None:
    assert WatermarkConfig.model_validate(config).begin(stored) == begin


def test_instants_with_more_digits_are_later() -> None:
    key = WatermarkConfig(instant="a").key

    assert key("2026-11-02 09:00:00") < key("2026-11-02 09:00:00.5") < key("2026-11-02 09:00:00.500001")


def test_integers_are_not_ordered_as_text() -> None:
    key = WatermarkConfig(integer="a").key

    assert key("-5") < key("9") < key("10")
