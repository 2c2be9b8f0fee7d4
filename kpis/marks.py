"""The names under which it is noted how far the cases of a KPI are kept."""

from domain.kpi import Kpi
from storage.client import Store
from storage.engine_state import read_watermark


def engine_name(kpi: Kpi, what: str) -> str:
    """Each definition has its own: one that comes back goes on where it was, and takes out what has gone meanwhile."""
    return f"kpi {kpi.id} {kpi.version} {what}"


def is_kept(store: Store, kpi: Kpi) -> bool:
    """Whether cases of a KPI were ever kept: before that nothing is known of it."""
    return read_watermark(store, engine_name(kpi, "kept")) is not None
