"""What the attributes of spans tell: which hold the id of a business object, which that of a run of the workflow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.business_object import BusinessObject

# Kept in a column of its own with every span, so that nobody has to look for it among the attributes.
CORRELATION_ID = "correlation.id"


@dataclass(frozen=True, slots=True)
class SpanNames:
    """Attribute names: `correlation_ids` in the order they count, `objects` with the object type each names."""

    correlation_ids: tuple[str, ...] = (CORRELATION_ID,)
    objects: Mapping[str, str] = field(default_factory=dict)

    def of_objects(self, objects: Iterable[BusinessObject]) -> list[tuple[str, str]]:
        """The attributes with their values that name any of these objects."""
        return [(name, each.id) for each in objects for name, type_ in self.objects.items() if type_ == each.type]

    def of_runs(self, correlation_ids: Iterable[str]) -> list[tuple[str, str]]:
        """The attributes with their values that name any of these runs, but for the one with its own column."""
        return [(name, id_) for id_ in correlation_ids for name in self.correlation_ids if name != CORRELATION_ID]
