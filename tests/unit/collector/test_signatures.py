"""Each way a vendor proves its webhooks, as the shipped definitions have it: right, wrong, old, early, changed."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from collector.signatures import SignatureFault, SourceRequest, check, decode_escapes
from collector.source_definitions import SHIPPED, AuthenticationConfig, load_definitions
from tests.builders import NOW

DEFINITIONS = load_definitions([SHIPPED])
STRIPE_SECRET = b"whsec_test"
HUBSPOT_SECRET = b"hub_secret"
# Both computed by `openssl dgst -sha256 -hmac`, over what Stripe and HubSpot document.
STRIPE_SIGNATURE = "3a12a09c1fce3cd0f1ed147f75c69bd4985b38f50a678446131f96c9e95537e3"
HUBSPOT_SIGNATURE = "GjS7/7GXi83vbE90bupzOuygplC2DS9Np6tZx5xvX9s="
OTHER_SIGNATURE = "0" * 64
TOLERANCE = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


def authentication(source: str) -> AuthenticationConfig:
    return DEFINITIONS[source].config.authentication


def request(body: bytes = b"{}", query: str = "", uri: str = "", **headers: str) -> SourceRequest:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return SourceRequest("POST", uri, query.encode(), named, body)


def stripe(signature: str = f"t=1793620800,v1={STRIPE_SIGNATURE}", body: bytes = b'{"id":"evt_1"}') -> SourceRequest:
    return request(body, stripe_signature=signature)


def hubspot(**changes: str) -> SourceRequest:
    headers = {"x_hubspot_signature_v3": HUBSPOT_SIGNATURE, "x_hubspot_request_timestamp": "1793620800000", **changes}
    return request(b'[{"eventId":1}]', uri="https://milepost.example.com/v1/sources/hubspot?a=b%40c&x=%20y", **headers)


def basic(credentials: str, scheme: str = "Basic") -> SourceRequest:
    return request(authorization=f"{scheme} {base64.b64encode(credentials.encode()).decode()}")


@pytest.mark.parametrize(
    ("signature", "fault"),
    [
        pytest.param(f"t=1793620800,v1={STRIPE_SIGNATURE}", None, id="the right one"),
        pytest.param(f"t=1793620800, v1={STRIPE_SIGNATURE.upper()}", None, id="capital digits after a space"),
        pytest.param(f"t=1793620800,v1={OTHER_SIGNATURE},v1={STRIPE_SIGNATURE}", None, id="one of two, a key is new"),
        pytest.param(f"t=1793620800,v1={OTHER_SIGNATURE}", SignatureFault.WRONG, id="another one"),
        pytest.param(f"t=1793620801,v1={STRIPE_SIGNATURE}", SignatureFault.WRONG, id="of another time"),
        pytest.param(f"t=1793620800,v0={STRIPE_SIGNATURE}", SignatureFault.MISSING, id="of another scheme"),
        pytest.param("t=1793620800,v1=", SignatureFault.WRONG, id="an empty one"),
        pytest.param("t=1793620800,v1=ünlesbar", SignatureFault.WRONG, id="no digits"),
        pytest.param(f"v1={STRIPE_SIGNATURE}", SignatureFault.MISSING, id="without a time"),
        pytest.param(f"t=now,v1={STRIPE_SIGNATURE}", SignatureFault.MISSING, id="with a time that is none"),
        pytest.param(f"t={'9' * 16},v1={STRIPE_SIGNATURE}", SignatureFault.WRONG, id="with a time past all calendars"),
        pytest.param("", SignatureFault.MISSING, id="nothing"),
    ],
)
def test_stripes_signature_is_believed_or_not(signature: str, fault: SignatureFault | None) -> None:
    assert check(authentication("stripe"), [STRIPE_SECRET], stripe(signature), NOW) == fault


@pytest.mark.parametrize(
    ("late_by", "fault"),
    [
        pytest.param(TOLERANCE, None, id="five minutes late"),
        pytest.param(TOLERANCE + SECOND, SignatureFault.TOO_OLD, id="a second later"),
        pytest.param(-TOLERANCE, None, id="five minutes early"),
        pytest.param(-TOLERANCE - SECOND, SignatureFault.IN_FUTURE, id="a second earlier"),
    ],
)
@pytest.mark.parametrize(
    ("source", "secret", "sent"),
    [("stripe", STRIPE_SECRET, stripe()), ("hubspot", HUBSPOT_SECRET, hubspot())],
    ids=["stripe", "hubspot"],
)
def test_a_signature_holds_for_five_minutes(
    source: str, secret: bytes, sent: SourceRequest, late_by: timedelta, fault: SignatureFault | None
) -> None:
    assert check(authentication(source), [secret], sent, NOW + late_by) == fault


def test_a_body_that_was_changed_is_not_believed() -> None:
    tampered = stripe(body=b'{"id":"evt_2"}')

    assert check(authentication("stripe"), [STRIPE_SECRET], tampered, NOW) == SignatureFault.WRONG


def test_a_request_without_the_header_has_no_proof() -> None:
    assert check(authentication("stripe"), [STRIPE_SECRET], request(), NOW) == SignatureFault.MISSING


def test_any_of_several_secrets_proves_a_request() -> None:
    assert check(authentication("stripe"), [b"new", STRIPE_SECRET], stripe(), NOW) is None


def test_without_a_secret_nothing_is_proved() -> None:
    assert check(authentication("stripe"), [], stripe(), NOW) == SignatureFault.WRONG


def test_hubspots_signature_covers_the_address_as_hubspot_writes_it() -> None:
    assert check(authentication("hubspot"), [HUBSPOT_SECRET], hubspot(), NOW) is None


def test_the_same_message_to_another_address_is_not_believed() -> None:
    elsewhere = replace(hubspot(), public_uri="https://elsewhere.example.com/v1/sources/hubspot")

    assert check(authentication("hubspot"), [HUBSPOT_SECRET], elsewhere, NOW) == SignatureFault.WRONG


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"x_hubspot_signature_v3": HUBSPOT_SIGNATURE[:-4] + "AAA="}, SignatureFault.WRONG),
        ({"x_hubspot_signature_v3": "not base64!"}, SignatureFault.WRONG),
        ({"x_hubspot_request_timestamp": "1793620800001"}, SignatureFault.WRONG),
        ({"x_hubspot_request_timestamp": "-1"}, SignatureFault.MISSING),
    ],
    ids=["another signature", "no signature", "another time", "no time"],
)
def test_hubspots_signature_is_not_believed(changes: dict[str, str], fault: SignatureFault) -> None:
    assert check(authentication("hubspot"), [HUBSPOT_SECRET], hubspot(**changes), NOW) == fault


def test_only_the_named_characters_are_decoded() -> None:
    assert decode_escapes("/a%3Ab%2fc%20d%25%zz", ":/") == "/a:b/c%20d%25%zz"


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        pytest.param(basic("milepost:s3cret"), None, id="the right ones"),
        pytest.param(basic("milepost:s3cret", scheme="bASIC"), None, id="the scheme in any case"),
        pytest.param(basic("milepost:other"), SignatureFault.WRONG, id="another password"),
        pytest.param(basic("milepost:s3cret", scheme="Bearer"), SignatureFault.WRONG, id="another scheme"),
        pytest.param(request(authorization="Basic ***"), SignatureFault.WRONG, id="no base64"),
        pytest.param(request(authorization="Basic"), SignatureFault.WRONG, id="nothing after the scheme"),
        pytest.param(request(), SignatureFault.MISSING, id="before the challenge"),
    ],
)
@pytest.mark.parametrize("source", ["chargebee", "zuora", "oracle_fusion"])
def test_basic_credentials_are_believed_or_not(source: str, sent: SourceRequest, fault: SignatureFault | None) -> None:
    assert check(authentication(source), [b"milepost:s3cret"], sent, NOW) == fault


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        pytest.param(request(query="token=t0ken"), None, id="in the address"),
        pytest.param(request(query="a=1&token=t0ken"), None, id="in the address beside others"),
        pytest.param(request(authorization="Bearer t0ken"), None, id="in the header"),
        pytest.param(request(query="token=other", authorization="Bearer t0ken"), None, id="in one of two places"),
        pytest.param(request(query="token=other"), SignatureFault.WRONG, id="another in the address"),
        pytest.param(request(query="token="), SignatureFault.MISSING, id="an empty one"),
        pytest.param(request(query="code=t0ken"), SignatureFault.MISSING, id="under another name"),
        pytest.param(request(authorization="t0ken"), SignatureFault.MISSING, id="without the prefix"),
    ],
)
def test_a_token_is_believed_or_not(sent: SourceRequest, fault: SignatureFault | None) -> None:
    assert check(authentication("salesforce"), [b"t0ken"], sent, NOW) == fault
