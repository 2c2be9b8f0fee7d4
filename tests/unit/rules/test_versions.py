"""Versions of a rule: which one judges which case, against a naive reading, and what is stored when they change."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import UsageError
from domain.instants import EARLIEST, LATEST
from domain.milestone import Milestone
from domain.repeat_rule import RepeatRule
from domain.rule import MilestoneRule, ObjectRule, Pairing, Rule, SequenceRule, Tenure
from domain.sequence_rule import NotBeforeRule, NotWhileRule
from domain.series_rule import AbsenceRule
from rules.alert_state import alerts_at, transitions
from rules.versions import VersionedRule, adopt, effective, in_force, migrate, versioned
from storage.rule_versions import StoredVersion
from tests.unit.rules.breach_proofs import is_quiet_until_due, is_the_same_in_small_windows
from tests.unit.rules.histories import LARGE, MINUTE, ORDER, START, event, histories, rule, rules
from tests.unit.rules.test_transition_properties import (
    LATER_FACTS,
    THROUGH,
    Change,
    Gist,
    change_of,
    simulate,
    with_later_facts,
)

HOUR = 60 * MINUTE
EDITS = st.lists(st.integers(0, 24).map(lambda minutes: START + minutes * MINUTE), min_size=1, max_size=3, unique=True)


def in_turn(versions: Sequence[ObjectRule], edits: Sequence[datetime]) -> VersionedRule:
    """One rule whose versions follow each other at the edits."""
    bounds = [EARLIEST, *sorted(edits)]
    ends = [*bounds[1:], None]
    return versioned(
        [
            replace(version, version=f"v{number}", tenure=Tenure(since, until))
            for number, (version, since, until) in enumerate(zip(versions, bounds, ends, strict=False), start=1)
        ]
    )


@st.composite
def milestone_versions(draw: st.DrawFn) -> VersionedRule:
    """A milestone rule with two to four versions that may differ in every part."""
    edits = draw(EDITS)
    from_types = st.sampled_from(["approved", "approved", "cancelled"])
    return in_turn([replace(draw(rules()), from_type=draw(from_types)) for _ in range(len(edits) + 1)], edits)


_NAMED = {"group": "g", "name": "Any", "version": "", "object_type": "order"}
_ANY_KIND: list[ObjectRule] = [
    rule(name="Any", within=10 * MINUTE),
    rule(name="Any", within=3 * MINUTE, pairing=Pairing.EACH, where=LARGE),
    SequenceRule(**_NAMED, event_type="posted", requires="approved"),  # type: ignore[arg-type]
    NotBeforeRule(**_NAMED, event_type="posted", not_before="held", unless=("cancelled",)),  # type: ignore[arg-type]
    NotWhileRule(**_NAMED, event_type="posted", from_type="held", until_type="released"),  # type: ignore[arg-type]
    RepeatRule(**_NAMED, event_type="approved", count=2, within=9 * MINUTE),  # type: ignore[arg-type]
    RepeatRule(**_NAMED, event_type="approved", count=3),  # type: ignore[arg-type]
]


@st.composite
def versions_of_any_kind(draw: st.DrawFn) -> VersionedRule:
    """A rule whose versions may be of different kinds."""
    edits = draw(EDITS)
    return in_turn([draw(st.sampled_from(_ANY_KIND)) for _ in range(len(edits) + 1)], edits)


def _started_in(version: ObjectRule) -> Callable[[datetime], bool]:
    since, until = version.tenure.since, version.tenure.until or LATEST
    return lambda started_at: since <= started_at < until


def simulate_versions(rule: VersionedRule, history: Sequence[Milestone]) -> list[Change]:
    """What each version would have told of the cases that started in its time, and of that what counts."""
    changes: list[Change] = []
    by_version = [simulate(version, history, _started_in(version)) for version in rule.versions]  # type: ignore[arg-type]
    for clock in {clock for told in by_version for _, clock, _ in told}:
        shown: tuple[int, Gist] | None = None
        for now in sorted({at for told in by_version for at, of_clock, _ in told if of_clock == clock}):
            says: dict[int, Gist] = {}
            for number, told in enumerate(by_version):
                known = [gist for at, of_clock, gist in told if of_clock == clock and at <= now]
                if known:
                    says[number] = known[-1]
            is_open = [number for number, gist in says.items() if gist[0] in ("at_risk", "firing")]
            resolved = [number for number, gist in says.items() if gist[0] == "resolved"]
            chosen = is_open[0] if is_open else resolved[-1] if resolved else shown[0] if shown else None
            if chosen is not None and (chosen, says[chosen]) != shown:
                shown = (chosen, says[chosen])
                changes.append((now, clock, says[chosen]))
    return sorted(changes, key=lambda change: change[:2])


@settings(max_examples=500, deadline=None)
@given(milestone_versions(), histories(), LATER_FACTS)
def test_each_case_is_told_of_by_the_version_in_force_at_its_start(
    rule: VersionedRule, history: list[Milestone], later: list[tuple[int, int, frozenset[str]]]
) -> None:
    rows = with_later_facts(history, later)
    found = sorted(map(change_of, transitions(rule, ORDER, rows, None, THROUGH)), key=lambda change: change[:2])
    assert found == simulate_versions(rule, rows)


@settings(max_examples=200, deadline=None)
@given(milestone_versions(), histories(in_order=True))
def test_what_stands_of_each_start_is_what_its_version_alone_says(
    rule: VersionedRule, history: list[Milestone]
) -> None:
    each = [replace(version, pairing=Pairing.EACH) for version in rule.versions if isinstance(version, MilestoneRule)]
    versions = versioned(each)
    expected = {
        (alert.alert_id, alert.rule_version, alert.state, alert.deadline_at)
        for version in each
        for alert in alerts_at(replace(version, tenure=Tenure()), ORDER, history, THROUGH)
        if version.tenure.takes(alert.started_at)
    }
    found = alerts_at(versions, ORDER, history, THROUGH)
    assert {(alert.alert_id, alert.rule_version, alert.state, alert.deadline_at) for alert in found} == expected


@settings(max_examples=200, deadline=None)
@given(versions_of_any_kind(), histories(), st.randoms(use_true_random=False))
def test_ticks_of_any_length_tell_the_same(
    rule: VersionedRule, history: list[Milestone], chooser: random.Random
) -> None:
    is_the_same_in_small_windows(rule, history, chooser)


@settings(max_examples=200, deadline=None)
@given(versions_of_any_kind(), histories(), st.integers(0, 60))
def test_nothing_is_told_before_it_is_due(rule: VersionedRule, history: list[Milestone], minute: int) -> None:
    is_quiet_until_due(rule, history, minute)


@settings(max_examples=200, deadline=None)
@given(versions_of_any_kind(), histories(), LATER_FACTS)
def test_every_alert_bears_a_version_that_was_in_force_when_its_case_started(
    rule: VersionedRule, history: list[Milestone], later: list[tuple[int, int, frozenset[str]]]
) -> None:
    tenures = {version.version: version.tenure for version in rule.versions}
    rows = with_later_facts(history, later)
    told = transitions(rule, ORDER, rows, None, THROUGH)
    assert all(tenures[alert.rule_version].takes(alert.started_at) for alert in told)
    # What a version is spared, because no event of the history may start a case of its, it would not have told.
    alone = [transitions(version, ORDER, rows, None, THROUGH) for version in rule.versions]
    judging = rule.judging(rows)
    assert not any(found for place, found in enumerate(alone) if place not in judging)


def test_an_open_duty_of_the_former_version_stands_before_one_of_the_new() -> None:
    """Both keep one clock an object; the alert is about one duty at a time, and none is lost."""
    former, new = rule(from_type="ordered", within=HOUR), rule(within=HOUR / 2)
    versions = in_turn([former, new], [START + 10 * MINUTE])
    history = [event("ordered", "0m"), event("approved", "20m")]
    told = transitions(versions, ORDER, history, None, START + 2 * HOUR)
    assert [(alert.rule_version, alert.state, alert.started_at) for alert in told] == [
        ("v2", "firing", START + 20 * MINUTE),
        ("v1", "firing", START),
    ]
    told = transitions(versions, ORDER, [*history, event("posted", "1h10m")], None, START + 2 * HOUR)
    assert [(alert.rule_version, alert.state) for alert in told][-1] == ("v2", "resolved")


def stored(*rules: Rule) -> list[StoredVersion]:
    """What is stored after one rule was adopted after the other, an hour apart."""
    rows: list[StoredVersion] = []
    for number, one in enumerate(rules):
        rows += adopt(rows, [one], START + number * HOUR, START + number * HOUR)
    return rows


def test_the_first_version_of_a_name_takes_all_cases_and_each_edit_those_from_then_on() -> None:
    first, second = rule(), rule(within=HOUR, version="v2")
    rows = stored(first, second, first, first, second)
    assert [(row.number, row.rule_version, row.from_at) for row in rows] == [
        (1, "v1", EARLIEST),
        (2, "v2", START + HOUR),
        (3, "v1", START + 2 * HOUR),
        (4, "v2", START + 4 * HOUR),
    ]
    [judging] = in_force([second], rows)
    assert isinstance(judging, VersionedRule)
    assert [(one.version, one.tenure.since, one.tenure.until) for one in judging.versions] == [
        ("v1", EARLIEST, START + HOUR),
        ("v2", START + HOUR, START + 2 * HOUR),
        ("v1", START + 2 * HOUR, START + 4 * HOUR),
        ("v2", START + 4 * HOUR, None),
    ]


def test_a_rule_that_never_changed_is_judged_as_it_is() -> None:
    one = rule()
    assert in_force([one], stored(one)) == [one]
    assert in_force([one], []) == [one]
    assert adopt(stored(one), [rule(version="another digest of the same")], START, START) == []


def test_a_migration_takes_the_cases_since_an_instant_and_a_later_edit_those_after_it() -> None:
    first, second, third = rule(), rule(within=HOUR, version="v2"), rule(within=2 * HOUR, version="v3")
    rows = stored(first, second, third)
    rows += migrate(rows, ["OrderNotPosted"], START + HOUR / 2, "as agreed", START + 5 * HOUR)
    assert [(row.rule_version, row.from_at) for row in effective(rows)["OrderNotPosted"]] == [
        ("v1", EARLIEST),
        ("v3", START + HOUR / 2),
    ]
    assert (rows[-1].reason, rows[-1].number) == ("as agreed", 4)
    rows += adopt(rows, [first], START + 6 * HOUR, START + 6 * HOUR)
    assert [row.from_at for row in effective(rows)["OrderNotPosted"]][1:] == [START + HOUR / 2, START + 6 * HOUR]
    rows += migrate(rows, ["OrderNotPosted"], EARLIEST, "", START + 7 * HOUR)
    assert in_force([first], rows) == [first]
    assert migrate(rows, ["OrderNotPosted"], EARLIEST, "", START + 8 * HOUR) == []


def test_only_rules_that_are_known_can_take_running_cases() -> None:
    with pytest.raises(UsageError) as refused:
        migrate(stored(rule()), ["OrderNotPostd"], EARLIEST, "", START)
    assert str(refused.value) == 'no rule "OrderNotPostd" is in force; there are OrderNotPosted'


def test_a_rule_on_traffic_is_judged_by_its_newest_version_alone() -> None:
    old = AbsenceRule(group="g", name="Quiet", version="1", event_type="a", stretch=HOUR)
    new = replace(old, stretch=2 * HOUR, version="2")
    assert in_force([new], stored(old, new)) == [new]
    became = rule(name="Quiet")
    assert in_force([became], stored(old, became)) == [became]
