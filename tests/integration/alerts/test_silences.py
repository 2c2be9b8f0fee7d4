"""Silences: what may be asked for, what a change does to the past, and that the same wish makes one silence."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.matchers import Matcher, parse_matchers
from alerts.silences import ActiveSilences, SilenceWish, expire_silence, find_silence, put_silence
from domain.audit import Actor
from domain.errors import StoreError, UsageError
from domain.silence import Silence, SilenceState
from milepost.answers.protocol import Answers
from storage.alerts import write_transitions
from storage.audit import audit_page
from storage.client import Store
from storage.silences import list_silences, silences_in_force
from tests.builders import NOW, alert
from tests.integration.milepost.places import PLACES, answers_at

RITA = Actor("rita")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WISH = SilenceWish(
    matchers=["alertname=OrderNotPosted", 'region=~"EMEA|APAC"'],
    ends_at=NOW + HOUR,
    created_by="rita",
    comment="the ERP is down for maintenance",
    starts_at=NOW,
)


def wish(**changes: Any) -> SilenceWish:
    return replace(WISH, **changes)


def standing(store: Store, at: datetime) -> dict[str, SilenceState]:
    return {one.silence_id: one.state(at) for one in list_silences(store, list(SilenceState), at, 100)}


def test_a_silence_counts_from_its_start_until_before_its_end(embedded_store: Store) -> None:
    made = put_silence(embedded_store, wish(starts_at=NOW + MINUTE), NOW)
    moment = timedelta(microseconds=1)
    states = [made.state(at) for at in (NOW, NOW + MINUTE - moment, NOW + MINUTE, made.ends_at - moment, made.ends_at)]
    assert states == [
        SilenceState.PENDING,
        SilenceState.PENDING,
        SilenceState.ACTIVE,
        SilenceState.ACTIVE,
        SilenceState.EXPIRED,
    ]
    assert find_silence(embedded_store, made.silence_id[:8]) == made
    assert made.matchers == ('alertname="OrderNotPosted"', 'region=~"EMEA|APAC"')
    assert silences_in_force(embedded_store, made.ends_at - moment) == [made]
    assert silences_in_force(embedded_store, made.ends_at) == []
    labels = {"alertname": "OrderNotPosted", "region": "EMEA"}
    assert ActiveSilences([made], NOW).muting(labels) == []
    assert ActiveSilences([made], NOW + MINUTE).muting(labels) == [made]
    assert ActiveSilences([made], NOW + MINUTE).muting({**labels, "region": "AMER"}) == []


def test_the_same_wish_makes_one_silence_until_that_is_over(embedded_store: Store) -> None:
    first = put_silence(embedded_store, WISH, NOW)
    assert put_silence(embedded_store, WISH, NOW + MINUTE) == first
    expire_silence(embedded_store, first.silence_id, NOW + MINUTE, RITA)
    second = put_silence(embedded_store, WISH, NOW + 2 * MINUTE)
    assert second.silence_id != first.silence_id
    assert second.starts_at == NOW + 2 * MINUTE
    assert put_silence(embedded_store, WISH, NOW + 3 * MINUTE) == second


def test_what_an_active_silence_ends_and_says_may_change(embedded_store: Store) -> None:
    made = put_silence(embedded_store, WISH, NOW)
    longer = wish(silence_id=made.silence_id, ends_at=NOW + 2 * HOUR, comment="it takes longer", starts_at=None)
    changed = put_silence(embedded_store, longer, NOW + MINUTE)
    assert (changed.silence_id, changed.starts_at, changed.ends_at) == (made.silence_id, NOW, NOW + 2 * HOUR)
    assert find_silence(embedded_store, made.silence_id).comment == "it takes longer"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"matchers": ["alertname=BillingNotSetUp"]}, id="its matchers"),
        pytest.param({"starts_at": NOW + 2 * MINUTE}, id="its start"),
    ],
)
def test_what_an_active_silence_did_may_not_change_so_another_takes_its_place(
    embedded_store: Store, changes: dict[str, Any]
) -> None:
    made = put_silence(embedded_store, WISH, NOW)
    other = put_silence(embedded_store, wish(silence_id=made.silence_id, **changes), NOW + MINUTE)
    assert other.silence_id != made.silence_id
    before = find_silence(embedded_store, made.silence_id)
    assert (before.matchers, before.starts_at, before.ends_at) == (made.matchers, NOW, NOW + MINUTE)
    assert other.starts_at == max(NOW + MINUTE, changes.get("starts_at", NOW))


def test_a_pending_silence_may_begin_at_another_time_to_come(embedded_store: Store) -> None:
    made = put_silence(embedded_store, wish(starts_at=NOW + 10 * MINUTE), NOW)
    moved = put_silence(embedded_store, wish(silence_id=made.silence_id, starts_at=NOW + 5 * MINUTE), NOW + MINUTE)
    assert (moved.silence_id, moved.starts_at) == (made.silence_id, NOW + 5 * MINUTE)
    earlier = put_silence(embedded_store, wish(silence_id=made.silence_id, starts_at=NOW), NOW + 2 * MINUTE)
    assert earlier.silence_id != made.silence_id
    assert standing(embedded_store, NOW + 2 * MINUTE) == {
        made.silence_id: SilenceState.EXPIRED,
        earlier.silence_id: SilenceState.ACTIVE,
    }


def test_an_expired_silence_is_made_anew_and_cannot_be_ended_again(embedded_store: Store) -> None:
    made = put_silence(embedded_store, WISH, NOW)
    over = expire_silence(embedded_store, made.silence_id, NOW + MINUTE, RITA)
    assert over.ends_at == NOW + MINUTE
    with pytest.raises(UsageError, match=f"silence {made.silence_id} expired at 2"):
        expire_silence(embedded_store, made.silence_id, NOW + 2 * MINUTE, RITA)
    again = put_silence(embedded_store, wish(silence_id=made.silence_id, starts_at=None), NOW + 2 * MINUTE)
    assert (again.silence_id != made.silence_id, again.starts_at) == (True, NOW + 2 * MINUTE)
    assert find_silence(embedded_store, made.silence_id) == over


def test_a_pending_silence_that_is_ended_never_counted(embedded_store: Store) -> None:
    made = put_silence(embedded_store, wish(starts_at=NOW + 10 * MINUTE), NOW)
    over = expire_silence(embedded_store, made.silence_id, NOW + MINUTE, RITA)
    assert (over.starts_at, over.ends_at) == (NOW + MINUTE, NOW + MINUTE)


def test_a_clock_set_back_does_not_undo_a_change(embedded_store: Store) -> None:
    made = put_silence(embedded_store, WISH, NOW)
    expire_silence(embedded_store, made.silence_id, NOW, RITA)
    assert find_silence(embedded_store, made.silence_id).state(NOW) is SilenceState.EXPIRED


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"matchers": []}, "matchers: give at least one, such as alertname=OrderNotPosted"),
        (
            {"matchers": ['region=~".*"', "team!=a"]},
            "matchers: all of them match an absent label, so every alert would be muted; give another",
        ),
        ({"matchers": ["OrderNotPosted"]}, "matchers: 'OrderNotPosted' is not a matcher; give"),
        ({"matchers": ['a=~"("']}, "matchers: '(' is not a regular expression"),
        ({"created_by": " "}, "created_by is empty; say who silences"),
        ({"comment": ""}, "comment is empty; say why, for whoever asks what became of the alerts"),
        ({"ends_at": NOW}, "ends_at is 2026-11-02T12:00:00Z, which is past; give an instant to come"),
        (
            {"starts_at": NOW + HOUR},
            "starts_at is 2026-11-02T13:00:00Z, not before ends_at; give an earlier one",
        ),
        ({"silence_id": "x"}, "no silence's id begins with 'x'; `milepost alerts silence list --all` shows their ids"),
    ],
)
def test_what_no_silence_can_be_is_refused(embedded_store: Store, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        put_silence(embedded_store, wish(**changes), NOW)
    assert str(refused.value).startswith(message)
    assert standing(embedded_store, NOW) == {}


MATCHERS = st.lists(
    st.builds(
        Matcher,
        st.sampled_from(["team", "object_id", "region"]),
        st.sampled_from(["=", "!=", "=~"]),
        st.sampled_from(["", "a", "b"]),
    ),
    min_size=1,
    max_size=3,
)
LABELS = st.dictionaries(st.sampled_from(["team", "object_id", "region"]), st.sampled_from(["a", "b"]))


@given(st.lists(MATCHERS, max_size=6), LABELS)
def test_the_silences_found_by_value_are_those_that_a_look_at_each_finds(
    several: list[list[Matcher]], labels: dict[str, str]
) -> None:
    silences = [
        Silence(str(number), tuple(map(str, matchers)), NOW, NOW + HOUR, "rita", "known", NOW, 1)
        for number, matchers in enumerate(several)
    ]
    expected = [str(number) for number, matchers in enumerate(several) if all(one.matches(labels) for one in matchers)]
    assert [one.silence_id for one in ActiveSilences(silences, NOW).muting(labels)] == expected


@given(st.builds(Matcher, st.text(min_size=1), st.sampled_from(["=", "!="]), st.text()))
def test_a_matcher_is_read_as_it_was_written(matcher: Matcher) -> None:
    assert parse_matchers(str(matcher)) == (matcher,)


def told(store: Store) -> list[tuple[str, str, str, str, dict[str, Any]]]:
    """What the audit log says of silences: what was done, by whom, to which, why, and how it stands then."""
    return [
        (entry.kind, entry.who, entry.subject, entry.reason, json.loads(entry.details)) for entry in audit_page(store)
    ]


def test_what_is_done_to_silences_is_in_the_audit_log(embedded_store: Store) -> None:
    made = put_silence(embedded_store, WISH, NOW)
    put_silence(embedded_store, WISH, NOW + MINUTE)
    put_silence(embedded_store, wish(silence_id=made.silence_id, ends_at=NOW + 2 * HOUR), NOW + MINUTE)
    put_silence(embedded_store, wish(silence_id=made.silence_id, by=Actor("ben", "ops")), NOW + 2 * MINUTE)
    expire_silence(embedded_store, made.silence_id, NOW + 3 * MINUTE, RITA, "the ERP is up again")

    matchers = list(made.matchers)
    first = {"matchers": matchers, "starts_at": "2026-11-02T12:00:00Z", "ends_at": "2026-11-02T13:00:00Z"}
    assert told(embedded_store) == [
        ("silence.add", "rita", made.silence_id, WISH.comment, first),
        ("silence.update", "rita", made.silence_id, WISH.comment, {**first, "ends_at": "2026-11-02T14:00:00Z"}),
        ("silence.update", "ben", made.silence_id, WISH.comment, first),
        (
            "silence.expire",
            "rita",
            made.silence_id,
            "the ERP is up again",
            {**first, "ends_at": "2026-11-02T12:03:00Z"},
        ),
    ]
    assert [entry.token for entry in audit_page(embedded_store)] == ["", "", "ops", ""]


def test_a_silence_that_takes_the_place_of_another_says_so_in_the_audit_log(embedded_store: Store) -> None:
    made = put_silence(embedded_store, WISH, NOW)
    other = put_silence(embedded_store, wish(silence_id=made.silence_id, matchers=["region=EMEA"]), NOW + MINUTE)

    kinds = [(kind, subject, details.get("replaced_by")) for kind, _, subject, _, details in told(embedded_store)]
    assert kinds == [
        ("silence.add", made.silence_id, None),
        ("silence.expire", made.silence_id, other.silence_id),
        ("silence.add", other.silence_id, None),
    ]


def test_what_is_refused_is_not_in_the_audit_log(embedded_store: Store) -> None:
    made = put_silence(embedded_store, WISH, NOW)
    with pytest.raises(UsageError, match=r"^nobody is named; say by whom$"):
        expire_silence(embedded_store, made.silence_id, NOW, Actor())
    with pytest.raises(UsageError, match="comment is empty"):
        put_silence(embedded_store, wish(comment=" "), NOW)

    assert [kind for kind, *_ in told(embedded_store)] == ["silence.add"]


def test_a_silence_is_not_made_that_cannot_be_written_down(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("alerts.silences.write_audit", fail)

    with pytest.raises(StoreError, match="the disk is full"):
        put_silence(embedded_store, WISH, NOW)

    assert standing(embedded_store, NOW) == {}


@pytest.fixture(params=PLACES)
def answers(request: pytest.FixtureRequest, embedded_store: Store) -> Iterator[Answers]:
    with ExitStack() as stack:
        yield stack.enter_context(answers_at(request.param, embedded_store))


def test_commands_make_change_show_and_end_silences(answers: Answers, embedded_store: Store) -> None:
    write_transitions(embedded_store, [alert(), alert(object="order/O-2", name="Other")])
    made = answers.put_silence(wish(matchers=["alertname=OrderNotPosted"], starts_at=None))
    assert made == {
        "silence_id": made["silence_id"],
        "state": "active",
        "matchers": ['alertname="OrderNotPosted"'],
        "starts_at": "2026-11-02T12:00:00Z",
        "ends_at": "2026-11-02T13:00:00Z",
        "created_by": "rita",
        "comment": "the ERP is down for maintenance",
        "updated_at": "2026-11-02T12:00:00Z",
    }
    assert answers.silence(made["silence_id"][:9]) == made
    assert answers.silences(["active", "pending"], 10) == [made]
    muted = {row["alert"]: row["muted_by"] for row in answers.alerts(None, 10)}
    by = {"kind": "silence", "id": made["silence_id"], "name": "the ERP is down for maintenance", "receiver": ""}
    assert muted == {"OrderNotPosted": [by], "Other": []}
    assert answers.alert(alert().alert_id)["muted_by"] == [by]
    assert answers.expire_silence(made["silence_id"], RITA, "it is up again")["state"] == "expired"
    assert answers.silences(["active"], 10) == []
    assert len(answers.silences([], 10)) == 1
    with pytest.raises(UsageError, match="state is 'over'; give one of pending, active, expired"):
        answers.silences(["over"], 10)
    with pytest.raises(UsageError, match="comment is empty"):
        answers.put_silence(wish(comment=""))
