"""Turns a migration's statement into those that a ClickHouse cluster needs: one SQL for one server and for many.

Events, spans and log records lie in shards, behind a Distributed table of the usual name; every other table lies whole
on every replica, so that what joins or reads it finds it there. DECISIONS.md, 103, says why.

Only what the migrations use is understood; anything else is refused, since DDL that is half understood would make
tables that differ from replica to replica.
"""

import re
from dataclasses import dataclass

from domain.errors import MigrationError

# By what rows are spread over the shards. What is one by its key lies on one shard, so that ReplacingMergeTree and
# FINAL see all of it: an event by its identity, and all of a trace together, with when it began and ended. Log records
# without a trace would else all lie on one shard.
SHARDED = {
    "events": "cityHash64(source, event_id)",
    "otel_traces": "cityHash64(TraceId)",
    "otel_traces_trace_id_ts": "cityHash64(TraceId)",
    "otel_logs": "if(TraceId = '', rand64(), cityHash64(TraceId))",
}
LOCAL = "_local"
SHARD_PATH = "/clickhouse/tables/{shard}/{database}/{table}"
WHOLE_PATH = "/clickhouse/tables/all/{database}/{table}"
ENGINES = ("MergeTree", "ReplacingMergeTree", "AggregatingMergeTree")
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_CREATE_TABLE = re.compile(rf"CREATE TABLE IF NOT EXISTS ({_NAME})\s*(?=\()")
_VIEW = re.compile(rf"(CREATE VIEW IF NOT EXISTS|CREATE OR REPLACE VIEW) ({_NAME}) AS\s+(?=WITH|SELECT)")
_MATERIALIZED = re.compile(
    rf"CREATE MATERIALIZED VIEW IF NOT EXISTS ({_NAME}) TO ({_NAME}) AS\s+((?:WITH|SELECT)\b.*)", re.DOTALL
)
_DROP = re.compile(rf"DROP (TABLE|VIEW) IF EXISTS ({_NAME})")
_ALTER = re.compile(rf"ALTER TABLE ({_NAME})\s+(.+)", re.DOTALL)
_CHANGE = re.compile(r"(ADD COLUMN IF NOT EXISTS|ADD INDEX IF NOT EXISTS|MODIFY SETTING|MODIFY TTL)\s")
_INSERT = re.compile(rf"INSERT INTO ({_NAME}) \([^()]+\)\s+(?:WITH|SELECT)\b")
_ENGINE = re.compile(rf"\s*ENGINE = ({_NAME})(?:\(([^()]*)\))?")
_CLAUSE = re.compile(r"\s(PARTITION BY|ORDER BY|TTL|SETTINGS)\s")
_SOURCE = re.compile(rf"\bFROM ({_NAME})\b")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where tables are made: the cluster's name, as its configuration has it, and the database."""

    name: str
    database: str

    def statements(self, migration: str, statement: str) -> list[str]:
        """What a migration's statement becomes on the cluster, in order; MigrationError where it is not understood."""
        try:
            return self._render(_without_comments(statement))
        except ValueError as error:
            raise MigrationError(
                f"migration {migration} cannot be put on a cluster: {error}; storage/cluster_ddl.py has to learn it"
            ) from None

    def create_database(self) -> str:
        """The statement that makes the database on every replica."""
        return f"CREATE DATABASE IF NOT EXISTS {self.database} {self._everywhere}"

    @property
    def _everywhere(self) -> str:
        return f"ON CLUSTER {self.name}"

    def _render(self, text: str) -> list[str]:
        if found := _CREATE_TABLE.match(text):
            return self._table(found[1], text[found.end() :])
        if found := _MATERIALIZED.fullmatch(text):
            return [self._materialized(found[1], found[2], found[3])]
        if found := _VIEW.match(text):
            return [f"{found[1]} {found[2]} {self._everywhere} AS\n{text[found.end() :]}"]
        if found := _DROP.fullmatch(text):
            return self._drop(found[1], found[2])
        if found := _ALTER.fullmatch(text):
            return self._alter(found[1], found[2])
        if found := _INSERT.match(text):
            # Replicas tell each other what is in it: it runs once.
            return [text]
        raise ValueError(f"{text.split(chr(10), 1)[0][:80]!r} is no statement it knows")

    def _table(self, name: str, rest: str) -> list[str]:
        end = _closing(rest)
        columns, tail = rest[: end + 1], rest[end + 1 :]
        engine = _ENGINE.match(tail)
        if not engine:
            raise ValueError(f"table {name} has no ENGINE behind its columns")
        kind, arguments, clauses = engine[1], (engine[2] or "").strip(), tail[engine.end() :]
        if kind == "Null":
            if clauses.strip():
                raise ValueError(f"table {name} has {clauses.strip()[:40]!r} behind ENGINE = Null")
            return [f"CREATE TABLE IF NOT EXISTS {name} {self._everywhere}\n{columns}\nENGINE = Null"]
        if kind not in ENGINES:
            raise ValueError(f"table {name} has the engine {kind}; {', '.join(ENGINES)} and Null are known")
        if clauses.strip() and not _CLAUSE.match(clauses):
            raise ValueError(f"table {name} has {clauses.strip()[:40]!r} behind its engine")
        is_sharded = name in SHARDED
        place = f"'{SHARD_PATH}', '{{replica}}'" if is_sharded else f"'{WHOLE_PATH}', '{{shard}}-{{replica}}'"
        replicated = f"Replicated{kind}({place}{', ' + arguments if arguments else ''})"
        local = self._local(name)
        created = (
            f"CREATE TABLE IF NOT EXISTS {local} {self._everywhere}\n{columns}\n"
            f"ENGINE = {replicated}{_replicated_settings(clauses)}"
        )
        return [created, self._distributed(name)] if is_sharded else [created]

    def _distributed(self, name: str) -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS {name} {self._everywhere} AS {self.database}.{self._local(name)}\n"
            f"ENGINE = Distributed({self.name}, {self.database}, {self._local(name)}, {SHARDED[name]})"
        )

    def _materialized(self, name: str, target: str, select: str) -> str:
        sources = _SOURCE.findall(select)
        if len(sources) != 1 or re.search(r"\bJOIN\b", re.sub(r"\bARRAY JOIN\b", "", select)):
            raise ValueError(f"view {name} reads more than one table")
        if sources[0] in SHARDED:
            # It sees what its own shard stores, and its rows stay there: both tables are spread by the same key.
            if SHARDED.get(target) != SHARDED[sources[0]]:
                raise ValueError(f"view {name} goes from {sources[0]} to {target}, which are not spread by one key")
            target = self._local(target)
            select = _SOURCE.sub(f"FROM {self._local(sources[0])}", select)
        return f"CREATE MATERIALIZED VIEW IF NOT EXISTS {name} {self._everywhere} TO {target} AS\n{select}"

    def _drop(self, kind: str, name: str) -> list[str]:
        names = [name, self._local(name)] if name in SHARDED else [name]
        return [f"DROP {kind} IF EXISTS {one} {self._everywhere}" for one in names]

    def _alter(self, name: str, changes: str) -> list[str]:
        kinds = {_kind_of(name, change) for change in _split(changes)}
        if len(kinds) > 1:
            raise ValueError(f"table {name} is altered in several ways at once: {', '.join(sorted(kinds))}")
        named = [self._local(name)]
        if name in SHARDED and kinds == {"ADD COLUMN IF NOT EXISTS"}:
            # What is inserted through the Distributed table must find the column below it.
            named.append(name)
        return [f"ALTER TABLE {one} {self._everywhere} {changes}" for one in named]

    def _local(self, name: str) -> str:
        return f"{name}{LOCAL}" if name in SHARDED else name


def client_settings() -> dict[str, object]:
    """What every statement is sent with: acknowledged is stored by most replicas, and a shard is not asked halfway."""
    return {
        # Most replicas have an insert before it is acknowledged. In parallel, since collectors insert at once and would
        # be refused otherwise; below the time after which an insert counts as failed.
        "insert_quorum": "auto",
        "insert_quorum_parallel": 1,
        "insert_quorum_timeout": 8_000,
        "insert_deduplicate": 1,
        # Acknowledged is stored on the shard, not queued on the way to it.
        "distributed_foreground_insert": 1,
        # A subquery over a sharded table is asked once, of all shards, instead of on each shard of its own rows.
        "distributed_product_mode": "global",
        # Writes and reads prefer the same replica of a shard; one that lags behind what the engine waits is not read.
        "load_balancing": "in_order",
        "max_replica_delay_for_distributed_queries": 4,
        "fallback_to_stale_replicas_for_distributed_queries": 0,
        "skip_unavailable_shards": 0,
    }


def _replicated_settings(clauses: str) -> str:
    window = re.search(r"\bnon_replicated_deduplication_window = (\d+)", clauses)
    if not window:
        return clauses
    # A replicated table forgets by age, too: a number that was given once must never be given again.
    kept = f"replicated_deduplication_window = {window[1]}, replicated_deduplication_window_seconds = 3153600000"
    return clauses.replace(window[0], kept)


def _kind_of(name: str, change: str) -> str:
    found = _CHANGE.match(change.strip())
    if found:
        return found[1]
    if re.fullmatch(rf"{_NAME} = \S+", change.strip()):
        return "MODIFY SETTING"
    raise ValueError(f"table {name} is altered by {change.strip()[:40]!r}")


def _without_comments(statement: str) -> str:
    lines = statement.strip().splitlines()
    while lines and lines[0].startswith("--"):
        del lines[0]
    text = "\n".join(lines).strip()
    for position, character, depth in _outside_text(text):
        if character == ";" or text.startswith(("--", "/*"), position):
            raise ValueError(f"{text[position : position + 20]!r} stands amid the statement")
        if depth < 0:
            raise ValueError("a bracket closes nothing")
    return text


def _closing(text: str) -> int:
    for position, character, depth in _outside_text(text):
        if character == ")" and depth == 0:
            return position
    raise ValueError("a bracket is not closed")


def _split(text: str) -> list[str]:
    """The parts between commas that stand in no brackets."""
    cuts = [position for position, character, depth in _outside_text(text) if character == "," and depth == 0]
    return [text[start + 1 : end] for start, end in zip([-1, *cuts], [*cuts, len(text)], strict=True)]


def _outside_text(text: str) -> list[tuple[int, str, int]]:
    """Every character outside quotes with its place and how many brackets are open after it."""
    found, depth, quote, position = [], 0, "", 0
    while position < len(text):
        character = text[position]
        if quote:
            if character == "\\":
                position += 1
            elif character == quote:
                quote = ""
        elif character in "'`\"":
            quote = character
        else:
            depth += {"(": 1, ")": -1}.get(character, 0)
            found.append((position, character, depth))
        position += 1
    if quote:
        raise ValueError(f"a {quote} is not closed")
    return found
