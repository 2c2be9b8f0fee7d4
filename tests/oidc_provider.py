"""An OpenID Connect provider on loopback: discovery, keys, the authorization code flow with PKCE, and wrong answers.

https://openid.net/specs/openid-connect-core-1_0.html
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from domain.clock import SystemClock

CLIENT_ID = "milepost"
CLIENT_SECRET = "the secret of the client"


class OidcProvider:
    """Signs whoever is `user` in at once, as a provider does that knows its user already.

    `changes` replaces claims of the next tokens, None leaves one out; `key` signs them.
    """

    def __init__(self) -> None:
        self.user: dict[str, Any] = {"sub": "u-1", "email": "vera@example.com"}
        self.changes: dict[str, Any] = {}
        self.refuses = False
        self.own_key = RSAKey.generate_key(2048, {"kid": "of-tests", "use": "sig"})
        self.key = self.own_key
        self.signed_out: list[str] = []
        self.asked_prompts: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def issuer(self) -> str:
        """Its address, which is its name."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def metadata_url(self) -> str:
        """Where its metadata is."""
        return f"{self.issuer}/.well-known/openid-configuration"

    def signs_in(self, subject: str, email: str, *groups: str, **more: Any) -> None:
        """Who is in front of the browser from now on."""
        self.user = {"sub": subject, "email": email, "groups": list(groups), **more}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _authorize(self, asked: Mapping[str, str]) -> str:
        """Where the browser is sent."""
        self.asked_prompts.append(asked.get("prompt", ""))
        if self.refuses:
            back = {"error": "access_denied", "error_description": "not today", "state": asked["state"]}
        else:
            code = secrets.token_urlsafe(16)
            self._codes[code] = dict(asked)
            back = {"code": code, "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def _token(self, authorization: str, told: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {pair}":
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(told.get("code", ""), None)
        if asked is None or told.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(told.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": secrets.token_urlsafe(16),
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self._id_token(asked["nonce"]),
        }

    def _id_token(self, nonce: str) -> str:
        now = int(SystemClock().now().timestamp())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.user,
            **self.changes,
        }
        given = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "of-tests"}, given, self.key)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                match parts.path:
                    case "/.well-known/openid-configuration":
                        self._answer(200, provider._metadata())
                    case "/keys":
                        self._answer(200, {"keys": [provider.own_key.as_dict(private=False)]})
                    case "/authorize":
                        self._lead_to(provider._authorize(asked))
                    case "/logout":
                        provider.signed_out.append(asked.get("id_token_hint", ""))
                        self._lead_to(asked["post_logout_redirect_uri"])
                    case _:
                        self._answer(404, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                told = {name: values[-1] for name, values in parse_qs(body).items()}
                self._answer(*provider._token(self.headers.get("Authorization", ""), told))

            def _lead_to(self, place: str) -> None:
                self.send_response(302)
                self.send_header("Location", place)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _answer(self, status: int, content: Mapping[str, Any]) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        return Handler
