"""A business object: the thing a rule watches, named by its type and id, such as order/O-1001."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class BusinessObject:
    """The type and id of one order, invoice, payment, …; `str` gives `order/O-1001`."""

    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.type}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> "BusinessObject":
        """The object a text such as order/O-1001 names; ValueError where there is no type or no id."""
        type_, slash, id_ = text.partition("/")
        if not (type_ and slash and id_):
            raise ValueError(f"{text!r} is not a business object; give type/id, such as order/O-1001")
        return cls(type_, id_)
