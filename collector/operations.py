"""The part of the API that changes what the door does or takes: replays, discarding, statements on objects, tokens."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from collector.access import CALLER
from collector.allowance import parse_rate
from collector.body import LARGEST_BODY
from collector.object_door import ObjectDoor
from collector.replay import Fate, Page, Replay, Selection
from collector.tokens import Tokens, issue_token, revoke_token
from domain.audit import Actor
from domain.clock import Clock
from domain.errors import MilepostError, StoreError
from domain.instants import EPOCH, format_instant, parse_storable_instant
from storage.client import Store
from storage.dead_letters import FIRST_PLACE, DeadLetter, LetterFilter, LetterPlace
from storage.object_statements import Statements
from storage.tokens import AccessToken, list_tokens

_LARGEST_REQUEST = 1024 * 1024
_encoder = msgspec.json.Encoder()
Wish = TypeVar("Wish")


class Place(msgspec.Struct, forbid_unknown_fields=True):
    """Where a page of letters ended."""

    dead_letter_id: str
    received_at: str


class ReplayWish(msgspec.Struct, forbid_unknown_fields=True):
    """Which letters to replay: `ids`, or `all` that wait and match; `after` is the `rest` of the page before."""

    ids: list[str] = []
    all: bool = False
    channel: str = ""
    code: str = ""
    source: str = ""
    since: str | None = None
    after: Place | None = None
    dry_run: bool = False
    by: str = ""
    reason: str = ""


class DiscardWish(msgspec.Struct, forbid_unknown_fields=True):
    """Which letters will not be replayed, and why."""

    ids: list[str]
    reason: str
    by: str = ""


class TokenWish(msgspec.Struct, forbid_unknown_fields=True):
    """What a new token is to allow."""

    name: str
    scopes: list[str]
    sources: list[str] = []
    rate: str | None = None
    expires_at: str | None = None
    by: str = ""
    reason: str = ""


def operation_routes(
    store: Store, clock: Clock, replay: Replay, objects: ObjectDoor, tokens: Tokens
) -> list[BaseRoute]:
    """The routes; each changes something only by POST with a JSON body."""

    def replay_letters(wish: ReplayWish, request: Request) -> object:
        by = actor_of(wish.by, request)
        return page_row(replay.run(selection_of(wish), by, dry_run=wish.dry_run, reason=wish.reason))

    def discard_letters(wish: DiscardWish, request: Request) -> object:
        return {"discarded": replay.discard(wish.ids, actor_of(wish.by, request), wish.reason)}

    def take_objects(said: Statements, request: Request) -> object:
        objects.take(said)
        return {"objects": len(said.objects)}

    def create_token(wish: TokenWish, request: Request) -> object:
        text = issue_wished(store, clock, wish, actor_of(wish.by, request))
        tokens.refresh()
        return {"token": text}

    def revoke(request: Request) -> object:
        by = actor_of(request.query_params.get("by", ""), request)
        reason = request.query_params.get("reason", "")
        revoked = revoke_token(store, clock, request.path_params["name"], by, reason)
        tokens.refresh()
        return token_row(revoked)

    def known_tokens(request: Request) -> object:
        return [token_row(token) for token in list_tokens(store)]

    return [
        Route("/api/dead-letters/replay", posted(ReplayWish, replay_letters), methods=["POST"]),
        Route("/api/dead-letters/discard", posted(DiscardWish, discard_letters), methods=["POST"]),
        Route("/api/objects", posted(Statements, take_objects, LARGEST_BODY), methods=["POST"]),
        Route("/api/tokens", lambda request: _respond(lambda: known_tokens(request)), methods=["GET"]),
        Route("/api/tokens", posted(TokenWish, create_token), methods=["POST"]),
        Route("/api/tokens/{name}/revoke", lambda request: _respond(lambda: revoke(request)), methods=["POST"]),
    ]


def selection_of(wish: ReplayWish) -> Selection:
    """The letters that a wish means; ValueError where it names none or both ways."""
    narrowed = bool(wish.channel or wish.code or wish.source or wish.since or wish.after)
    if wish.ids and (wish.all or narrowed):
        raise ValueError("ids and a filter are both there; give the ids of letters, or a filter with all")
    if not wish.ids and not wish.all:
        raise ValueError("no letters are named; give their ids, or all with or without a filter")
    place = wish.after
    after = LetterPlace(place.dead_letter_id, parse_storable_instant(place.received_at)) if place else FIRST_PLACE
    since = parse_storable_instant(wish.since) if wish.since else EPOCH
    letters = LetterFilter(channel=wish.channel, code=wish.code, source=wish.source, since=since)
    return Selection(tuple(wish.ids), letters, after)


def issue_wished(store: Store, clock: Clock, wish: TokenWish, by: Actor) -> str:
    """The text of the token that a wish describes."""
    return issue_token(
        store,
        clock,
        wish.name,
        scopes=wish.scopes,
        sources=wish.sources,
        rate_per_second=(parse_rate(wish.rate) or 0.0) if wish.rate else None,
        expires_at=parse_storable_instant(wish.expires_at) if wish.expires_at else None,
        by=by,
        reason=wish.reason,
    )


def page_row(page: Page) -> dict[str, Any]:
    """A page of replayed letters as JSON shows it."""
    rest = page.rest
    return {
        "results": [_fate_row(letter, fate) for letter, fate in page.results],
        "rest": {"dead_letter_id": rest.dead_letter_id, "received_at": format_instant(rest.received_at)}
        if rest
        else None,
    }


def token_row(token: AccessToken) -> dict[str, Any]:
    """A token as it is shown: without its secret, which nobody has."""
    return {
        "name": token.name,
        "token_id": token.token_id,
        "scopes": list(token.scopes),
        "sources": list(token.sources),
        "rate_per_second": token.rate_per_second,
        "created_at": format_instant(token.created_at),
        "created_by": token.created_by,
        "expires_at": format_instant(token.expires_at) if token.expires_at else None,
        "revoked_at": format_instant(token.revoked_at) if token.revoked_at else None,
    }


def _fate_row(letter: DeadLetter, fate: Fate) -> dict[str, str]:
    return {
        "dead_letter_id": letter.dead_letter_id,
        "channel": letter.channel,
        "source": letter.source,
        "event_id": letter.event_id,
        "outcome": fate.outcome.value,
        "code": fate.code,
        "reason": fate.reason,
    }


def actor_of(told: str, request: Request) -> Actor:
    """Who asks: by what the request says, and by the token's name, which is proven."""
    caller = request.scope.get(CALLER)
    return Actor(told, caller.token.name if caller and caller.token else "")


def posted(
    kind: type[Wish], work: Callable[[Wish, Request], object], largest: int = _LARGEST_REQUEST
) -> Callable[[Request], Any]:
    """An endpoint that does what a JSON body wishes; 400 with the reason for what cannot be done."""
    decoder = msgspec.json.Decoder(kind)

    async def endpoint(request: Request) -> Response:
        # A page in a browser cannot send this content type to another origin without asking first.
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _answer(415, {"reason": "send application/json"})
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > largest:
                return _answer(413, {"reason": f"the body is larger than {largest} bytes"})

        def answer() -> object:
            try:
                wish = decoder.decode(body)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
                raise ValueError(f"the body is not what is taken here: {error}") from None
            return work(wish, request)

        return await run_in_threadpool(_respond, answer)

    return endpoint


def _respond(answer: Callable[[], object]) -> Response:
    try:
        return _answer(200, answer())
    except StoreError as error:
        return _answer(503, {"reason": str(error)})
    except (MilepostError, ValueError) as error:
        return _answer(400, {"reason": str(error)})


def _answer(status: int, content: object) -> Response:
    headers = {"retry-after": "5"} if status == 503 else {}
    return Response(_encoder.encode(content), status_code=status, headers=headers, media_type="application/json")
