"""What the reader's frame is set to: whose figures, of which region, in which currency."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """What figures are limited to, and the currency that amounts are added up in; empty is all, and the usual one."""

    entities: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    currency: str = ""

    def without_currency(self) -> "Frame":
        """The same in no currency, so that reads which have none are kept once."""
        return Frame(self.entities, self.regions)


# No filter, and the usual currency.
EVERYTHING = Frame()
# Systems know no legal entity; where one is chosen that has to be said.
OF_ALL = "; of all legal entities and regions"
