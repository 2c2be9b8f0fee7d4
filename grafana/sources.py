"""Where panels read: ClickHouse through Grafana's plugin, and Prometheus; both by the names that provisioning gives."""

from functools import cache
from pathlib import Path

from grafana_foundation_sdk.builders.prometheus import Dataquery as PrometheusBuilder
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef

QUERIES = Path(__file__).parent / "queries"
CLICKHOUSE = DataSourceRef(type_val="grafana-clickhouse-datasource", uid="milepost-clickhouse")
PROMETHEUS = DataSourceRef(type_val="prometheus", uid="milepost-prometheus")


class ClickHouseQuery(Dataquery):
    """A statement for the plugin, in its editor's SQL mode; over time where the panel draws a course."""

    def __init__(self, sql: str, ref_id: str, *, is_over_time: bool) -> None:
        self.ref_id = ref_id
        self._sql = sql
        self._is_over_time = is_over_time

    def to_json(self) -> dict[str, object]:
        """The target as the plugin keeps it: format 0 is of a course, 1 of a table.

        https://github.com/grafana/clickhouse-datasource, src/types/sql.ts
        """
        return {
            "datasource": CLICKHOUSE.to_json(),
            "editorType": "sql",
            "format": 0 if self._is_over_time else 1,
            "queryType": "timeseries" if self._is_over_time else "table",
            "rawSql": self._sql,
            "refId": self.ref_id,
        }


class ClickHouse(Builder[Dataquery]):
    """The statement of `queries/<name>.sql`."""

    def __init__(self, name: str, ref_id: str = "A", *, is_over_time: bool = False) -> None:
        self._built = ClickHouseQuery(statement(name), ref_id, is_over_time=is_over_time)

    def build(self) -> Dataquery:
        """The target of a panel."""
        return self._built


def prometheus(expression: str, legend: str = "", ref_id: str = "A", *, is_instant: bool = False) -> PrometheusBuilder:
    """A PromQL expression; its value now, or its course."""
    query = PrometheusBuilder().datasource(PROMETHEUS).expr(expression).ref_id(ref_id).legend_format(legend or "__auto")
    return query.instant() if is_instant else query.range()


@cache
def statement(name: str) -> str:
    """The text of a query's file without its header."""
    lines = (QUERIES / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))
