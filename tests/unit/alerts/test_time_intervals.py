"""Time intervals: which instants are in one, and what is refused, as Debian's amtool refuses it."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.config import load_routing
from domain.errors import ConfigError

AMTOOL = shutil.which("amtool")
ROUTE = """\
route:
  receiver: ops
  routes:
    - {receiver: ops, mute_time_intervals: [named]}
receivers: [{name: ops}]
"""


def written(folder: Path, spec: str) -> Path:
    path = folder / "routing.yaml"
    text = f"time_intervals:\n  - name: named\n    time_intervals:\n      - {spec}\n"
    path.write_text(ROUTE + text, encoding="utf-8")
    return path


def contains(folder: Path, spec: str, instant: str) -> bool:
    (interval,) = load_routing(written(folder, spec)).time_intervals
    return interval.contains(datetime.fromisoformat(instant).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("spec", "inside", "outside"),
    [
        pytest.param(
            "{times: [{start_time: 09:00, end_time: '17:00'}]}",
            ["2026-11-02T09:00", "2026-11-02T16:59:59.999999"],
            ["2026-11-02T08:59:59.999999", "2026-11-02T17:00"],
            id="a time of day ends before its end",
        ),
        pytest.param(
            "{times: [{start_time: '22:00', end_time: '24:00'}]}",
            ["2026-11-02T23:59:59.999999"],
            ["2026-11-03T00:00"],
            id="until midnight",
        ),
        pytest.param(
            "{weekdays: ['Monday:friday', sunday]}",
            ["2026-11-02T00:00", "2026-11-06T23:59", "2026-11-08T12:00"],
            ["2026-11-07T12:00"],
            id="weekdays",
        ),
        pytest.param(
            "{days_of_month: ['1:5', '-3:-1', 15]}",
            ["2026-11-05T12:00", "2026-11-28T00:00", "2026-11-30T23:59", "2028-02-27T12:00", "2026-11-15T12:00"],
            ["2026-11-06T00:00", "2026-11-27T23:59", "2028-02-26T12:00"],
            id="days from the start and from the end of the month",
        ),
        pytest.param(
            "{days_of_month: ['31']}", ["2026-10-31T12:00"], ["2026-11-30T12:00"], id="a day some months lack"
        ),
        pytest.param(
            "{days_of_month: ['-31:-30']}",
            ["2026-11-01T12:00", "2026-10-01T12:00", "2026-10-02T12:00"],
            ["2026-11-02T12:00"],
            id="a day before the first",
        ),
        pytest.param(
            "{months: ['january:march', 12, November]}",
            ["2026-03-31T12:00", "2026-12-01T00:00", "2026-11-01T00:00"],
            ["2026-04-01T00:00"],
            id="months by name and number",
        ),
        pytest.param(
            "{years: ['2026:2027', 2030]}",
            ["2027-12-31T23:59", "2030-01-01T00:00"],
            ["2028-01-01T00:00"],
            id="years",
        ),
        pytest.param(
            "{times: [{start_time: '09:00', end_time: '17:00'}], location: Europe/Berlin}",
            ["2026-10-23T07:00", "2026-10-26T08:00"],
            ["2026-10-23T15:00", "2026-10-26T07:59"],
            id="by the wall clock of a place, summer time and not",
        ),
        pytest.param(
            "{weekdays: [saturday], months: [october]}",
            ["2026-10-31T12:00"],
            ["2026-10-30T12:00", "2026-11-07T12:00"],
            id="all parts have to be met",
        ),
        pytest.param("{}", ["2026-10-31T12:00"], [], id="no part is met by all"),
    ],
)
def test_an_instant_is_inside_or_outside(tmp_path: Path, spec: str, inside: list[str], outside: list[str]) -> None:
    assert [one for one in inside if not contains(tmp_path, spec, one)] == []
    assert [one for one in outside if contains(tmp_path, spec, one)] == []
    accepted_by_amtool(written(tmp_path, spec), expected=True)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            "{times: [{start_time: '9:00', end_time: '17:00'}]}",
            "9:31|times[0].start_time is not a time of day; give HH",
        ),
        (
            "{times: [{start_time: '17:00', end_time: '09:00'}]}",
            "9:18|times[0]: start_time is not before end_time; give two ranges where one passes midnight",
        ),
        ("{weekdays: ['friday:monday']}", "9:21|weekdays[0] is a range that ends before it begins; give two"),
        ("{weekdays: [mon]}", '9:21|weekdays[0] is "mon"; give a day such as monday, or monday:friday'),
        ("{days_of_month: ['0']}", "9:26|days_of_month[0] is no day of a month; give 1 to 31, or -31 to -1"),
        ("{days_of_month: ['1:32']}", "9:26|days_of_month[0] is no day of a month; give 1 to 31, or -31 to -1"),
        ("{days_of_month: ['-3:3']}", "9:26|days_of_month[0] is a range from a day counted from the end to one"),
        ("{days_of_month: ['28:-1']}", "9:26|days_of_month[0] is a range that could end before it begins; give"),
        ("{days_of_month: ['5:1']}", "9:26|days_of_month[0] is a range that could end before it begins; give"),
        ("{months: ['march:january']}", "9:19|months[0] is a range that ends before it begins; give two ranges"),
        ("{years: ['2028:2026']}", "9:18|years[0] is a range that ends before it begins; give two ranges"),
        ("{years: [soon]}", '9:18|years[0] is "soon"; give a year such as 2027, or 2027:2029'),
        ("{location: Berlin}", "9:20|location is not a time zone; give a name such as Europe/Berlin or UTC"),
        ("{hours: ['9']}", '9:10|unknown key "hours"; accepted: times, weekdays'),
    ],
)
def test_what_amtool_refuses_is_refused_with_its_place(tmp_path: Path, spec: str, problem: str) -> None:
    path = written(tmp_path, spec)
    with pytest.raises(ConfigError) as refused:
        load_routing(path)
    place, _, message = problem.partition("|")
    told = str(refused.value)
    assert told.startswith(f"{path}:{place}: ")
    assert message in told
    accepted_by_amtool(path, expected=False)


def test_a_thirteenth_month_is_refused_though_debians_amtool_takes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='is "13"; give a month such as january, 1, or january:march'):
        load_routing(written(tmp_path, "{months: ['13']}"))


def accepted_by_amtool(path: Path, *, expected: bool) -> None:
    if AMTOOL is None:
        return
    answer = subprocess.run([AMTOOL, "check-config", str(path)], capture_output=True, text=True, check=False)
    assert (answer.returncode == 0) is expected, answer.stderr + answer.stdout


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            ROUTE, '4:45: time interval "named" is not under time_intervals; defined there: none', id="no such interval"
        ),
        pytest.param(
            "route: {receiver: ops, active_time_intervals: [a]}\nreceivers: [{name: ops}]\n"
            "time_intervals: [{name: a, time_intervals: [{}]}]\n",
            "1:47: route.active_time_intervals: the first route gets what no other takes, at any time; leave "
            "active_time_intervals out",
            id="times on the first route",
        ),
        pytest.param(
            "route: {receiver: ops}\nreceivers: [{name: ops}]\n"
            "time_intervals: [{name: a, time_intervals: [{}]}, {name: a, time_intervals: [{}]}]\n",
            '3:58: time interval "a" is given twice; give each name once',
            id="a name given twice",
        ),
        pytest.param(
            "route: {receiver: ops}\nreceivers: [{name: ops}]\ninhibit_rules: [{source_match: {a: b}}]\n",
            '3:18: inhibit_rules[0]: unknown key "source_match"; did you mean "source_matchers"? accepted: '
            "source_matchers, target_matchers, equal",
            id="an unknown key of an inhibit rule",
        ),
        pytest.param(
            "route: {receiver: ops}\nreceivers: [{name: ops}]\ninhibit_rules: [{source_matchers: [nothing]}]\n",
            "3:36: inhibit_rules[0].source_matchers[0]: 'nothing' is not a matcher; give",
            id="what is no matcher",
        ),
    ],
)
def test_wrong_names_and_rules_are_refused_with_their_places(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_routing(path)
    assert problem in str(refused.value)
