"""The door of a running Milepost, over its HTTP endpoints, and the checkpoints that it keeps."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from collector.files.door import Checkpoint, Taken, TakenSpans
from collector.receivers import otlp
from domain.errors import InputError, StoreError
from storage.object_statements import Statements

Send = Callable[..., httpx.Response]
_checkpoint_decoder = msgspec.json.Decoder(Checkpoint)


class ApiDoor:
    """Sends bodies to /v1/events and /v1/traces; StoreError for an answer that is about neither.

    What is over a rate is sent again when the answer says, so a file takes as long as its source's rate asks for.
    """

    def __init__(self, send: Send, wait: Callable[[float], None] = time.sleep) -> None:
        """`send` sends a request of method, path and httpx's own keywords; `wait` lets so many seconds pass."""
        self._send = send
        self._wait = wait

    def events(self, content_type: str, body: bytes) -> Taken:
        """What became of the events in the body."""
        response, stored = self._post("/v1/events", content_type, body)
        answer = _json(response)
        match response.status_code:
            case 200:
                rejected = [(entry["index"], entry["reason"]) for entry in answer["rejected"]]
                return Taken(stored + answer["accepted"], answer["duplicates"] - stored, rejected)
            case 202:
                return Taken(answer["accepted"], answer["duplicates"])
            case 400:
                return Taken(rejected=[(0, answer["reason"])])
        raise _unexpected(response, answer.get("reason", ""))

    def traces(self, content_type: str, body: bytes) -> TakenSpans:
        """What became of the spans in the body, sent in OTLP/JSON or protobuf as it is."""
        response, _ = self._post("/v1/traces", content_type, body)
        match response.status_code:
            case 200:
                # The answer tells how many were refused, not how many were taken.
                request = otlp.read_traces(content_type, body)
                return TakenSpans(request.spans, request.rejected_spans, request.error_message)
            case 400 | 413:
                return TakenSpans(0, 1, self._reason(content_type, body))
        raise _unexpected(response, "")

    def objects(self, said: Statements) -> None:
        """Sends what a file says of objects to /api/objects."""
        headers = {"content-type": "application/json"}
        response = self._send("POST", "/api/objects", content=msgspec.json.encode(said), headers=headers)
        if response.status_code != 200:
            raise _unexpected(response, _json(response).get("reason", ""))

    def _post(self, path: str, content_type: str, body: bytes) -> tuple[httpx.Response, int]:
        """The answer once it is not that a sender is over its rate, and how many events were stored until then."""
        stored = 0
        while True:
            response = self._send("POST", path, content=body, headers={"content-type": content_type})
            if response.status_code != 429:
                return response, stored
            if path == "/v1/events":
                stored += _json(response).get("accepted", 0)
            self._wait(float(response.headers["retry-after"]))

    def _reason(self, content_type: str, body: bytes) -> str:
        try:
            otlp.read_traces(content_type, body)
        except InputError as error:
            return str(error)
        return "the store cannot hold these spans; `milepost dead-letters list` says why"


class ApiCheckpoints:
    """Reads and records checkpoints under /api/ingest."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def read(self, file: str) -> Checkpoint:
        """How far the file of that fingerprint was taken."""
        response = self._send("GET", _path(file))
        if response.status_code != 200:
            raise _unexpected(response, "")
        return _checkpoint_decoder.decode(response.content)

    def record(self, file: str, checkpoint: Checkpoint) -> None:
        """Records how far it is taken."""
        params = {"items": checkpoint.items, "rejected": checkpoint.rejected}
        response = self._send("PUT", _path(file), params=params)
        if response.status_code != 200:
            raise _unexpected(response, "")


def _path(file: str) -> str:
    # A fingerprint is hexadecimal.
    return f"/api/ingest/{file}"


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        raise StoreError(f"{response.url} answered {response.status_code}, and not as a Milepost does") from None


def _unexpected(response: httpx.Response, reason: str) -> StoreError:
    return StoreError(f"{response.url} answered {response.status_code}" + (f": {reason}" if reason else ""))
