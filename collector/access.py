"""Lets in who may come in: a token where one is needed, its scope, its sources and its rate.

While there are no tokens, no rate limit, and only loopback is served, a request costs one look.
https://www.rfc-editor.org/rfc/rfc6750
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from collector.allowance import Allowance
from collector.body import header
from collector.metrics import CollectorMetrics
from collector.receivers import otlp
from collector.receivers.cloudevents import Received, Rejection
from collector.tokens import Scope, Tokens
from domain.clock import Clock
from domain.instants import format_instant
from domain.permission import API_SCOPES, api_permission, role_of_scopes
from storage.tokens import AccessToken

CALLER = "milepost.caller"
SOURCE_NOT_ALLOWED = "source_not_allowed"
_TOKENS = "/api/tokens"
_OPEN = frozenset({"/healthz", "/readyz"})
# Whose senders prove themselves by a signature, where it is not the door that knows the secrets.
_SIGNED = "/v1/actions/"
_SCOPES = {
    "/v1/events": Scope.EVENTS,
    **dict.fromkeys(("/v1/traces", "/v1/logs", "/v1/metrics"), Scope.TRACES),
    "/metrics": Scope.METRICS,
}
# google.rpc.Code, https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
_RPC_CODES = {401: 16, 403: 7, 429: 8, 503: 14}


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """Who is let in: `is_exposed` where others than this machine can reach the door, `rate` for who has none."""

    is_exposed: bool = False
    rate_per_second: float | None = None
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, and what it may still send; of that it has `paid` when it was let in."""

    token: AccessToken | None
    allowance: Allowance | None
    paid: int = 1

    def may_send(self, source: str | None) -> bool:
        """Whether it may send events of a source, or of any where that is None."""
        token = self.token
        return token is None or token.may_send_any or (source is not None and token.may_send(source))

    def charge(self, count: int) -> None:
        """Counts what the request held."""
        if self.allowance and count > self.paid:
            self.allowance.charge(count - self.paid)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not let in."""

    status: int
    code: str
    reason: str
    challenge: str = ""
    retry_after: int = 0


# Not 401: a sender whose token may well be good should come back.
_TOKENS_UNKNOWN = Refusal(
    503, "tokens_unknown", "the store is away, and who may come in is not known before it answers", retry_after=5
)


class Access:
    """Wraps an ASGI app; `admit_call` is for what does not come through it."""

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        clock: Clock,
        metrics: CollectorMetrics,
        settings: DoorSettings,
        proves_itself: Callable[[str], bool],
    ) -> None:
        """`proves_itself` says of a path whether its senders are believed by a proof of their own."""
        self._app = app
        self._proves_itself = proves_itself
        self._tokens = tokens
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._allowances: dict[str, Allowance] = {}

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "http" and self._is_guarded(connection["path"]):
            path = connection["path"]
            scope = scope_of(path, connection["method"])
            if scope is Scope.SOURCES and self._proves_itself(path):
                admitted = self._admit_source(path)
            else:
                authorization = header(connection, b"authorization").encode("latin-1")
                admitted = self.admit(scope, authorization, always=path.startswith(_TOKENS))
            if isinstance(admitted, Refusal):
                self._metrics.refuse(_channel_of(path, scope), admitted.code)
                await _refuse(connection, send, scope, admitted)
                return
            connection[CALLER] = admitted
        await self._app(connection, receive, send)

    def _is_guarded(self, path: str) -> bool:
        if self._tokens.exist or self._settings.is_exposed or self._settings.rate_per_second is not None:
            return path not in _OPEN and not path.startswith(_SIGNED)
        return path.startswith(_TOKENS)

    def admit_call(self, path: str, authorization: bytes) -> Caller | Refusal | None:
        """As for a request to that path over HTTP; None where anybody is let in."""
        return self.admit(scope_of(path), authorization) if self._is_guarded(path) else None

    def admit(self, scope: Scope, authorization: bytes, *, always: bool = False) -> Caller | Refusal:
        """The caller that may do what the scope opens, or why it may not; `always` where nobody goes without token."""
        token = self._tokens.find(authorization) if authorization else None
        # Who makes tokens decides who comes in: that needs one even where nothing else does.
        if self._tokens.exist or self._settings.is_exposed or always:
            if token is None and not self._tokens.are_known:
                return _TOKENS_UNKNOWN
            if token is None:
                return _unauthenticated(bool(authorization))
            if refusal := self._judge(token, scope):
                return refusal
        if scope not in (Scope.EVENTS, Scope.TRACES, Scope.SOURCES):
            return Caller(token, None)
        own = token.rate_per_second if token else None
        allowance = self._allowance(token.token_id if token else "", own)
        if refusal := _throttled(allowance, token.name if token else "requests without a token"):
            return refusal
        if allowance:
            allowance.charge(1)
        return Caller(token, allowance)

    def _admit_source(self, path: str) -> Caller | Refusal:
        # It pays once it is believed: whoever only knows the address must not use up what the vendor may send.
        allowance = self._allowance(path, None)
        return _throttled(allowance, path) or Caller(None, allowance, paid=0)

    def _judge(self, token: AccessToken, scope: Scope) -> Refusal | None:
        ended = token.revoked_at or token.expires_at
        if ended and not token.counts(self._clock.now()):
            how = "was revoked" if token.revoked_at else "expired"
            reason = f"the token {token.name} {how} at {format_instant(ended)}"
            return Refusal(401, "unauthenticated", reason, 'Bearer realm="milepost", error="invalid_token"')
        if not _opens(token, scope):
            reason = f"the token {token.name} lacks the scope {scope}; it has {', '.join(token.scopes)}"
            challenge = f'Bearer realm="milepost", error="insufficient_scope", scope="{scope}"'
            return Refusal(403, "forbidden", reason, challenge)
        return None

    def _allowance(self, key: str, own_rate: float | None) -> Allowance | None:
        rate = self._settings.rate_per_second if own_rate is None else own_rate
        if not rate:
            return None
        found = self._allowances.get(key)
        if found is None:
            found = self._allowances.setdefault(key, Allowance(rate))
        return found


def scope_of(path: str, method: str = "POST") -> Scope:
    """What a request to a path is opened by; what nobody thought of is the API's."""
    if path.startswith("/v1/sources/"):
        return Scope.SOURCES
    return _SCOPES.get(path) or Scope(API_SCOPES[api_permission(method, path).least])


def _opens(token: AccessToken, scope: Scope) -> bool:
    """Whether a token may do what a scope opens: at the API that of its role, and all that lesser roles may."""
    if scope in token.scopes:
        return True
    needed = next((role for role, name in API_SCOPES.items() if name == scope), None)
    role = role_of_scopes(token.scopes)
    return needed is not None and role is not None and role.includes(needed)


def _channel_of(path: str, scope: Scope) -> str:
    """What a refused request counts under; one scope opens all that OTLP carries."""
    return path.removeprefix("/v1/") if scope is Scope.TRACES else scope.value


def keep_to_sources(received: Received, caller: Caller | None, short_name: Callable[[str], str]) -> None:
    """Turns the events whose source the caller's token names neither as it was sent nor by its short name into
    rejections."""
    token = caller.token if caller else None
    if token is None or token.may_send_any:
        return
    sources = {one.event.source for one in received.candidates}
    allowed = {source for source in sources if token.may_send(source) or token.may_send(short_name(source))}
    if allowed == sources:
        return
    for one in received.candidates:
        if one.event.source not in allowed:
            event = one.event
            reason = f"the token {token.name} may not send events of the source {event.source[:80]!r}"
            received.rejections.append(
                Rejection(
                    one.index, event.event_id, event.source, SOURCE_NOT_ALLOWED, reason, bytes(one.raw), event.type
                )
            )
    received.candidates = [one for one in received.candidates if one.event.source in allowed]


def _throttled(allowance: Allowance | None, who: str) -> Refusal | None:
    if allowance and (wait := allowance.wait_seconds()):
        return Refusal(429, "throttled", f"over the rate of {who}; come back later", retry_after=math.ceil(wait))
    return None


def _unauthenticated(gave_one: bool) -> Refusal:
    challenge = 'Bearer realm="milepost"'
    if gave_one:
        return Refusal(401, "unauthenticated", "the token is not known here", f'{challenge}, error="invalid_token"')
    reason = "a token is needed: send Authorization: Bearer mp_…; `milepost tokens create` makes one"
    return Refusal(401, "unauthenticated", reason, challenge)


async def _refuse(connection: Connection, send: Send, scope: Scope, refusal: Refusal) -> None:
    content_type, body = "application/json", msgspec.json.encode({"code": refusal.code, "reason": refusal.reason})
    sent_as = header(connection, b"content-type").partition(";")[0].strip().lower()
    if scope is Scope.TRACES:
        # OTLP's own form of an error, in the request's encoding.
        content_type = sent_as if sent_as == otlp.PROTOBUF else otlp.JSON
        body = otlp.failure(content_type, _RPC_CODES[refusal.status], refusal.reason)
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    if refusal.challenge:
        headers.append((b"www-authenticate", refusal.challenge.encode()))
    if refusal.retry_after:
        headers.append((b"retry-after", str(refusal.retry_after).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
