"""Whom the claims of a provider let in, and as what."""

from datetime import timedelta
from typing import Any

import pytest

from dashboard.sign_in import Person, Refused, SignedOut, actor_of, identify
from dashboard.sign_in_config import SignInConfig
from domain.audit import Actor
from domain.permission import Role
from tests.builders import NOW

CONFIG = {
    "provider": "https://login.example.com/.well-known/openid-configuration",
    "client_id": "milepost",
    "client_secret_file": "client",
    "roles": {"viewer": "staff", "operator": ["on-call", "finance"], "admin": "admins"},
}


def config(**changes: Any) -> SignInConfig:
    return SignInConfig.model_validate({**CONFIG, **changes})


def claims(**changes: Any) -> dict[str, Any]:
    """Claims of somebody on call, as Streamlit keeps them."""
    whole = {
        "is_logged_in": True,
        "iss": "https://login.example.com",
        "sub": "u-1",
        "aud": "milepost",
        "iat": int(NOW.timestamp()) - 60,
        "nonce": "n",
        "email": "vera@example.com",
        "email_verified": True,
        "groups": ["staff", "on-call"],
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def let_in(found: object) -> Person:
    assert isinstance(found, Person), found
    return found


def test_somebody_of_several_groups_has_the_highest_role() -> None:
    found = let_in(identify(config(), claims(), NOW))

    assert (found.name, found.role, found.is_signed_in) == ("vera@example.com", Role.OPERATOR, True)
    assert found.details == {"role": "operator", "issuer": "https://login.example.com", "subject": "u-1"}


@pytest.mark.parametrize(
    ("changes", "given", "role"),
    [
        pytest.param({"groups_claim": "roles"}, {"roles": ["admins"]}, Role.ADMIN, id="of another claim"),
        pytest.param(
            {"groups_claim": "realm_access.roles"},
            {"realm_access": {"roles": ["staff"]}},
            Role.VIEWER,
            id="of a claim within another",
        ),
        pytest.param(
            {"groups_claim": "https://example.com/groups"},
            {"https://example.com/groups": "finance"},
            Role.OPERATOR,
            id="of a claim with dots in its name, and of one group",
        ),
        pytest.param({"default_role": "viewer"}, {"groups": ["strangers"]}, Role.VIEWER, id="by default"),
        pytest.param({"default_role": "viewer"}, {"groups": None}, Role.VIEWER, id="by default, without groups"),
    ],
)
def test_a_role_is_found(changes: dict[str, Any], given: dict[str, Any], role: Role) -> None:
    assert let_in(identify(config(**changes), claims(**given), NOW)).role is role


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        pytest.param(
            {"groups": ["strangers"]},
            "no_group",
            "vera@example.com is in none of the groups that may come in.",
            id="in no group that has a role",
        ),
        pytest.param(
            {"groups": {"on-call": True}},
            "no_group",
            "vera@example.com is in none of the groups that may come in.",
            id="with groups of another form",
        ),
        pytest.param(
            {"aud": "another", "azp": "milepost"},
            "wrong_audience",
            "What the provider said was meant for another program than this one.",
            id="with a token for another program",
        ),
        pytest.param(
            {"email": None},
            "no_name",
            "The provider did not say who you are: its claim “email” is missing or no name.",
            id="without a name",
        ),
        pytest.param(
            {"email": "vera\n@example.com"},
            "no_name",
            "The provider did not say who you are: its claim “email” is missing or no name.",
            id="with a name that no line holds",
        ),
        pytest.param(
            {"email_verified": False},
            "email_not_verified",
            "The provider has not verified that vera@example.com is yours.",
            id="with an address of somebody else, perhaps",
        ),
    ],
)
def test_somebody_is_refused(given: dict[str, Any], code: str, words: str) -> None:
    found = identify(config(), claims(**given), NOW)

    assert isinstance(found, Refused)
    assert (found.code, found.words) == (code, words)


@pytest.mark.parametrize(
    ("given", "is_over"),
    [
        pytest.param({"is_logged_in": None}, False, id="who never signed in"),
        pytest.param({"is_logged_in": "yes"}, False, id="whose cookie says it in another form"),
        pytest.param({"iat": int((NOW - timedelta(hours=12)).timestamp())}, True, id="whose session is over"),
        pytest.param({"iat": None}, True, id="of whom nobody knows since when"),
        pytest.param({"iat": 1e300}, True, id="whose instant is none"),
    ],
)
def test_somebody_is_not_signed_in(given: dict[str, Any], is_over: bool) -> None:
    assert identify(config(), claims(**given), NOW) == SignedOut(is_over)


def test_a_session_lasts_until_its_end() -> None:
    given = claims(iat=int((NOW - timedelta(hours=12)).timestamp()) + 1)

    assert let_in(identify(config(), given, NOW)).role is Role.OPERATOR


def test_an_act_is_of_who_signed_in_whatever_name_was_told() -> None:
    signed_in = let_in(identify(config(), claims(), NOW))

    assert actor_of(signed_in, "somebody else") == Actor("vera@example.com", role="operator")
    assert actor_of(Person("", Role.ADMIN), " ana ") == Actor("ana")


def test_each_sign_in_has_an_id_of_its_own() -> None:
    first, again, other = (
        let_in(identify(config(), given, NOW)).sign_in_id for given in (claims(), claims(), claims(nonce="m"))
    )

    assert first == again != other
