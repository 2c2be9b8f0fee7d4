"""What Grafana and its ClickHouse plugin make of a panel's statement before the server sees it.

Variables are filled in by Grafana, `$__conditionalAll` by the plugin in the browser, the other macros by its backend.
https://github.com/grafana/clickhouse-datasource: src/data/ast.ts, pkg/macros/macros.go
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# A variable with this value stands for all there is.
ALL = ("$__all",)
_CALL = re.compile(r"\$__(\w+)(?:\(([^()]*)\))?")
_VARIABLE = re.compile(r"\$\{(\w+):singlequote\}")


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader of a board has chosen: a stretch of time, how wide a point is, and values of variables."""

    since: datetime
    until: datetime
    interval: timedelta
    variables: Mapping[str, Sequence[str]]


def expanded(sql: str, sight: Sight) -> str:
    """The statement that the server gets; ValueError on a macro or variable that there is not."""
    sql = _conditional(sql, sight.variables)
    sql = _VARIABLE.sub(lambda found: _quoted(found.group(1), sight.variables), sql)
    sql = _CALL.sub(lambda found: _macro(found.group(1), found.group(2), sight), sql)
    if "$" in sql:
        raise ValueError(f"something is left to fill in: {sql}")
    return sql


def _conditional(sql: str, variables: Mapping[str, Sequence[str]]) -> str:
    name = "$__conditionalAll("
    while (begin := sql.find(name)) >= 0:
        depth, end = 1, begin + len(name)
        while depth:
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        condition, _, variable = sql[begin + len(name) : end - 1].rpartition(",")
        chosen = variables[variable.strip().removeprefix("$")]
        sql = f"{sql[:begin]}{'1=1' if chosen == ALL else condition.strip()}{sql[end:]}"
    return sql


def _quoted(name: str, variables: Mapping[str, Sequence[str]]) -> str:
    if name not in variables:
        raise ValueError(f"there is no variable {name}")
    return ",".join("'" + value.replace("'", "\\'") + "'" for value in variables[name])


def _macro(name: str, argument: str | None, sight: Sight) -> str:
    seconds = {"fromTime": sight.since, "toTime": sight.until}
    milliseconds = {"fromTime_ms": sight.since, "toTime_ms": sight.until}
    if argument is None:
        if name in seconds:
            return f"toDateTime({int(seconds[name].timestamp())})"
        if name in milliseconds:
            return f"fromUnixTimestamp64Milli({_milliseconds(milliseconds[name])})"
        if name == "interval_s":
            return str(max(int(sight.interval.total_seconds()), 1))
        raise ValueError(f"there is no macro $__{name}")
    of_column: dict[str, Callable[[str], str]] = {
        "timeFilter": lambda column: (
            f"{column} >= toDateTime({int(sight.since.timestamp())})"
            f" AND {column} <= toDateTime({int(sight.until.timestamp())})"
        ),
        "timeFilter_ms": lambda column: (
            f"{column} >= fromUnixTimestamp64Milli({_milliseconds(sight.since)})"
            f" AND {column} <= fromUnixTimestamp64Milli({_milliseconds(sight.until)})"
        ),
        "timeInterval": lambda column: (
            f"toStartOfInterval(toDateTime({column}), INTERVAL {max(int(sight.interval.total_seconds()), 1)} second)"
        ),
        "timeInterval_ms": lambda column: (
            f"toStartOfInterval(toDateTime64({column}, 3), "
            f"INTERVAL {max(sight.interval // timedelta(milliseconds=1), 1)} millisecond)"
        ),
    }
    if name not in of_column:
        raise ValueError(f"there is no macro $__{name}")
    return of_column[name](argument)


def _milliseconds(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=instant.tzinfo)) // timedelta(milliseconds=1)
