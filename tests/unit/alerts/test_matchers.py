"""Matchers: what they accept, what they match, how they are written."""

import re

import pytest

from alerts.matchers import Matcher, parse_matchers, write_labels, write_matchers

HINT = 'give a matcher such as team="billing", severity!=info or region=~"EMEA|APAC"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("team=billing", [("team", "=", "billing")], id="an unquoted value"),
        pytest.param('team = "billing"', [("team", "=", "billing")], id="spaces around the operator"),
        pytest.param("team=", [("team", "=", "")], id="an empty value"),
        pytest.param('team=""', [("team", "=", "")], id="a quoted empty value"),
        pytest.param("a=~x|y", [("a", "=~", "x|y")], id="an unquoted regex"),
        pytest.param("a=x y", [("a", "=", "x y")], id="an unquoted value with a space"),
        pytest.param('a!="x", b!~"y.*",', [("a", "!=", "x"), ("b", "!~", "y.*")], id="two and a last comma"),
        pytest.param('{a="x"}', [("a", "=", "x")], id="braces"),
        pytest.param("{}", [], id="empty braces"),
        pytest.param(r'a="say \"hi, you\""', [("a", "=", 'say "hi, you"')], id="escaped quotes and a comma"),
        pytest.param(r'a="x\ny\\z"', [("a", "=", "x\ny\\z")], id="a line feed and a backslash"),
        pytest.param(r"a=~\d+", [("a", "=~", r"\d+")], id="a backslash that escapes nothing"),
        pytest.param('équipe="nord"', [("équipe", "=", "nord")], id="a UTF-8 name"),
        pytest.param('"legal entity"="DE01"', [("legal entity", "=", "DE01")], id="a quoted name"),
        pytest.param('{"a.b"=~"x", c=d}', [("a.b", "=~", "x"), ("c", "=", "d")], id="quoted and plain names"),
        pytest.param(r'"a\u00e9"="\x41"', [("aé", "=", "A")], id="escaped characters in quotes"),
    ],
)
def test_a_text_is_read_as_alertmanager_reads_it(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(one.name, one.operator, one.value) for one in parse_matchers(text)] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("team", f"'team' is not a matcher; {HINT}", id="no operator"),
        pytest.param("=x", f"'=x' is not a matcher; {HINT}", id="no name"),
        pytest.param('é="x', f"'é=\"x' is not a matcher; {HINT}", id="an open quote"),
        pytest.param('{"é"="x"', f'\'{{"é"="x"\' has no closing brace; {HINT}', id="an open brace"),
        pytest.param(r'"é"="\q"', r"'\\q' has an unknown escape '\\q'", id="an unknown escape"),
        pytest.param(
            "a=~(",
            "'(' is not a regular expression: missing ), unterminated subpattern at position 0",
            id="an open bracket in a regex",
        ),
        pytest.param(
            "a=~(?=x)",
            "'(?=x)' uses '(?=', which Alertmanager's regexes (RE2) lack",
            id="a look ahead",
        ),
        pytest.param(
            r"a=~(x)\1",
            r"'(x)\\1' uses '\\1', which Alertmanager's regexes (RE2) lack",
            id="a reference back",
        ),
        pytest.param(
            "a=~x++", "'x++' uses '++', which Alertmanager's regexes (RE2) lack", id="a possessive repetition"
        ),
    ],
)
def test_a_bad_text_is_refused_with_what_is_accepted(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_matchers(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("matcher", "matching", "other"),
    [
        pytest.param("region=EMEA", {"region": "EMEA"}, {"region": "EMEA2"}, id="equal"),
        pytest.param("region=", {}, {"region": "EMEA"}, id="absent counts as empty"),
        pytest.param("region!=EMEA", {}, {"region": "EMEA"}, id="not equal, absent included"),
        pytest.param("region=~EM", {"region": "EM"}, {"region": "EMEA"}, id="a regex matches the whole value"),
        pytest.param("region=~A|B", {"region": "B"}, {"region": "AB"}, id="alternatives are anchored, too"),
        pytest.param("region!~A.*", {"region": "BA"}, {"region": "AB"}, id="not like"),
        pytest.param("region=~.+", {"region": "x"}, {}, id="present"),
        pytest.param(r"region=~\d", {"region": "7"}, {"region": "٧"}, id="digits are ASCII"),
        pytest.param("region=~a.b", {"region": "a-b"}, {"region": "a\nb"}, id="a dot is no line feed"),
        pytest.param("region=~x", {"region": "x"}, {"region": "x\n"}, id="no line feed is forgiven at the end"),
        pytest.param(r"region=~\++[a++]", {"region": "++a"}, {"region": "a"}, id="an escaped plus repeated"),
    ],
)
def test_a_matcher_matches_what_it_says(matcher: str, matching: dict[str, str], other: dict[str, str]) -> None:
    (parsed,) = parse_matchers(matcher)
    assert parsed.matches(matching)
    assert not parsed.matches(other)


def test_matchers_are_written_sorted_and_quoted_as_in_group_keys() -> None:
    matchers = [Matcher("team", "=~", 'a"b'), Matcher("legal entity", "=", "DE01"), Matcher("team", "!=", "x")]
    assert write_matchers(matchers) == r'{"legal entity"="DE01",team=~"a\"b",team!="x"}'


def test_labels_are_written_sorted_and_quoted_as_in_group_keys() -> None:
    assert write_labels({"b": "x\ny", "a": 'q"'}) == '{a="q\\"", b="x\\ny"}'
    assert write_labels({}) == "{}"


@pytest.mark.parametrize(
    ("expression", "matching", "other"),
    [
        pytest.param("(a|aa)+", "a" * 60, "a" * 60 + "!", id="a repeated choice"),
        pytest.param("(a*)*b", "a" * 60 + "b", "a" * 60, id="repetitions of repetitions"),
        pytest.param("(a|aa)" * 40, "a" * 60, "a" * 60 + "!", id="choice after choice"),
        pytest.param("a?" * 40 + "a" * 40, "a" * 60, "a" * 39, id="what may be missing forty times"),
        pytest.param("a*a*a*a*a*a*b", "a" * 3000 + "b", "a" * 3000, id="repetition after repetition"),
        pytest.param(r"(?:\w+\s?)+", "two words", "words " * 20 + "!", id="words"),
    ],
)
def test_no_expression_keeps_the_engine_busy_whatever_a_label_says(expression: str, matching: str, other: str) -> None:
    # Python's own engine would take from a minute to longer than there is a universe.
    (parsed,) = parse_matchers(f'object_id=~"{expression}"'.replace("\\", "\\\\"))

    assert parsed.matches({"object_id": matching})
    assert not parsed.matches({"object_id": other})


def test_what_re2_has_no_room_for_is_refused() -> None:
    with pytest.raises(ValueError, match=r"is not a regular expression of RE2: .*invalid repetition size"):
        parse_matchers('a=~"(x{1000}){1000}"')


@pytest.mark.parametrize("expression", ["(A|B)+", "A.*B.*", "(?i)(a|b)*", r"\\d+\\.\\d+", "x|y.*z+", "(a)(b)?"])
@pytest.mark.parametrize("text", ["", "A", "AB", "ABBA", "A\nB", "ab", "1.2", "٧.٧", "y-zz", "A-B\n"])
def test_both_engines_read_an_expression_alike(expression: str, text: str) -> None:
    (parsed,) = parse_matchers(f'a=~"{expression}"')

    assert parsed.matches({"a": text}) == bool(re.fullmatch(parsed.value, text, re.ASCII))
