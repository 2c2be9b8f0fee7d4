"""Gates as users write them: what is shipped, what takes its place, and every mistake with its place."""

from decimal import Decimal
from pathlib import Path

import pytest

from close.catalog import SHIPPED, load_close
from domain.close import GateKind
from domain.errors import ConfigError

GATE = """gates:
  - id: orders_posted
    title: Posted
    owner: somebody
    weight: 5
    object: order
    from: order.approved
    to: order.posted
"""


def own(folder: Path, text: str) -> list[Path]:
    (folder / "own.yaml").write_text(text, encoding="utf-8")
    return [SHIPPED, folder]


def test_the_shipped_gates_are_those_of_order_to_cash() -> None:
    shipped = load_close([SHIPPED])

    assert [(gate.id, gate.kind) for gate in shipped.gates] == [
        ("orders_posted", GateKind.MILESTONE),
        ("orders_invoiced", GateKind.MILESTONE),
        ("invoices_visible", GateKind.MILESTONE),
        ("payments_applied", GateKind.MILESTONE),
        ("exceptions_cleared", GateKind.ALERTS),
        ("sources_heard", GateKind.SOURCES),
    ]
    assert [gate.within and gate.within.total_seconds() / 3600 for gate in shipped.gates] == [4, 24, 6, 24, None, None]
    assert (shipped.target, shipped.owner) == (Decimal("0.98"), "financial_control")


def test_a_gate_of_ones_own_stands_in_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    found = load_close(own(tmp_path, f"readiness: {{target: 100%, owner: me}}\n{GATE}"))

    assert (found.gates[0].weight, found.gates[0].owner, found.target, found.owner) == (5, "somebody", Decimal(1), "me")
    assert len(found.gates) == 6


def test_a_gate_is_another_once_its_cases_are_defined_otherwise(tmp_path: Path) -> None:
    shipped = load_close([SHIPPED]).gates[0]

    weighed = load_close(own(tmp_path, GATE + "    unless: order.cancelled\n")).gates[0]
    redefined = load_close(own(tmp_path, GATE)).gates[0]

    assert weighed.version == shipped.version
    assert redefined.version != shipped.version


def test_a_shipped_gate_counts_the_alerts_that_the_rules_in_force_raise() -> None:
    def alerts(*raised: str) -> tuple[str, ...] | None:
        return {gate.id: gate.alerts for gate in load_close([SHIPPED], set(raised)).gates}.get("exceptions_cleared")

    assert alerts("PaidOtherThanInvoiced", "InvoicedOtherThanOrdered", "OrderNotPosted") == (
        "InvoicedOtherThanOrdered",
        "PaidOtherThanInvoiced",
    )
    assert alerts("PaidOtherThanInvoiced") == ("PaidOtherThanInvoiced",)
    # Where nobody watches for exceptions there is no gate of them.
    assert alerts("OrderNotPosted") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(GATE.replace("weight: 5", "weight: -1"), ':5:13: gate "orders_posted": weight', id="weight"),
        pytest.param(
            GATE.replace("    to: order.posted\n", ""),
            ':2:9: gate "orders_posted": to is missing; a gate of objects needs object, from and to',
            id="half a gate",
        ),
        pytest.param(
            GATE + "    sources: true\n",
            ':2:9: gate "orders_posted": must be of one kind; give object, from and to, or alerts, or sources: true',
            id="two kinds",
        ),
        pytest.param(
            GATE.replace("to: order.posted", "to: order.approved"),
            ':7:11: gate "orders_posted": order.approved begins a case and ends it as well; give it one meaning',
            id="one type with two meanings",
        ),
        pytest.param(
            "gates: [{id: x, title: X, owner: o, alerts: [OrderNotPosted, Orderly]}]",
            ':1:45: gate "x": no rule raises "Orderly"; name alerts as the rules do',
            id="an alert of no rule",
        ),
        pytest.param(
            GATE + "    awaits: order.posted\n",
            ':9:13: gate "orders_posted": awaits says nothing here: the types that a gate waits for are its own; '
            "remove it",
            id="awaits of a gate of objects",
        ),
        pytest.param(
            GATE + "    within: soon\n",
            ':9:13: gate "orders_posted": within is "soon"; give a duration above zero, such as 4h',
            id="a window that is no duration",
        ),
        pytest.param(
            "gates: [{id: x, title: X, owner: o, alerts: [OrderNotPosted], within: 4h}]",
            ':1:71: gate "x": within has no place here: only objects are in flight; remove it',
            id="a window of alerts",
        ),
        pytest.param(
            "readiness: {target: 98, owner: me}",
            ":1:21: readiness.target is 98; give a share such as 98%",
            id="a target that is no share",
        ),
        pytest.param(
            GATE.replace("orders_posted", "Orders"),
            ':2:9: gate "Orders": id is "Orders"; give a name of small letters, digits and _, such as orders_posted',
            id="a name",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_close(own(tmp_path, text), {"OrderNotPosted", "InvoicedOtherThanOrdered"})

    assert str(raised.value).startswith(f"{tmp_path / 'own.yaml'}{problem}")


def test_a_close_without_any_gate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load_close([tmp_path])

    assert str(raised.value) == "the close has no gates, or no readiness with a target and an owner; give both"
