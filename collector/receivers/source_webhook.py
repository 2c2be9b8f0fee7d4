"""Webhooks as vendors send them: believes them, reads them, and answers each vendor as it needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from starlette.types import Scope

from collector.http_answers import ALLOW_POST, NOT_ALLOWED
from collector.receivers.cloudevents import Received
from collector.signatures import SignatureFault, SourceRequest, check, is_certified
from collector.source_definitions import AuthenticationConfig, Expected, SourceDefinition, read_expected, read_secrets
from collector.source_mapping import SourceMapper, WrongSender
from collector.writer import EventOutcome

JSON = "application/json"
_ORIGIN = b"webhook-request-origin"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_REASONS = {
    SignatureFault.MISSING: "the request carries no proof of its sender",
    SignatureFault.WRONG: "the request's proof of its sender is wrong",
    SignatureFault.TOO_OLD: "the request was signed too long ago, or this machine's clock is ahead",
    SignatureFault.IN_FUTURE: "the request was signed in the future, or this machine's clock is behind",
    SignatureFault.CERTIFICATE: "the proxy before this door tells of no certificate that is expected here",
    SignatureFault.SENDER: "the request is of a sender that is not expected here",
}
_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender is told."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not read at all; `fault` where its proof is why, else `code` says it."""

    answer: Answer
    code: str
    fault: SignatureFault | None = None


class Refused(Exception):
    """A request that proves to be refused as it is read."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class SourceWebhook:
    """One source's endpoint, apart from the sockets."""

    def __init__(
        self,
        definition: SourceDefinition,
        secrets: tuple[bytes, ...],
        public_url: str | None,
        expected: Expected = Expected(),
    ) -> None:
        self.definition = definition
        self._certificates = expected.certificates
        self._authentication = definition.config.authentication
        self._secrets = secrets
        self._public_url = (public_url or "").rstrip("/")
        self._mapper = SourceMapper(definition, expected.senders)
        self.name = definition.name
        self.channel = f"sources/{definition.name}"
        self.kept_headers = frozenset(definition.config.headers)

    @property
    def asks_for_proof(self) -> bool:
        """Whether its senders prove who they are, so that they need no token."""
        return not self._authentication.none

    @property
    def is_configured(self) -> bool:
        """Whether it can believe anybody yet."""
        return self._missing() is None

    def refusal(self, scope: Scope, body: bytes, now: datetime) -> Refusal | None:
        """Why a request is turned away before it is read; None where its sender is who it says."""
        if missing := self._missing():
            return Refusal(_told(503, "not_configured", missing, retry=True), "not_configured")
        if self._authentication.none:
            if (scope.get("server") or ("",))[0] in _LOOPBACK:
                return None
            reason = f"source {self.name} asks for no proof, so it is answered on loopback alone"
            return Refusal(_told(403, "not_on_loopback", reason), "not_on_loopback")
        query: bytes = scope["query_string"]
        uri = self._public_url + scope["raw_path"].decode("latin-1")
        request = SourceRequest(
            scope["method"],
            uri + (f"?{query.decode('latin-1')}" if query else ""),
            query,
            scope["headers"],
            body,
        )
        fault = check(self._authentication, self._secrets, request, now)
        if fault is None:
            certificate = self._authentication.client_certificate
            if certificate is None or is_certified(certificate, self._certificates, request):
                return None
            return _not_expected(SignatureFault.CERTIFICATE)
        challenge = (b"www-authenticate", _challenge(self._authentication))
        return Refusal(_told(401, fault.value, _REASONS[fault], headers=(challenge,)), fault.value, fault)

    def read(self, scope: Scope, content: bytes, now: datetime) -> Received:
        """The events of a request's content; InputError where it holds none, Refused where its sender is another."""
        try:
            return self._mapper.read(content, self._seen_headers(scope), now)
        except WrongSender:
            raise Refused(_not_expected(SignatureFault.SENDER)) from None

    def handshake(self, scope: Scope, rates: Sequence[float]) -> Answer:
        """What a sender is told that asks whether it may send here; `rates` are the limits, in events a second.

        https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection
        """
        config = self.definition.config.handshake
        origin = dict(scope["headers"]).get(_ORIGIN, b"")
        if config is None or not origin:
            return Answer(405, _json.encode(NOT_ALLOWED), headers=(ALLOW_POST,))
        if missing := self._missing():
            return _told(503, "not_configured", missing, retry=True)
        if not {"*", origin.decode("latin-1")} & set(config.origins):
            reason = f"source {self.name} expects nothing from {origin.decode('latin-1')[:80]!r}"
            return _told(403, "origin_not_allowed", reason, headers=(ALLOW_POST,))
        # In requests a minute, of which each may hold one event: who sends several at once may have to wait.
        rate = str(max(1, int(min(rates) * 60))) if rates else "*"
        consent = ((b"webhook-allowed-origin", origin), (b"webhook-allowed-rate", rate.encode()))
        return Answer(200, _json.encode({"source": self.name}), headers=(ALLOW_POST, *consent))

    def answer(self, scope: Scope, content: bytes, received: Received, outcome: EventOutcome) -> Answer:
        """What the vendor is told once everything is stored, as events or as dead letters."""
        refused = received.count and len(outcome.rejected) == received.count
        if refused and self.definition.config.when_refused == "refuse":
            if len(outcome.rejected) == 1:
                return _told(400, outcome.rejected[0].code, outcome.rejected[0].reason)
            return Answer(400, _json.encode(counts(outcome)))
        if response := self._mapper.response(content, self._seen_headers(scope)):
            content_type, text = response
            return Answer(200, text.encode(), content_type)
        return Answer(200, _json.encode(counts(outcome)))

    def _missing(self) -> str | None:
        """What still has to be configured before anybody can be believed."""
        place = self._authentication.secret
        if place is None:
            return None
        if not self._secrets:
            where = f"the file {place.secret_file}"
            if place.secret_env:
                where = f"the environment variable {place.secret_env} or a file that {place.secret_env}_FILE names"
            return f"source {self.name} has no secret yet: put it into {where} and restart"
        if self._authentication.hmac and self._authentication.hmac.needs_public_url and not self._public_url:
            return (
                f"source {self.name} signs the address it calls: set MILEPOST_PUBLIC_URL to the one it knows, such as "
                "https://milepost.example.com, and restart"
            )
        return None

    def _seen_headers(self, scope: Scope) -> Mapping[str, str]:
        """The headers that the definition asks for; a dead letter keeps the same ones."""
        named = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        return {name: value for name, value in named if name in self.kept_headers}


def webhooks(
    definitions: Iterable[SourceDefinition], environ: Mapping[str, str], public_url: str | None
) -> dict[str, SourceWebhook]:
    """The endpoints of all sources by name, with their secrets; ConfigError where a secret cannot be read."""
    return {
        definition.name: SourceWebhook(
            definition, read_secrets(definition, environ), public_url, read_expected(definition, environ)
        )
        for definition in definitions
    }


def counts(outcome: EventOutcome) -> dict[str, object]:
    """What became of a batch, in numbers and reasons."""
    rejected = sorted(outcome.rejected, key=lambda rejection: rejection.index)
    return {
        "accepted": outcome.accepted,
        "duplicates": outcome.duplicates,
        "rejected": [
            {
                "index": rejection.index,
                "id": rejection.event_id,
                "code": rejection.code,
                "reason": rejection.reason,
            }
            for rejection in rejected
        ],
    }


def unknown_source(name: str) -> Answer:
    """The answer to a name that no definition has."""
    return _told(404, "unknown_source", f"there is no source {name[:80]!r}; `milepost sources check` lists them")


def _not_expected(fault: SignatureFault) -> Refusal:
    return Refusal(_told(403, fault.value, _REASONS[fault]), fault.value, fault)


def _challenge(authentication: AuthenticationConfig) -> bytes:
    scheme = b"Basic" if authentication.basic else b"Bearer" if authentication.token else b"Signature"
    return scheme + b' realm="milepost"'


def _told(
    status: int, code: str, reason: str, *, headers: tuple[tuple[bytes, bytes], ...] = (), retry: bool = False
) -> Answer:
    return Answer(status, _json.encode({"code": code, "reason": reason}), headers=headers, retry=retry)
