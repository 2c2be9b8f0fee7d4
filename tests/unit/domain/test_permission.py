"""Who may do what, for people and for tokens."""

from pathlib import Path

import pytest

from domain.permission import (
    NotPermitted,
    Permission,
    Role,
    api_permission,
    may,
    require,
    role_of_scopes,
)


def test_each_role_may_all_that_the_one_before_may() -> None:
    allowed = {role: {one for one in Permission if may(role, one)} for role in Role}

    assert allowed[Role.VIEWER] == {Permission.READ}
    assert allowed[Role.ADMIN] - allowed[Role.OPERATOR] == {Permission.CHANGE_RULES, Permission.MANAGE_TOKENS}
    assert allowed[Role.VIEWER] < allowed[Role.OPERATOR] < allowed[Role.ADMIN] == set(Permission)


def test_who_may_not_is_told_who_may() -> None:
    with pytest.raises(NotPermitted) as silencing:
        require(Role.VIEWER, Permission.SILENCE, "vera@example.com")
    with pytest.raises(NotPermitted) as editing:
        require(Role.OPERATOR, Permission.CHANGE_RULES, "otto@example.com")

    assert str(silencing.value) == (
        "vera@example.com is a viewer and may not make and end silences; operators and admins may"
    )
    assert str(editing.value) == (
        "otto@example.com is an operator and may not change rules and what they judge by; admins may"
    )


def test_who_may_is_let_through() -> None:
    for role, permission in ((Role.VIEWER, Permission.READ), (Role.ADMIN, Permission.CHANGE_RULES)):
        require(role, permission, "ada@example.com")


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("GET", "/api/alerts", Permission.READ),
        ("GET", "/api/rules/versions", Permission.READ),
        ("POST", "/api/evaluate", Permission.READ),
        ("POST", "/api/interventions/preflight", Permission.READ),
        ("POST", "/api/interventions/runs", Permission.INTERVENE),
        ("POST", "/api/alerts/ab/actions", Permission.HANDLE_ALERTS),
        ("POST", "/api/dead-letters/replay", Permission.REPLAY),
        ("PUT", "/api/ingest/ab", Permission.SEND),
        ("POST", "/api/rules/migrate", Permission.CHANGE_RULES),
        ("GET", "/api/tokens", Permission.MANAGE_TOKENS),
        ("POST", "/api/of-tomorrow", Permission.CHANGE),
        ("GET", "/nowhere", Permission.READ),
    ],
)
def test_a_request_needs_what_it_does(method: str, path: str, needed: Permission) -> None:
    assert api_permission(method, path) is needed


@pytest.mark.parametrize(
    ("scopes", "role"),
    [
        (["events", "metrics"], None),
        (["read"], Role.VIEWER),
        (["events", "api", "read"], Role.OPERATOR),
        (["admin"], Role.ADMIN),
    ],
)
def test_a_token_has_the_highest_role_of_its_scopes(scopes: list[str], role: Role | None) -> None:
    assert role_of_scopes(scopes) is role


def test_the_readme_has_the_table() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    rows = [
        f"| {one.words} | {' | '.join('yes' if may(role, one) else '' for role in Role)} |".replace("|  |", "| |")
        for one in Permission
    ]

    assert [row for row in rows if row.replace("|  |", "| |") not in readme] == []
