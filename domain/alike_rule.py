"""A rule on objects that are the same in truth; see DESIGN, duplicate. It judges pairs, not one object's history."""

from dataclasses import dataclass
from fractions import Fraction

from domain.rule import Rule

# What is part of every version of such a rule: how texts are normalised and pairs are found. Whoever changes that
# counts it up, so that what was kept of the former way is not mixed with the new.
WAY_OF_FINDING = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikeRule(Rule):
    """No two objects may be alike in these attributes, as the latest event of `described_by` that states one says.

    Names are alike from `at_least` on. Tax ids that are both known and differ rule it out unless `tax_ids_may_differ`.
    After an `unless` event an object is out of it until an event describes it again.
    """

    object_type: str
    attributes: tuple[str, ...]
    described_by: tuple[str, ...]
    at_least: Fraction = Fraction(9, 10)
    tax_ids_may_differ: bool = False
    unless: tuple[str, ...] = ()
    level: str = "warning"
    way: int = WAY_OF_FINDING

    @property
    def event_types(self) -> frozenset[str]:
        """What describes an object, and what takes it out."""
        return frozenset((*self.described_by, *self.unless))
