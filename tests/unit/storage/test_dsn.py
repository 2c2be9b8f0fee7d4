"""A MILEPOST_STORE that names no store is refused with what is accepted, before anything is opened."""

import pytest

from domain.errors import ConfigError
from storage.client import Store

ACCEPTED = "chdb:///path/to/folder or clickhouse://user:password@host:8123/database"
UNREADABLE = (
    f"MILEPOST_STORE has a host or port that cannot be read; give {ACCEPTED}, "
    "with special characters in the password as %XX"
)


@pytest.mark.parametrize(
    ("dsn", "message"),
    [
        pytest.param("", f"MILEPOST_STORE has the scheme ''; give {ACCEPTED}", id="nothing"),
        pytest.param("/var/lib/x", f"MILEPOST_STORE has the scheme ''; give {ACCEPTED}", id="a bare path"),
        pytest.param(
            "postgres://db/milepost",
            f"MILEPOST_STORE has the scheme 'postgres'; give {ACCEPTED}",
            id="another database",
        ),
        pytest.param("chdb:///", f"MILEPOST_STORE 'chdb:///' names no folder; give {ACCEPTED}", id="no folder"),
        pytest.param(
            "chdb://var/lib",
            f"MILEPOST_STORE 'chdb://var/lib' names no folder; give {ACCEPTED}",
            id="a folder with two slashes only",
        ),
        pytest.param(
            "chdb:///x?databse=y",
            "MILEPOST_STORE 'chdb:///x?databse=y': 'databse' is not known; database is",
            id="a misspelt parameter",
        ),
        pytest.param(
            "chdb:///x?database=a-b",
            "MILEPOST_STORE: 'a-b' cannot name a database; give letters, digits and _",
            id="a database name with a dash",
        ),
        pytest.param(
            "clickhouse://h/a%60b",
            "MILEPOST_STORE: 'a`b' cannot name a database; give letters, digits and _",
            id="a database name that would have to be quoted",
        ),
        pytest.param("clickhouse:///milepost", f"MILEPOST_STORE names no host; give {ACCEPTED}", id="no host"),
        pytest.param("clickhouse://h:port/x", UNREADABLE, id="a port that is no number"),
        pytest.param("clickhouse://h:99999/x", UNREADABLE, id="a port beyond the range"),
        pytest.param("clickhouse://[::1/x", UNREADABLE, id="half an IPv6 address"),
        pytest.param("clickhouse://me:se/cret@h/x", UNREADABLE, id="an unescaped slash in the password"),
    ],
)
def test_a_wrong_dsn_is_refused(dsn: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Store(dsn)

    assert str(refusal.value) == message
