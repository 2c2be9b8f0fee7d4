"""The tests beside rule files: what passes, and what is said of what does not."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from domain.business_object import BusinessObject
from domain.contract import Contracts, EventContract
from domain.errors import ConfigError
from domain.milestone import Milestone
from domain.money import ACCEPTED_AMOUNT
from rules.references import References
from rules.rule_tests import RuleTestReport, run_rule_tests

RULES = """\
groups:
  - name: order_to_bill
    rules:
      - alert: InvoiceOverdue
        milestone: {object: order, from: order.fulfilled, to: invoice.issued, within: 4h}
        overrides: [{where: "amount >= 1000", within: 1h}]
        at_risk: 50%
"""
TESTS = """\
- name: an invoice issued after its deadline fires once, then resolves
  events: [{at: 0m, type: order.fulfilled, object: order/O-1}, {at: 5h, type: invoice.issued, object: order/O-1}]
  expect: [{at: 3h59m, firing: []}, {at: 4h10m, firing: [InvoiceOverdue]}, {at: 5h10m, firing: []}]
"""
TITLE = 'test "an invoice issued after its deadline fires once, then resolves"'
NOTHING = References()
LARGE = "amount >= 1000"


class AmountsOverAThousand:
    """Answers the one condition of these tests, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, str]] = []

    def __call__(
        self, conditions: Mapping[str, str], milestones: Sequence[tuple[BusinessObject, Milestone]]
    ) -> Sequence[frozenset[str]]:
        self.asked.append(conditions)
        return [
            frozenset({LARGE}) if (milestone.facts.amount or 0) >= 1000 else frozenset() for _, milestone in milestones
        ]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the working directory, so that paths in messages are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(tests: str | None, rules: str = RULES, references: References = NOTHING) -> RuleTestReport:
    Path("rules").mkdir()
    Path("rules/billing.yaml").write_text(rules)
    if tests is not None:
        Path("rules/billing_test.yaml").write_text(tests)
    return run_rule_tests([Path("rules")], references, AmountsOverAThousand())


def failures(tests: str | None, rules: str = RULES) -> list[str]:
    return [str(failure) for failure in run(tests, rules).failures]


def test_rules_that_do_as_expected_pass() -> None:
    report = run(TESTS)
    assert (report.tests, report.passed, report.failures) == (1, True, [])


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        pytest.param(
            "4h10m, firing: [InvoiceOverdue]",
            "3h50m, firing: [InvoiceOverdue]",
            "3:37",
            "at 3h50m: firing: expected [InvoiceOverdue], got []",
            id="quiet where it should fire",
        ),
        pytest.param(
            "3h59m, firing: []",
            "4h, firing: []",
            "3:12",
            "at 4h: firing: expected [], got [InvoiceOverdue]",
            id="firing where it should be quiet",
        ),
        pytest.param(
            "3h59m, firing: []",
            "3h59m, firing: [], at_risk: []",
            "3:12",
            "at 3h59m: at_risk: expected [], got [InvoiceOverdue]",
            id="at risk where it should not be",
        ),
        pytest.param(
            "5h10m, firing: []",
            "5h10m, firing: [], resolved: []",
            "3:76",
            "at 5h10m: resolved: expected [], got [InvoiceOverdue]",
            id="resolved where it should not be",
        ),
        pytest.param(
            "[InvoiceOverdue]}",
            "[InvoiceOverdue], severity: {InvoiceOverdue: critical}}",
            "3:37",
            "at 4h10m: severity of InvoiceOverdue: expected critical, got warning",
            id="another severity",
        ),
        pytest.param(
            "5h10m, firing: []",
            "5h10m, firing: [], severity: {InvoiceLate: info}",
            "3:76",
            "at 5h10m: expects InvoiceLate, which is no rule in billing.yaml",
            id="a rule that is not there",
        ),
    ],
)
def test_expected_stands_beside_got(old: str, new: str, place: str, message: str) -> None:
    assert old in TESTS
    assert f"rules/billing_test.yaml:{place}: {TITLE}: {message}" in failures(TESTS.replace(old, new))


def test_a_rule_file_without_tests_fails() -> None:
    assert failures(None) == ["rules/billing.yaml: has no tests beside it; write billing_test.yaml"]


def test_tests_without_a_rule_file_fail() -> None:
    Path("rules").mkdir()
    Path("rules/other_test.yaml").write_text(TESTS)
    Path("rules/billing.yaml").write_text(RULES)
    Path("rules/billing_test.yaml").write_text(TESTS)
    report = run_rule_tests([Path("rules")], References(), AmountsOverAThousand())
    assert [str(failure) for failure in report.failures] == [
        "rules/other_test.yaml: tests no rules: there is no other.yaml beside it"
    ]


@pytest.mark.parametrize(
    ("expect", "missing"),
    [
        pytest.param("[{at: 5h, firing: [InvoiceOverdue]}]", "quiet once its clock has started", id="never quiet"),
        pytest.param("[{at: 3h, firing: []}]", "firing", id="never firing"),
    ],
)
def test_every_rule_is_expected_to_fire_and_to_stay_quiet(expect: str, missing: str) -> None:
    tests = f"- {{name: one, events: [{{at: 1s, type: order.fulfilled, object: order/O-1}}], expect: {expect}}}\n"
    assert failures(tests) == [f'rules/billing_test.yaml: no test expects rule "InvoiceOverdue" to be {missing}']


def test_quiet_before_anything_happened_proves_nothing() -> None:
    expect = "[{at: 0s, firing: []}, {at: 5h, firing: [InvoiceOverdue]}]"
    tests = f"- {{name: one, events: [{{at: 1s, type: order.fulfilled, object: order/O-1}}], expect: {expect}}}\n"
    assert failures(tests) == [
        'rules/billing_test.yaml: no test expects rule "InvoiceOverdue" to be quiet once its clock has started'
    ]


def test_conditions_are_asked_of_what_is_known_of_the_object() -> None:
    tests = TESTS + (
        "- name: a large order has one hour, as its creation stated\n"
        "  events:\n"
        "    - {at: 0m, type: order.created, objects: [order/O-1, quote/Q-1], amount: '1000.00', currency: EUR}\n"
        "    - {at: 1h, type: order.fulfilled, object: order/O-1}\n"
        "    - {at: 1h, type: order.fulfilled, object: order/O-2, amount: 10, currency: EUR}\n"
        "  expect: [{at: 2h, firing: [InvoiceOverdue]}, {at: 5h, firing: [InvoiceOverdue, InvoiceOverdue]}]\n"
    )
    assert failures(tests) == []


def test_all_conditions_of_a_file_are_asked_at_once() -> None:
    Path("billing.yaml").write_text(RULES)
    Path("billing_test.yaml").write_text(TESTS + TESTS)
    evaluator = AmountsOverAThousand()
    run_rule_tests([Path("billing.yaml")], References(), evaluator)
    assert evaluator.asked == [{LARGE: "ifNull(amount >= toDecimal128('1000', 9), 0)"}]


def test_a_test_may_begin_at_another_instant() -> None:
    assert failures(TESTS.replace("\n  events", "\n  start: 2026-07-01T00:00:00+02:00\n  events", 1)) == []


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        pytest.param(
            "at: 0m",
            "at: soon",
            "2:17",
            'events[0].at is "soon"; give a duration such as 4h, 90m, 1h30m or 2d (units w, d, h, m, s, ms)',
            id="no duration",
        ),
        pytest.param(
            "order/O-1}, {",
            "O-1}, {",
            "2:52",
            'events[0].object is "O-1"; give type/id, such as order/O-1',
            id="no object",
        ),
        pytest.param(
            ", object: order/O-1}, {",
            "}, {",
            "2:12",
            "events[0]: an event names its object, or objects: give one of the two keys",
            id="an event of nothing",
        ),
        pytest.param(
            "order/O-1}, {",
            "order/O-1, amount: 1.5}, {",
            "2:71",
            "events[0].amount is 1.5; give " + ACCEPTED_AMOUNT + ", in quotes",
            id="an amount that lost its digits",
        ),
        pytest.param(
            "order/O-1}, {",
            "order/O-1, currency: euro}, {",
            "2:73",
            'events[0].currency is "euro"; give an ISO 4217 code, such as EUR',
            id="no currency",
        ),
        pytest.param(
            "firing: []}, {at: 4", "fired: []}, {at: 4", "3:12", "expect[0].firing is missing", id="a key missing"
        ),
        pytest.param(
            "\n  events",
            "\n  start: monday\n  events",
            "2:10",
            'start is "monday"; give RFC 3339, such as 2026-01-05T09:00:00Z',
            id="no instant",
        ),
    ],
)
def test_a_test_file_that_is_wrong_says_where(old: str, new: str, place: str, message: str) -> None:
    assert old in TESTS
    with pytest.raises(ConfigError) as refusal:
        run(TESTS.replace(old, new, 1))
    assert f"rules/billing_test.yaml:{place}: {TITLE}: {message}" in str(refusal.value).splitlines()


def test_rules_that_cannot_be_read_are_a_configuration_error() -> None:
    with pytest.raises(ConfigError) as refusal:
        run(TESTS, RULES.replace("4h", "0s"))
    assert str(refusal.value) == (
        'rules/billing.yaml:5:87: rule "InvoiceOverdue": milestone.within is 0s; give a duration above zero, such as 4h'
    )


SILENT_TESTS = """\
- name: an order whose invoices nobody tells of is suspended
  events: [{at: 0m, type: order.fulfilled, object: order/O-1}]
  silent: [{source: billing, from: 2h, until: 6h}]
  expect:
    - {at: 3h, firing: [], at_risk: [InvoiceOverdue], suspended: []}
    - {at: 4h, firing: [], at_risk: [], suspended: [InvoiceOverdue]}
    - {at: 6h4m, firing: [], suspended: [InvoiceOverdue]}
    - {at: 6h5m, firing: [InvoiceOverdue], suspended: []}
"""
BILLED = References(
    contracts=Contracts(events={"invoice.issued": EventContract("invoice.issued", 1, "finance", "order", ("billing",))})
)


def test_a_test_may_let_a_source_be_silent() -> None:
    assert run(SILENT_TESTS, references=BILLED).failures == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "4h, firing: [], at_risk: [], suspended: [InvoiceOverdue]",
            "4h, firing: [], at_risk: [], suspended: []",
            "at 4h: suspended: expected [], got [InvoiceOverdue]",
            id="suspended where it should not be",
        ),
        pytest.param(
            "source: billing",
            "source: bling",
            "no rule here waits for the word of bling; give one of billing",
            id="a source that tells nothing",
        ),
    ],
)
def test_what_is_unexpected_of_silences_is_told(old: str, new: str, message: str) -> None:
    assert old in SILENT_TESTS
    told = [str(failure) for failure in run(SILENT_TESTS.replace(old, new), references=BILLED).failures]
    assert any(message in line for line in told), told


def test_a_silence_has_to_last() -> None:
    with pytest.raises(ConfigError) as error:
        run(SILENT_TESTS.replace("until: 6h", "until: 2h"), references=BILLED)
    assert "until is not after from; give a later one, or none where the source stays silent" in str(error.value)


def test_objects_that_are_alike_are_tested_with_all_objects_of_a_test() -> None:
    Path("customers.yaml").write_text("""\
groups:
  - name: master_data
    rules:
      - alert: CustomersAlike
        duplicate: {object: customer, alike: [name, tax_id], described_by: [customer.created]}
""")
    Path("customers_test.yaml").write_text("""\
- name: the second of the same name fires
  events:
    - {at: 0m, type: customer.created, object: customer/C-1, attributes: {name: Acme GmbH}}
    - {at: 1h, type: customer.created, object: customer/C-2, attributes: {name: ACME}}
    - {at: 2h, type: customer.created, object: customer/C-3, attributes: {name: Globex}}
  expect: [{at: 30m, firing: []}, {at: 3h, firing: [CustomersAlike]}]
""")
    assert run_rule_tests([Path("customers.yaml")], References(), AmountsOverAThousand()).failures == []
