"""In which order readers see KPIs: by what each of them says."""

from collections.abc import Callable

from domain.kpi import Kpi, Origin, Unit


def _is_work(kpi: Kpi) -> bool:
    return kpi.cases.origin in (Origin.MILESTONES, Origin.TOUCHES)


# Every KPI is in one of them, a user's own too.
GROUPS: tuple[tuple[str, Callable[[Kpi], bool]], ...] = (
    ("How long work takes", lambda kpi: _is_work(kpi) and kpi.unit is Unit.SECONDS),
    ("What it came to", lambda kpi: _is_work(kpi) and (kpi.unit is Unit.MONEY or kpi.against is not None)),
    ("How well it went", lambda kpi: _is_work(kpi) and kpi.unit in (Unit.SHARE, Unit.COUNT) and kpi.against is None),
    ("How soon trouble is found and mended", lambda kpi: kpi.cases.origin in (Origin.ALERTS, Origin.DUTIES)),
    ("How the systems do", lambda kpi: kpi.cases.origin is Origin.SIGNAL),
)
