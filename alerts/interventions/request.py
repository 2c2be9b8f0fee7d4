"""Makes the exact request of an intervention about one object, with its secrets left out until it is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alerts.config_parts import Secret
from alerts.interventions.config import InterventionConfig
from alerts.interventions.templates import ATTRIBUTE, FilledIn, in_header, in_json, in_url
from alerts.notifiers.http_sender import JSON_TYPE, Call
from domain.business_object import BusinessObject
from domain.milestone import Facts
from domain.money import format_amount

KEY_HEADER = "Idempotency-Key"
_HIDDEN = "[hidden]"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `secrets` are the headers whose values are read at each try, with what stands before them."""

    method: str
    url: str
    headers: Mapping[str, str]
    secrets: Mapping[str, tuple[str, Secret]]
    body: Any = None
    taken: frozenset[int] = field(default=frozenset())

    def call(self, key: str) -> Call:
        """The call under an idempotency key; ConfigError where a secret is not there."""
        read = {name: (prefix, secret.read()) for name, (prefix, secret) in self.secrets.items()}
        return Call(
            url=self.url,
            body=b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode(),
            headers={
                **self.headers,
                **{name: prefix + text for name, (prefix, text) in read.items()},
                KEY_HEADER: key,
            },
            secrets=tuple(text for _, text in read.values()),
            method=self.method,
            taken=self.taken,
        )

    def row(self, key: str) -> dict[str, Any]:
        """The request as it is shown: secrets are hidden."""
        hidden = {name: f"{prefix}{_HIDDEN}" for name, (prefix, _) in self.secrets.items()}
        headers = {"Content-Type": JSON_TYPE, **self.headers, **hidden, KEY_HEADER: key}
        return {"method": self.method, "url": self.url, "headers": headers, "body": self.body}


def facts_of(business_object: BusinessObject, facts: Facts, correlation_id: str | None) -> dict[str, str | None]:
    """What templates may name, as text."""
    return {
        "object_type": business_object.type,
        "object_id": business_object.id,
        "amount": None if facts.amount is None else format_amount(facts.amount, facts.currency),
        "currency": facts.currency,
        "legal_entity": facts.legal_entity,
        "region": facts.region,
        "correlation_id": correlation_id,
        **{f"{ATTRIBUTE}{name}": value for name, value in facts.attributes.items()},
    }


def make_request(config: InterventionConfig, facts: FilledIn, environ: Mapping[str, str]) -> Request:
    """The request about an object; CannotBeWritten where it needs what is not known."""
    plain = {name: header.text for name, header in config.headers.items() if header.text is not None}
    return Request(
        method=config.method,
        url=in_url(config.url, facts),
        headers={name: in_header(text, facts) for name, text in plain.items()},
        secrets={
            name: (header.prefix, Secret(header.file, header.env, environ))
            for name, header in config.headers.items()
            if header.text is None
        },
        body=None if config.body is None else in_json(config.body, facts),
        taken=frozenset(config.taken),
    )
