"""A plain reading of which objects belong to one run, what it is called, and what the store says of both."""

from collections.abc import Iterable

from domain.contract import Contracts, EventContract, Link, ObjectContract
from storage.client import Store
from storage.events import EventRow
from tests.engine import Engine

BOUND = 3
# Orders, invoices and payments join; customers do not, but for the one who pays; of a product nothing is agreed, but
# that a bundle joins its parts; of a payment it is agreed that the orders it names do not join.
CONTRACTS = Contracts(
    events={
        "payment.received": EventContract(
            "payment.received",
            1,
            "cash",
            "payment",
            ("payments",),
            links=(Link("customer", "payer", True), Link("order", "", False), Link("customer", "payer", False)),
        ),
        "bundle.made": EventContract(
            "bundle.made", 1, "sales", "product", ("crm",), links=(Link("product", "part", True),)
        ),
    },
    objects={
        **{name: ObjectContract(name, 1, "sales", True, None) for name in ("order", "invoice", "payment")},
        "customer": ObjectContract("customer", 1, "master_data", False, None),
    },
)


def members_named(event: EventRow, contracts: Contracts, bound: int) -> list[str]:
    """What an event makes one run of: `type/id`, and its correlation id as `#id`."""
    joining = sorted(
        {(type_, id_) for type_, id_, qualifier in event.objects if contracts.joins(event.type, type_, qualifier)}
    )
    types = [type_ for type_, _ in joining]
    members = [f"{type_}/{id_}" for type_, id_ in joining if types.count(type_) <= bound]
    if event.correlation_id:
        return [*members, f"#{event.correlation_id}"]
    return members if len(members) > 1 else []


def expected_runs(events: Iterable[EventRow], contracts: Contracts = CONTRACTS, bound: int = BOUND) -> dict[str, str]:
    """The id of the run of everything that is linked; of an explicit id `#id`, of an object `type/id`."""
    together: dict[str, set[str]] = {}
    first: dict[str, tuple[int, str]] = {}
    for event in events:
        members = members_named(event, contracts, bound)
        merged = set(members).union(*(together.get(member, set()) for member in members))
        together.update(dict.fromkeys(merged, merged))
        for member in members:
            if member.startswith("#"):
                first[member] = min(first.get(member, (event.occurred_us, "")), (event.occurred_us, ""))
    names = {}
    for member, run in together.items():
        explicit = [(first[each][0], each) for each in run if each.startswith("#")]
        names[member] = (
            min(explicit)[1].removeprefix("#") if explicit else min(run, key=lambda each: each.split("/", 1))
        )
    return names


def stored_runs(engine: Engine, store: Store) -> dict[str, str]:
    """The same, as the store's tables say."""
    rows = engine.select(
        store,
        "SELECT member.object_type AS object_type, member.object_id AS object_id, name.object_type AS name_type,"
        " name.object_id AS name_id FROM (SELECT * FROM run_members FINAL) AS member"
        " LEFT JOIN (SELECT * FROM run_names FINAL) AS name USING run",
    )
    return {
        _text(row["object_type"], row["object_id"], "#"): _text(row["name_type"], row["name_id"], "") for row in rows
    }


def _text(type_: str, id_: str, of_run: str) -> str:
    return f"{type_}/{id_}" if type_ else f"{of_run}{id_}"
