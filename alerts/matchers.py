"""Matchers over labels in Alertmanager's syntax: name, one of = != =~ !~, value; a regex must match it all.

A text holds one matcher or several between commas, in braces or not. Alertmanager has two grammars: the older
one (`team=~a|b c`), which wins wherever it accepts a text, and one for UTF-8 names (`"équipe"="a"`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from alerts.linear_regex import Match, compile_regex

ACCEPTED = 'a matcher such as team="billing", severity!=info or region=~"EMEA|APAC"'
_OPERATORS = ("=", "!=", "=~", "!~")
_TOKEN = re.compile(
    r"""\s*(?:(?P<operator>=~|!~|!=|=)|(?P<comma>,)|(?P<brace>[{}])|(?P<quoted>"(?:\\.|[^"\\])*")"""
    r"""|(?P<plain>[^\s{}!=~,\\"'`]+))""",
    re.DOTALL,
)
_CLASSIC = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*", re.DOTALL)
_CLASSIC_ESCAPE = re.compile(r'\\([n"\\])')
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", '"': '"'}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
# What Python's regexes know and Alertmanager's RE2 does not: a file must mean the same in both.
_BEYOND_RE2 = re.compile(
    r"(?P<skip>\\[^1-9]|\[\^?\]?(?:\\.|[^\]\\])*\])|\\[1-9]|\(\?(?:[=!>(#]|<[=!]|P=)|[*+?}]\+", re.DOTALL
)
_NEEDS_QUOTES = re.compile(r"""[\s{}!=~,\\"'`]""")


@dataclass(frozen=True)
class Matcher:
    """One condition on one label; a label that is absent counts as the empty text."""

    name: str
    operator: str
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet the condition."""
        text = labels.get(self.name, "")
        equal = self._regex(text) if "~" in self.operator else text == self.value
        return equal != self.operator.startswith("!")

    @cached_property
    def _regex(self) -> Match:
        return _compile(self.value)

    def __str__(self) -> str:
        name = _quote(self.name) if _NEEDS_QUOTES.search(self.name) else self.name
        return f"{name}{self.operator}{_quote(self.value)}"


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """The matchers in a text; ValueError says what is wrong and what is accepted."""
    try:
        matchers = _parse_classic(text)
    except ValueError:
        matchers = _parse_utf8(text)
    for matcher in matchers:
        if "~" in matcher.operator:
            _compile(matcher.value)
    return matchers


def write_matchers(matchers: Iterable[Matcher]) -> str:
    """The matchers as Alertmanager writes them in a group key: sorted, in braces, values quoted."""
    ordered = sorted(matchers, key=lambda one: (one.name, one.value, _OPERATORS.index(one.operator)))
    return "{" + ",".join(map(str, ordered)) + "}"


def write_labels(labels: Mapping[str, str]) -> str:
    """The labels as Alertmanager writes them in a group key."""
    return "{" + ", ".join(f"{name}={_quote(value)}" for name, value in sorted(labels.items())) + "}"


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _compile(value: str) -> Match:
    for found in _BEYOND_RE2.finditer(value):
        if found["skip"] is None:
            raise ValueError(f"{value!r} uses {found[0]!r}, which Alertmanager's regexes (RE2) lack")
    return compile_regex(value)


def _parse_utf8(text: str) -> tuple[Matcher, ...]:
    tokens = _tokens(text)
    braced = tokens[:1] == [("brace", "{")]
    if braced:
        if tokens[-1] != ("brace", "}"):
            raise ValueError(f"{text!r} has no closing brace; give {ACCEPTED}")
        tokens = tokens[1:-1]
    matchers = []
    position = 0
    while position < len(tokens):
        kinds = [kind for kind, _ in tokens[position : position + 4]]
        texts = [value for _, value in tokens[position : position + 4]]
        if kinds[:3] != ["text", "operator", "text"] or kinds[3:] not in ([], ["comma"]):
            raise ValueError(f"{text!r} is not a matcher; give {ACCEPTED}")
        matchers.append(Matcher(texts[0], texts[1], texts[2]))
        position += 4
    return tuple(matchers)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise ValueError(f"{text!r} is not a matcher; give {ACCEPTED}")
        position = match.end()
        kind = str(match.lastgroup)
        value = match[kind]
        if kind == "quoted":
            tokens.append(("text", _unquote(value[1:-1])))
        else:
            tokens.append(("text" if kind == "plain" else kind, value))
    return tokens


def _unquote(text: str) -> str:
    def replace(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code:
            return chr(int(code, 16))
        if found[4] not in _ESCAPES:
            raise ValueError(f"{text!r} has an unknown escape {found[0]!r}")
        return _ESCAPES[found[4]]

    return _ESCAPE.sub(replace, text)


def _parse_classic(text: str) -> tuple[Matcher, ...]:
    inner = text.removeprefix("{").removesuffix("}")
    return tuple(_classic_matcher(part) for part in _split_outside_quotes(inner))


def _split_outside_quotes(text: str) -> list[str]:
    parts, current, quoted, escaped = [], "", False, False
    for character in text:
        if character == "," and not quoted:
            parts.append(current)
            current = ""
            continue
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = character == "\\" and not escaped
        current += character
    return [*parts, current] if current.strip() else parts


def _classic_matcher(text: str) -> Matcher:
    match = _CLASSIC.fullmatch(text)
    if match is None:
        raise ValueError(f"{text.strip()!r} is not a matcher; give {ACCEPTED}")
    name, operator, raw = match.groups()
    quoted = len(raw) >= 2 and raw.startswith('"') and raw.endswith('"')
    body = raw[1:-1] if quoted else raw
    if '"' in _CLASSIC_ESCAPE.sub("", body) or (quoted and _ends_escaped(body)):
        raise ValueError(f"{text.strip()!r} has a double quote inside its value; give {ACCEPTED}")
    return Matcher(name, operator, _CLASSIC_ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], body))


def _ends_escaped(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1
