"""Who may do what: one table for people in the console and for tokens at the API."""

from collections.abc import Iterable
from enum import StrEnum

from domain.errors import MilepostError


class Role(StrEnum):
    """What somebody is here; each may do all that the one before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether it may do all that the other may."""
        return _RANK[self] >= _RANK[other]


class Permission(StrEnum):
    """Something that not everybody may do."""

    READ = "read"
    HANDLE_ALERTS = "handle alerts"
    SILENCE = "silence"
    REPLAY = "replay"
    INTERVENE = "intervene"
    RECONCILE = "reconcile"
    SIGN_OFF = "sign off"
    SEND = "send"
    CHANGE = "change"
    CHANGE_RULES = "change rules"
    MANAGE_TOKENS = "manage tokens"

    @property
    def words(self) -> str:
        """What may be done, as it stands in a sentence."""
        return _WORDS[self]

    @property
    def least(self) -> Role:
        """The role from which on it is allowed."""
        return _LEAST[self]

    @property
    def who_can(self) -> str:
        """Who may, in words."""
        roles = [role for role in Role if role.includes(self.least)]
        return " and ".join(_PLURALS[role] for role in roles)


class NotPermitted(MilepostError):
    """Somebody may not do what they try."""


_RANK = {role: rank for rank, role in enumerate(Role)}
_PLURALS = {Role.VIEWER: "viewers", Role.OPERATOR: "operators", Role.ADMIN: "admins"}
_LEAST = {
    Permission.READ: Role.VIEWER,
    Permission.HANDLE_ALERTS: Role.OPERATOR,
    Permission.SILENCE: Role.OPERATOR,
    Permission.REPLAY: Role.OPERATOR,
    Permission.INTERVENE: Role.OPERATOR,
    Permission.RECONCILE: Role.OPERATOR,
    Permission.SIGN_OFF: Role.OPERATOR,
    Permission.SEND: Role.OPERATOR,
    Permission.CHANGE: Role.OPERATOR,
    Permission.CHANGE_RULES: Role.ADMIN,
    Permission.MANAGE_TOKENS: Role.ADMIN,
}
_WORDS = {
    Permission.READ: "see everything",
    Permission.HANDLE_ALERTS: "acknowledge, assign, comment on, escalate and mark alerts",
    Permission.SILENCE: "make and end silences",
    Permission.REPLAY: "replay and discard dead letters",
    Permission.INTERVENE: "request, approve and reject interventions",
    Permission.RECONCILE: "accept differences between systems",
    Permission.SIGN_OFF: "sign off a close",
    Permission.SEND: "send files and run pulls",
    Permission.CHANGE: "change anything else",
    Permission.CHANGE_RULES: "change rules and what they judge by",
    Permission.MANAGE_TOKENS: "make and revoke tokens",
}
# The scope of a token, and the role that its bearer has at the API; other scopes open no part of it.
API_SCOPES = {Role.VIEWER: "read", Role.OPERATOR: "api", Role.ADMIN: "admin"}
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Asked by POST since the question is long; nothing is changed.
_QUESTIONS = ("/api/evaluate", "/api/backtest", "/api/calibration", "/api/interventions/preflight")
_API_CHANGES = (
    ("/api/alerts", Permission.HANDLE_ALERTS),
    ("/api/incidents", Permission.HANDLE_ALERTS),
    ("/api/silences", Permission.SILENCE),
    ("/api/dead-letters", Permission.REPLAY),
    ("/api/interventions", Permission.INTERVENE),
    ("/api/reconciliation", Permission.RECONCILE),
    ("/api/close", Permission.SIGN_OFF),
    ("/api/ingest", Permission.SEND),
    ("/api/objects", Permission.SEND),
    ("/api/pulls", Permission.SEND),
    ("/api/rules", Permission.CHANGE_RULES),
)


def api_permission(method: str, path: str) -> Permission:
    """What a request to the API needs; what nobody thought of is read by whoever may read, changed by operators."""
    if path.startswith("/api/tokens"):
        # Who may come in is for those alone who decide that.
        return Permission.MANAGE_TOKENS
    if method in _READING or path in _QUESTIONS:
        return Permission.READ
    return next((needed for prefix, needed in _API_CHANGES if path.startswith(prefix)), Permission.CHANGE)


def role_of_scopes(scopes: Iterable[str]) -> Role | None:
    """What a token with these scopes is at the API; None where it opens no part of it."""
    held = set(scopes)
    return next((role for role in reversed(Role) if API_SCOPES[role] in held), None)


def may(role: Role, permission: Permission) -> bool:
    """Whether a role allows something."""
    return role.includes(permission.least)


def require(role: Role, permission: Permission, who: str) -> None:
    """NotPermitted, which says who may, where a role does not allow something."""
    if not may(role, permission):
        raise NotPermitted(f"{who} is {_article(role)} {role} and may not {permission.words}; {permission.who_can} may")


def _article(role: Role) -> str:
    return "a" if role is Role.VIEWER else "an"
