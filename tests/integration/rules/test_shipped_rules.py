"""The shipped rules do what the tests beside them say, with their conditions answered by the engine."""

from functools import partial

from collector.contract_definitions import SHIPPED as SHIPPED_CONTRACTS
from collector.contract_definitions import load_contracts
from domain.kpi_watch import KnownKpis
from domain.rule import MilestoneRule
from kpis.catalog import SHIPPED as SHIPPED_KPIS
from kpis.catalog import load_kpis
from rules.calendars import SHIPPED as SHIPPED_CALENDARS
from rules.loader import SHIPPED, load_rules
from rules.references import load_references
from rules.rule_tests import run_rule_tests
from storage.client import Store
from storage.milestones import true_conditions

KPIS = KnownKpis({name: kpi.unit for name, kpi in load_kpis([SHIPPED_KPIS]).items()}, "EUR")
REFERENCES = load_references(SHIPPED_CALENDARS, load_contracts(SHIPPED_CONTRACTS).contracts, kpis=KPIS)


def test_the_five_handoffs_are_watched() -> None:
    rules = load_rules([SHIPPED], REFERENCES)
    milestones = [rule for rule in rules if isinstance(rule, MilestoneRule)]
    watched = {rule.name: (rule.object_type, rule.from_type, rule.to_type) for rule in milestones}
    assert (
        watched.items()
        >= {
            "QuoteNotOrdered": ("quote", "quote.approved", "order.created"),
            "OrderNotPosted": ("order", "order.approved", "order.posted"),
            "BillingNotSetUp": ("contract", "contract.activated", "billing.configured"),
            "InvoiceNotVisible": ("invoice", "invoice.posted", "invoice.visible_in_crm"),
            "PaymentNotVisible": ("payment", "payment.received", "payment.visible_to_account"),
        }.items()
    )


def test_every_shipped_rule_says_whose_it_is_and_what_to_do() -> None:
    rules = load_rules([SHIPPED], REFERENCES)
    assert len(rules) >= 20
    assert all(rule.labels["handoff"] for rule in rules)
    assert all(rule.labels["team"] and {"summary", "runbook"} <= rule.annotations.keys() for rule in rules)


def test_their_tests_pass(embedded_store: Store) -> None:
    report = run_rule_tests([SHIPPED], REFERENCES, partial(true_conditions, embedded_store))
    assert [str(failure) for failure in report.failures] == []
    assert report.tests >= 100
