"""Webhooks as vendors send them, signed with the tests' secrets."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import httpx

from collector.receivers.source_webhook import SourceWebhook, webhooks
from collector.source_definitions import SHIPPED, AuthenticationConfig, load_definitions
from tests.builders import NOW
from tests.integration.collector.running import RunningCollector

PUBLIC_URL = "https://milepost.example.com"
SECRET = "user:s3cret"
SAMPLES = SHIPPED / "samples"
DEFINITIONS = load_definitions([SHIPPED])


def all_sources(public_url: str | None = PUBLIC_URL, **more: str) -> dict[str, SourceWebhook]:
    """Every shipped source, all with the same secret; `more` is in the environment besides."""
    places = [definition.config.authentication.secret for definition in DEFINITIONS.values()]
    environ = {place.secret_env: SECRET for place in places if place and place.secret_env} | more
    return webhooks(DEFINITIONS.values(), environ, public_url)


def proof(source: str, body: bytes, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    """The headers with which a vendor proves a body, written from the vendors' documents and not from our code."""
    authentication: AuthenticationConfig = DEFINITIONS[source].config.authentication
    if source == "stripe":
        seconds = str(int(at.timestamp()))
        digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={seconds},v1={digest}"}
    if source == "hubspot":
        millis = str(int(at.timestamp()) * 1000)
        text = f"POST{PUBLIC_URL}/v1/sources/hubspot".encode() + body + millis.encode()
        digest = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
        return {"X-HubSpot-Signature-v3": digest, "X-HubSpot-Request-Timestamp": millis}
    if authentication.basic:
        return {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
    assert authentication.token is not None
    assert authentication.token.header is not None
    return {authentication.token.header: authentication.token.prefix + secret}


def send(
    collector: RunningCollector, source: str, body: bytes, headers: Mapping[str, str] | None = None, query: str = ""
) -> httpx.Response:
    """Sends a body to a source with the vendor's proof, or with the headers given."""
    sent = proof(source, body) if headers is None else headers
    return collector.http.post(f"/v1/sources/{source}{query}", content=body, headers=dict(sent))


def sample(source: str, name: str) -> bytes:
    """The payload of a shipped sample."""
    return Path(SAMPLES / source / name).read_bytes()
