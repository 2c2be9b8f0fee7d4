"""What nobody else may state: what is told of it, against a naive reading, and exact cases."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.authority_rule import AuthorityRule
from domain.milestone import Facts, Milestone
from rules.alert_state import transitions
from rules.kinds.milestone import CLOCK_SEPARATOR
from tests.unit.rules import breach_proofs
from tests.unit.rules.breach_proofs import THROUGH
from tests.unit.rules.breach_reference import Finding
from tests.unit.rules.growth import calls
from tests.unit.rules.histories import LARGE, MINUTE, ORDER, START, at, event


def rule(**changes: object) -> AuthorityRule:
    """Only the ERP posts an order."""
    plain: dict[str, object] = {"object_type": "order", "owners": {"posted": ("erp",)}, **changes}
    return AuthorityRule(group="reconciliation", name="PostedByOther", version="v1", **plain)  # type: ignore[arg-type]


def by(source: str, occurred: str, received: str | None = None, type_: str = "posted", **attributes: str) -> Milestone:
    event_id = f"{source}@{occurred}"
    return event(type_, occurred, received, source=source, event_id=event_id, facts=Facts(attributes=attributes))


def naive(tested: AuthorityRule, known: Sequence[Milestone]) -> Mapping[str, Finding]:
    """By source and thing: the last stretch from a statement that is wrong until it is set right."""
    found: dict[str, Finding] = {}
    wrong: dict[str, Milestone] = {}
    claims: dict[str, str] = {}
    owned: dict[str, str] = {}

    def set_right(clock: str, end: Milestone) -> None:
        first = wrong.pop(clock)
        if end.occurred_at > first.occurred_at:
            found[clock] = Finding((first.source, first.event_id), first.occurred_at, end.occurred_at)

    def is_end(m: Milestone) -> bool:
        return m.type in tested.unless or m.source in tested.owners.get(m.type, ())

    for m in sorted(known, key=lambda m: (m.occurred_at, is_end(m), m.order)):
        if m.type in tested.unless:
            for clock in list(wrong):
                set_right(clock, m)
            continue
        if m.type not in tested.owners:
            continue
        what = tested.field or m.type
        value = m.type if tested.field is None else m.facts.stated_text(tested.field)
        if value is None:
            continue
        if m.source in tested.owners[m.type]:
            owned[what] = value
            for clock in list(wrong):
                if clock.endswith(what) and claims[clock] == value:
                    set_right(clock, m)
            continue
        if tested.where and tested.where not in m.holds:
            continue
        clock = f"{m.source}{CLOCK_SEPARATOR}{what}"
        claims[clock] = value
        if tested.field is None or value != owned.get(what):
            wrong.setdefault(clock, m)
        elif clock in wrong:
            set_right(clock, m)
    standing = {clock: Finding((m.source, m.event_id), m.occurred_at) for clock, m in wrong.items()}
    return found | standing


RULES = st.builds(
    rule,
    owners=st.sampled_from([{"posted": ("a",)}, {"posted": ("a",), "approved": ("b", "c")}, {"posted": ()}]),
    field=st.sampled_from([None, "attributes.tier"]),
    where=st.sampled_from([None, None, LARGE]),
    unless=st.sampled_from([(), ("cancelled",)]),
)
_PARTS = st.tuples(
    st.sampled_from(["posted", "posted", "approved", "cancelled"]),
    st.integers(0, 12),
    st.sampled_from([0, 0, 0, 1, 3, 9, 20, -2]),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([{}, {"tier": "gold"}, {"tier": "platinum"}]),
    st.frozensets(st.sampled_from([LARGE])),
)
HISTORIES = st.lists(_PARTS, max_size=9).map(
    lambda drawn: [
        Milestone(
            type_,
            START + occurred * MINUTE,
            START + (occurred + delay) * MINUTE,
            source,
            str(number),
            facts=Facts(attributes=attributes),
            holds=holds,
        )
        for number, (type_, occurred, delay, source, attributes, holds) in enumerate(drawn)
    ]
)


@settings(max_examples=400, deadline=None)
@given(RULES, HISTORIES)
def test_what_is_told_is_what_asking_at_every_instant_shows(tested: AuthorityRule, history: list[Milestone]) -> None:
    breach_proofs.is_what_asking_at_every_instant_shows(tested, history, lambda known: naive(tested, known))


@settings(max_examples=150, deadline=None)
@given(RULES, HISTORIES, st.randoms(use_true_random=False))
def test_many_small_windows_tell_what_one_large_window_tells(
    tested: AuthorityRule, history: list[Milestone], chooser: random.Random
) -> None:
    breach_proofs.is_the_same_in_small_windows(tested, history, chooser)


@settings(max_examples=150, deadline=None)
@given(RULES, HISTORIES)
def test_what_is_told_last_is_what_one_question_in_the_end_answers(
    tested: AuthorityRule, history: list[Milestone]
) -> None:
    breach_proofs.is_what_stands_in_the_end(tested, history)


@settings(max_examples=150, deadline=None)
@given(RULES, HISTORIES, st.integers(0, 60))
def test_nothing_is_told_before_it_is_due_unless_something_arrives(
    tested: AuthorityRule, history: list[Milestone], minute: int
) -> None:
    breach_proofs.is_quiet_until_due(tested, history, minute)


def test_one_source_that_posts_all_day_makes_one_alert_until_the_owner_posts() -> None:
    history = [by("middleware", "1h"), by("middleware", "2h"), by("crm", "2h"), by("erp", "3h"), by("middleware", "4h")]
    told = transitions(rule(), ORDER, history, None, THROUGH + timedelta(hours=9))
    said = "counts only from erp"
    assert [(alert.labels["source"], alert.state, alert.changed_at, alert.fired_at) for alert in told] == [
        ("middleware", "firing", at("1h"), at("1h")),
        ("crm", "firing", at("2h"), at("2h")),
        ("middleware", "resolved", at("3h"), at("1h")),
        ("crm", "resolved", at("3h"), at("2h")),
        ("middleware", "firing", at("4h"), at("4h")),
    ]
    assert told[0].reason == (
        f"posted at 2026-01-05T10:00:00Z (middleware) was stated by middleware, and its word {said}."
    )
    assert told[2].reason.endswith(", and posted at 2026-01-05T12:00:00Z (erp) says the same.")


@pytest.mark.parametrize(
    ("history", "told"),
    [
        pytest.param([by("erp", "1h", tax_id="DE1"), by("crm", "2h", tax_id="DE1 ")], [], id="repeated"),
        pytest.param(
            [by("erp", "1h", tax_id="DE1"), by("crm", "2h", tax_id="DE2"), by("erp", "3h", tax_id="DE1")],
            ["firing"],
            id="contradicted, which sets nothing right",
        ),
        pytest.param(
            [by("crm", "2h", tax_id="DE2"), by("erp", "3h", tax_id="DE2")], ["firing", "resolved"], id="confirmed"
        ),
        pytest.param([by("crm", "2h", tax_id="DE2"), by("erp", "2h", tax_id="DE2")], [], id="confirmed at once"),
        pytest.param([by("crm", "2h", name="Acme")], [], id="left out"),
        pytest.param(
            [by("erp", "1h", tax_id="DE1"), by("crm", "2h", tax_id="DE1"), by("erp", "3h", tax_id="DE3")],
            [],
            id="changed by its owner afterwards",
        ),
    ],
)
def test_a_field_is_wrong_only_where_its_owner_said_otherwise(history: list[Milestone], told: list[str]) -> None:
    alerts = transitions(rule(field="attributes.tax_id"), ORDER, history, None, at("9d"))
    assert [alert.state for alert in alerts] == told


def test_the_reason_says_what_the_owner_said_of_a_field() -> None:
    history = [by("erp", "1h", tax_id="DE1"), by("crm", "2h", tax_id="DE2")]
    (alert,) = transitions(rule(field="attributes.tax_id"), ORDER, history, None, at("9d"))
    assert alert.reason == (
        'posted at 2026-01-05T11:00:00Z (crm) states tax_id "DE2", which counts only from erp; they said "DE1" before.'
    )


@pytest.mark.parametrize("step", [1, -1], ids=["in order", "the latest first"])
def test_four_times_the_statements_take_about_four_times_the_work(step: int) -> None:
    def history(count: int) -> list[Milestone]:
        arrived_at = START + timedelta(days=100)
        sources = ("crm", "crm", "crm", "erp")
        return [
            Milestone("posted", START + n * MINUTE, arrived_at + step * n * MINUTE, sources[n % 4], f"{n:06}")
            for n in range(count)
        ]

    assert calls(rule(), history(800)) < 6 * calls(rule(), history(200))
