"""Which alerts mute which, against a reference that compares each with each."""

import random

from hypothesis import given
from hypothesis import strategies as st

from alerts.inhibition import Inhibition, InhibitRule
from alerts.matchers import parse_matchers
from alerts.notification import alert_labels
from domain.alert import Alert, AlertState
from tests.builders import alert


def rule(source: str, target: str, *equal: str) -> InhibitRule:
    return InhibitRule(parse_matchers(source), parse_matchers(target), equal)


HOP = rule("alertname=HopDown", 'alertname!="HopDown"', "team", "region")
DOWN = alert(name="HopDown", object="hop/erp", labels={"team": "a"})
LATE = alert(name="Late", labels={"team": "a", "region": ""})


def source_of(rules: list[InhibitRule], alerts: list[Alert], asked: Alert) -> str | None:
    found = Inhibition(rules, alerts).source_of(alert_labels(asked))
    return found[0] if found else None


def test_a_source_mutes_what_shares_its_equal_labels_where_an_empty_one_counts_as_absent() -> None:
    assert Inhibition([HOP], [DOWN, LATE]).source_of(alert_labels(LATE)) == (DOWN.alert_id, "HopDown")
    assert source_of([HOP], [DOWN], alert(name="Late", labels={"team": "b"})) is None
    assert source_of([HOP], [DOWN], alert(name="Late", labels={"team": "a", "region": "EMEA"})) is None


def test_only_what_fires_mutes() -> None:
    for state in AlertState:
        muted = source_of([HOP], [alert(name="HopDown", labels={"team": "a"}, state=state)], LATE) is not None
        assert muted is (state is AlertState.FIRING)


def test_what_meets_both_sides_is_muted_by_what_meets_one_only() -> None:
    both = rule('severity=~"warning|critical"', "severity=warning")
    one, other = alert(object="order/O-1"), alert(object="order/O-2")
    critical = alert(object="order/O-3", severity="critical")
    assert source_of([both], [one, other], one) is None
    assert source_of([both], [one, other, critical], one) == critical.alert_id
    assert source_of([both], [one, other, critical], critical) is None


LABELS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(["", "a", "b"]) for name in ("team", "region", "kind")}
)
MATCHER = st.builds(
    "{}{}{}".format, st.sampled_from(["team", "region", "kind"]), st.sampled_from(["=", "!="]), st.sampled_from("ab")
)
RULES = st.lists(
    st.builds(
        lambda source, target, equal: rule(",".join(source), ",".join(target), *equal),
        st.lists(MATCHER, max_size=2),
        st.lists(MATCHER, max_size=2),
        st.lists(st.sampled_from(["team", "region"]), max_size=2, unique=True),
    ),
    max_size=3,
)


@given(rules=RULES, labels=st.lists(LABELS, max_size=8), data=st.randoms())
def test_the_index_mutes_what_a_comparison_of_each_with_each_does(
    rules: list[InhibitRule], labels: list[dict[str, str]], data: random.Random
) -> None:
    alerts = [alert(object=f"order/O-{number}", labels=one) for number, one in enumerate(labels)]
    shuffled = [*alerts]
    data.shuffle(shuffled)
    first, second = Inhibition(rules, alerts), Inhibition(rules, shuffled)
    for asked in alerts:
        found = first.source_of(alert_labels(asked))
        assert (found is not None) is is_muted(rules, alerts, asked)
        assert found == second.source_of(alert_labels(asked))


def is_muted(rules: list[InhibitRule], alerts: list[Alert], asked: Alert) -> bool:
    """Alertmanager's own words: each source that fires, until one has the equal labels."""
    target = alert_labels(asked)
    for one in rules:
        if not all(matcher.matches(target) for matcher in one.target):
            continue
        two_sided = all(matcher.matches(target) for matcher in one.source)
        for source in map(alert_labels, alerts):
            if not all(matcher.matches(source) for matcher in one.source):
                continue
            if any(source.get(name, "") != target.get(name, "") for name in one.equal):
                continue
            if two_sided and all(matcher.matches(source) for matcher in one.target):
                continue
            return True
    return False


def test_a_target_is_looked_up_however_many_sources_there_are() -> None:
    class Labels(dict[str, str]):
        looks = 0

        def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
            Labels.looks += 1
            return super().get(name, default)

    sources = [alert(name="HopDown", object=f"hop/{number}", labels={"team": str(number)}) for number in range(1000)]
    inhibition = Inhibition([HOP], sources)
    for number in range(1000):
        labels = Labels(alert_labels(alert(name="Late", labels={"team": str(number)})))
        assert inhibition.source_of(labels) is not None
    # Of each: the target's matcher, two equal labels, the source's matcher.
    assert Labels.looks == 4 * 1000
