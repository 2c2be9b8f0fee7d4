"""The OpenAPI document of everything that is answered over HTTP: kept in YAML, served as JSON."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/api/openapi.json"
_FILE = Path(__file__).with_name("openapi.yaml")


@cache
def document() -> dict[str, Any]:
    """The document, read once."""
    read: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return read


def openapi_route() -> Route:
    """The route of the document."""

    def answer(request: Request) -> Response:
        return Response(msgspec.json.encode(document()), media_type="application/json")

    return Route(PATH, answer)
