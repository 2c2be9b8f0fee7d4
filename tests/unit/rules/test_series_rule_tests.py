"""The tests beside rules on traffic: events, and values that a test states of signals."""

from pathlib import Path

import pytest

from domain.errors import ConfigError
from rules.references import References
from rules.rule_tests import run_rule_tests
from tests.unit.rules.test_rule_tests import AmountsOverAThousand, failures, run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the working directory, so that paths in messages are short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


TRAFFIC = """\
groups:
  - name: traffic
    rules:
      - alert: PaymentsMissing
        absence: {event: payment.received, per: [source], for: 4h}
      - alert: CallsFail
        threshold: {signal: api_error_rate, above: 5%, for: 10m, per: [to_service]}
      - alert: PostingBurns
        burn_rate: {slo: 90%, of: OrderNotPosted, minimum: 1}
      - alert: OrderNotPosted
        milestone: {object: order, from: order.approved, to: order.posted, within: 1h}
"""
TRAFFIC_TESTS = """\
- name: payments that stay away are missing
  events:
    - {at: 0m, type: payment.received, object: payment/P-1, source: bank}
    - {at: 5h, type: payment.received, object: payment/P-2, source: bank}
  expect: [{at: 3h, firing: []}, {at: 4h, firing: [PaymentsMissing]}, {at: 5h, firing: []}]
- name: calls that fail for ten minutes
  signals:
    - {at: 0m, signal: api_error_rate, value: 20%, labels: {to_service: erp}}
    - {at: 15m, signal: api_error_rate, value: 1%, labels: {to_service: erp}}
  expect: [{at: 9m, firing: []}, {at: 10m, firing: [CallsFail]}, {at: 15m, firing: []}]
- name: an order that is not posted burns the budget
  events: [{at: 0m, type: order.approved, object: order/O-1}]
  expect:
    - {at: 59m, firing: []}
    - {at: 1h, firing: [OrderNotPosted, PostingBurns, PostingBurns], severity: {OrderNotPosted: warning}}
"""


def test_rules_on_traffic_are_tested_with_events_and_with_stated_signals() -> None:
    assert failures(TRAFFIC_TESTS, TRAFFIC) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "{at: 10m, firing: [CallsFail]}",
            "{at: 9m59s, firing: [CallsFail]}",
            'test "calls that fail for ten minutes": at 9m59s: firing: expected [CallsFail], got []',
            id="quiet where it should fire",
        ),
        pytest.param(
            "{at: 15m, signal: api_error_rate, value: 1%, labels",
            "{at: 15m, signal: api_error_rate, value: null, labels",
            'test "calls that fail for ten minutes": at 15m: firing: expected [], got [CallsFail]',
            id="unknown does not resolve",
        ),
    ],
)
def test_what_a_signal_does_otherwise_is_told(old: str, new: str, message: str) -> None:
    assert old in TRAFFIC_TESTS
    [failure] = failures(TRAFFIC_TESTS.replace(old, new), TRAFFIC)
    assert failure.endswith(message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("signal: api_error_rate, value: 20%", "signal: api_errors, value: 20%", "signal is"),
        ("value: 20%", "value: many", 'value is "many"; give a percentage such as 5%, or a number from 0 to 1'),
        ("labels: {to_service: erp}", "labels: {service: erp}", 'labels names "service", which is no label here'),
    ],
)
def test_a_signal_that_cannot_be_read_is_told(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        run(TRAFFIC_TESTS.replace(old, new, 1), TRAFFIC)
    assert message in str(refusal.value)


def test_a_rule_may_be_about_one_of_another_file(folder: Path) -> None:
    burns, posted = TRAFFIC.split("      - alert: OrderNotPosted")
    head = "groups:\n  - name: orders\n    rules:\n"
    (folder / "orders.yaml").write_text(f"{head}      - alert: OrderNotPosted{posted}")
    (folder / "orders_test.yaml").write_text(
        "- name: late\n  events: [{at: 0m, type: order.approved, object: order/O-1}]\n"
        "  expect: [{at: 59m, firing: []}, {at: 1h, firing: [OrderNotPosted]}]\n"
    )
    (folder / "traffic.yaml").write_text(burns)
    (folder / "traffic_test.yaml").write_text(
        TRAFFIC_TESTS.replace(
            "[OrderNotPosted, PostingBurns, PostingBurns], severity: {OrderNotPosted: warning}",
            "[PostingBurns, PostingBurns]",
        )
    )
    report = run_rule_tests([folder], References(), AmountsOverAThousand())
    assert [str(failure) for failure in report.failures] == []
