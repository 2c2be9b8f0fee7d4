"""The configured rules as they judge: with the versions that are stored of them, adopted or about to be."""

from collections.abc import Iterable
from datetime import timedelta

from domain.instants import EPOCH
from domain.rule import Rule
from rules.engine import ENGINE
from rules.versions import adopt, in_force
from storage.client import Store
from storage.engine_state import read_watermark
from storage.rule_versions import read_rule_versions

_MICROSECOND = timedelta(microseconds=1)


def as_configured(store: Store, rules: Iterable[Rule]) -> list[Rule]:
    """The rules with the versions that judge running cases; writes nothing.

    One that was edited, and that no tick has taken yet, has the cases after what is evaluated.
    """
    rules, stored = list(rules), read_rule_versions(store)
    watermark = read_watermark(store, ENGINE)
    from_at = (watermark.evaluated_through if watermark else EPOCH) + _MICROSECOND
    return in_force(rules, [*stored, *adopt(stored, rules, from_at, from_at)])
