"""The HTML that every address of the console begins with, told where the console is."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Else Streamlit looks for itself under the path of the page first: two requests that fail, which the browser tells of
# as errors, before the one that counts.
_SCRIPT = b'<script>window.__streamlit = {BACKEND_BASE_URL: window.location.origin + "/"}</script>'
_HEAD = b"<head>"


class EntryPage:
    """Wraps the console's ASGI app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        # What is compressed could not be added to.
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        held: list[Message] = []

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                held.append(message)
            elif held:
                held.append(message)
                if not message.get("more_body"):
                    await _send_page(held, send)
            else:
                await send(message)

        await self._app({**scope, "headers": headers}, receive, told)


def _is_page(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] == 200 and kind.startswith("text/html")


async def _send_page(held: list[Message], send: Send) -> None:
    start, *parts = held
    body = b"".join(part.get("body", b"") for part in parts).replace(_HEAD, _HEAD + _SCRIPT, 1)
    headers = MutableHeaders(raw=list(start["headers"]))
    if body:
        # Of a HEAD request there is none, and its length is not known here.
        headers["content-length"] = str(len(body))
    await send({**start, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})
