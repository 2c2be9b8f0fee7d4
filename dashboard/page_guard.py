"""Keeps the console out of other sites' frames, where a reader could be led to click on what they do not see."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# https://owasp.org/www-community/attacks/Clickjacking; the second is for browsers that do not know the first.
_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
    # A browser is not to take a file for a page because of what is in it.
    "X-Content-Type-Options": "nosniff",
}


class PageGuard:
    """Wraps the console's ASGI app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                headers.update(_HEADERS)
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, guarded)
