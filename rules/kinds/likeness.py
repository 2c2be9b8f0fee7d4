"""Whether two descriptions are of the same company or person: by name, tax id and e-mail address, and why.

Two are compared only if they share a key: the tax id, the address, or the start or end of the name. So pairs can be
found without comparing all with all, and names that differ at both ends are not found.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import xxhash
from rapidfuzz.distance import Indel

from domain.alike_rule import AlikeRule

ATTRIBUTES = ("name", "tax_id", "email")
# What the door puts in place of personal data that is not kept.
_MASKED = "***"
_LEGAL_FORMS = frozenset(
    """
    ab ag aps as asa bv co company corp corporation cv doo dooel eg ek eurl ev gbr gesmbh ggmbh gmbh inc
    incorporated kft kg kgaa kk lda limited llc llp lp ltd ltda mbh nv ohg oo oy oyj partg plc pllc pte pty
    sa sab sapi sarl sas sasu sc scs se sl slu snc sp spa sprl spzoo srl srls sro ug z zoo zrt
    """.split()  # noqa: SIM905 - a list of words reads better so
)
_JOINING = frozenset(("and", "et", "und", "the", "y"))
# Letters that Unicode does not take apart, and the German way of writing without dots.
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "a", "œ": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_UMLAUTS = re.compile(r"(?<=[aou])e")
_APOSTROPHES = re.compile(r"[.'’`´]")
_NOT_WORD = re.compile(r"[\W_]+")
_COUNTRY = re.compile(r"(?:[A-Z]{2})(?=[A-Z]?[0-9])")
_SHORT, _LONG = 4, 6
# From here on a name is told by longer ends, and up to there by shorter ones too: one that is a letter or two
# longer than another must not be looked for elsewhere.
_LONG_FROM, _SHORT_TO = 10, 14


class TaxId(NamedTuple):
    """A tax id without punctuation; the country it begins with stands apart, since many leave it out."""

    country: str
    number: str

    def is_same(self, other: "TaxId") -> bool:
        """Whether both are one id, the country being left out of one perhaps."""
        return self.number == other.number and (self.country == other.country or "" in (self.country, other.country))


class Name(NamedTuple):
    """A name as it is compared: its words put together as they stand and in order, and those that hold a digit."""

    in_order: str
    sorted_: str
    numbers: tuple[str, ...]


class Likeness(NamedTuple):
    """Why two are thought alike: the fields that say so in words, the names' similarity from 0 to 1 where known."""

    because: tuple[str, ...]
    names: Fraction | None


@lru_cache(maxsize=50_000)
def normal_name(text: str) -> tuple[str, ...]:
    """The words of a name that tell it: no case, accents, punctuation or legal form; none where it is not known."""
    if text.strip() == _MASKED:
        return ()
    plain = text.casefold()
    if not plain.isascii():
        folded = unicodedata.normalize("NFKD", plain.translate(_LETTERS))
        plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    words = _joined_letters(_NOT_WORD.sub(" ", _APOSTROPHES.sub("", plain)).split())
    told = [word for word in words if word not in _JOINING] or words
    while len(told) > 1 and told[-1] in _LEGAL_FORMS:
        told.pop()
    return tuple(_UMLAUTS.sub("", word) for word in told)


@lru_cache(maxsize=50_000)
def comparable_name(text: str) -> Name | None:
    """A name as it is compared; None where it is not known."""
    words = normal_name(text)
    numbers = tuple(sorted(word for word in words if any(map(str.isdigit, word))))
    return Name("".join(words), "".join(sorted(words)), numbers) if words else None


@lru_cache(maxsize=50_000)
def normal_tax_id(text: str) -> TaxId | None:
    """A tax id without punctuation and case; None where the text cannot be one."""
    plain = _NOT_WORD.sub("", text.upper())
    country = found[0] if (found := _COUNTRY.match(plain)) else ""
    number = plain.removeprefix(country)
    # Zeros, or no digits at all, are what people write where they have no number.
    return TaxId(country, number) if len(number) >= _SHORT and re.search("[1-9]", number) else None


def normal_email(text: str) -> str | None:
    """An address, or the hash that the door keeps of one, without case; None where the text cannot be one."""
    plain = text.strip().casefold()
    return plain if "@" in plain or plain.startswith("hmac-sha256:") else None


def keys(rule: AlikeRule, description: Mapping[str, str]) -> frozenset[int]:
    """The keys under which an object so described is found."""
    stated = [name for name in rule.attributes if name in description]
    return frozenset().union(*[_keys_of(name, description[name]) for name in stated])


def likeness(rule: AlikeRule, one: Mapping[str, str], other: Mapping[str, str]) -> Likeness | None:
    """Why two descriptions are of the same; None where they are not."""
    because: list[str] = []
    if "tax_id" in rule.attributes:
        tax_ids = [normal_tax_id(side.get("tax_id", "")) for side in (one, other)]
        if tax_ids[0] and tax_ids[1]:
            if tax_ids[0].is_same(tax_ids[1]):
                because.append("the same tax id")
            elif not rule.tax_ids_may_differ:
                return None
    names = _similarity(one, other) if "name" in rule.attributes else None
    if "email" in rule.attributes:
        emails = [normal_email(side.get("email", "")) for side in (one, other)]
        # One address may stand for two companies whose names have nothing in common.
        if emails[0] and emails[0] == emails[1] and (names is None or names >= rule.at_least / 2):
            because.append("the same e-mail address")
    if names is not None and names >= rule.at_least:
        because.append(f'names that are {int(names * 100)}% alike ("{one["name"]}" and "{other["name"]}")')
    return Likeness(tuple(because), names) if because else None


def _similarity(one: Mapping[str, str], other: Mapping[str, str]) -> Fraction | None:
    """How like two names are, from 0 to 1; None where one is not known."""
    names = comparable_name(one.get("name", "")), comparable_name(other.get("name", ""))
    if not (names[0] and names[1]):
        return None
    if names[0].numbers != names[1].numbers:
        # Branch 12 and branch 13 differ in one letter and in all that tells them.
        return Fraction(0)
    # Letters to take out and put in to make one of the other, of all that there are.
    letters = len(names[0].in_order) + len(names[1].in_order)
    in_order = Indel.distance(names[0].in_order, names[1].in_order)
    sorted_ = Indel.distance(names[0].sorted_, names[1].sorted_)
    return Fraction(letters - min(in_order, sorted_), letters)


def _joined_letters(words: list[str]) -> list[str]:
    """The words, with letters that stand alone put together: s, a is the legal form sa."""
    joined: list[str] = []
    open_ = False
    for word in words:
        if len(word) == 1 and open_:
            joined[-1] += word
        else:
            joined.append(word)
        open_ = len(word) == 1
    return joined


@lru_cache(maxsize=50_000)
def _keys_of(attribute: str, text: str) -> frozenset[int]:
    return frozenset(xxhash.xxh3_64_intdigest(f"{attribute}\0{value}".encode()) for value in _values(attribute, text))


def _values(attribute: str, text: str) -> Iterator[str]:
    if attribute == "tax_id":
        if tax_id := normal_tax_id(text):
            yield tax_id.number
    elif attribute == "email":
        if email := normal_email(text):
            yield email
    else:
        name = comparable_name(text)
        for whole in dict.fromkeys((name.in_order, name.sorted_)) if name else ():
            if len(whole) <= _SHORT_TO:
                yield from (f"{whole[:_SHORT]}-", f"-{whole[-_SHORT:]}")
            if len(whole) >= _LONG_FROM:
                yield from (f"{whole[:_LONG]}-", f"-{whole[-_LONG:]}")
