"""Who reads the console: signed in with a role, refused, or, where there is no sign-in, whoever is at this machine."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboard.sign_in_config import SignInConfig, SignInSetup
from domain.audit import Actor
from domain.permission import Role

Claims = Mapping[str, Any]
_LONGEST_NAME = 180


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may come in; without sign-in the name is empty, and told with each act."""

    name: str
    role: Role
    sign_in_id: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_signed_in(self) -> bool:
        """Whether the name was proven."""
        return bool(self.sign_in_id)


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody whom the provider knows and who may not come in: `code` is a bounded word, `words` are for them."""

    code: str
    name: str
    words: str
    sign_in_id: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Nobody is signed in, or not any more."""

    is_over: bool = False


Visitor = Person | Refused | SignedOut
# Whoever is at this machine may do everything, as with the commands beside it.
AT_THIS_MACHINE = Person("", Role.ADMIN)


def _streamlit_claims() -> Claims:
    return st.user.to_dict()


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-in of a console; `claims` gives what the provider said of who opened the page."""

    setup: SignInSetup
    claims: Callable[[], Claims] = _streamlit_claims

    def visitor(self, now: datetime) -> Visitor:
        """Who opened the page."""
        return identify(self.setup.config, self.claims(), now)


def identify(config: SignInConfig, claims: Claims, now: datetime) -> Visitor:
    """Who these claims let in, as what.

    Signature, issuer, nonce and expiry were checked when they were taken. That they are about this client is checked
    here: authlib asks for it only of tokens that name no party they were issued to.
    """
    if claims.get("is_logged_in") is not True:
        return SignedOut()
    issued_at = _instant(claims.get("iat"))
    if issued_at is None or now >= issued_at + config.session:
        return SignedOut(is_over=True)
    sign_in_id = _sign_in_id(claims)
    name = claims.get(config.name_claim)
    told = name if isinstance(name, str) and name.isprintable() else ""

    def refused(code: str, words: str, details: Mapping[str, Any] | None = None) -> Refused:
        shown = {"issuer": str(claims.get("iss", "")), "subject": str(claims.get("sub", "")), **(details or {})}
        return Refused(code, told or str(claims.get("sub", ""))[:_LONGEST_NAME], words, sign_in_id, shown)

    if config.client_id not in _texts(claims.get("aud")):
        return refused("wrong_audience", "What the provider said was meant for another program than this one.")
    if not told.strip() or len(told) > _LONGEST_NAME:
        return refused(
            "no_name", f"The provider did not say who you are: its claim “{config.name_claim}” is missing or no name."
        )
    if config.name_claim == "email" and claims.get("email_verified") is False:
        return refused("email_not_verified", f"The provider has not verified that {told} is yours.")
    groups = _texts(_claim(claims, config.groups_claim))
    role = _role(config, groups)
    if role is None:
        return refused("no_group", f"{told} is in none of the groups that may come in.", {"groups": len(groups)})
    details = {"role": role.value, "issuer": str(claims.get("iss", "")), "subject": str(claims.get("sub", ""))}
    return Person(told.strip(), role, sign_in_id, details)


def actor_of(person: Person, told: str) -> Actor:
    """Who acts: the one who is signed in, whatever name was told."""
    return Actor(person.name, role=person.role.value) if person.is_signed_in else Actor(told.strip())


def _role(config: SignInConfig, groups: tuple[str, ...]) -> Role | None:
    """The highest role that one of the groups has, the default one otherwise."""
    for role in reversed(Role):
        if set(config.roles.of(role)) & set(groups):
            return role
    return config.default_role


def _claim(claims: Claims, name: str) -> object:
    """A claim by its name, or by the path to it with a dot between, such as `realm_access.roles`."""
    if name in claims:
        return claims[name]
    value: object = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else ()


def _instant(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _sign_in_id(claims: Claims) -> str:
    """What tells one sign-in from another, and nothing about it."""
    parts = [str(claims.get(name, "")) for name in ("iss", "sub", "iat", "nonce")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
