"""Refuses what no route answers, in JSON as everything else is refused."""

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # Starlette calls this for nothing else.
    headers = error.headers or {}
    if error.status_code == 405:
        code, reason = "method_not_allowed", f"send {' or '.join(sorted(headers['Allow'].split(', ')))}"
    else:
        reason = f"nothing answers at {request.url.path[:200]!r}; /api/openapi.json tells what does"
        code = "not_found"
    body = msgspec.json.encode({"code": code, "reason": reason})
    return Response(body, status_code=error.status_code, headers=headers, media_type="application/json")


# By status, as Starlette takes them.
REFUSALS = {404: _refuse, 405: _refuse}
