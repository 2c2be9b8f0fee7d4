"""Takes what files say of business objects: checked, personal data masked, stored once however often it is said."""

from functools import lru_cache

from collector.contract_door import ContractDoor
from domain.clock import Clock
from domain.instants import format_instant, parse_storable_instant
from storage.client import Store
from storage.object_statements import ObjectAttribute, ObjectStatement, Statements, insert_statements


@lru_cache(maxsize=4_096)
def _checked(instant: str) -> str:
    return format_instant(parse_storable_instant(instant))


class ObjectDoor:
    """The way into the store for statements about objects."""

    def __init__(self, store: Store, clock: Clock, contracts: ContractDoor) -> None:
        self._store = store
        self._clock = clock
        self._contracts = contracts

    def take(self, said: Statements) -> None:
        """Stores statements; ValueError where one names no object or an instant that cannot be kept."""
        for one in said.objects:
            if not one.object_type or not one.object_id:
                raise ValueError("a statement names no object; give object_type and object_id")
            one.attributes = self._kept(one)
        insert_statements(self._store, said, self._clock.now())

    def _kept(self, statement: ObjectStatement) -> list[ObjectAttribute]:
        return [
            attribute._replace(
                valid_from=_checked(attribute.valid_from),
                value=self._contracts.masked_attribute(attribute.name, attribute.value),
            )
            for attribute in statement.attributes
        ]
