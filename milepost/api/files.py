"""The part of the API that `milepost ingest` and `milepost export` use while a running Milepost holds the store."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from collector.files.door import Checkpoint
from milepost.answers.from_store import StoreAnswers
from milepost.api.responses import get
from storage.event_export import EventKey
from storage.object_statements import ObjectKey


def file_routes(answers: StoreAnswers) -> list[BaseRoute]:
    """The routes under /api/ingest and /api/export."""

    def read_checkpoint(request: Request) -> object:
        return answers.checkpoints().read(request.path_params["file"])

    def shared_names(request: Request) -> object:
        return answers.shared_names()

    def events(request: Request) -> object:
        params = request.query_params
        return answers.events_after(EventKey(params.get("source", ""), params.get("event_id", "")))

    def objects(request: Request) -> object:
        params = request.query_params
        return answers.objects_after(ObjectKey(params.get("object_type", ""), params.get("object_id", "")))

    def event_attribute_types(request: Request) -> object:
        return answers.event_attribute_types()

    def record_checkpoint(request: Request) -> object:
        params = request.query_params
        checkpoint = Checkpoint(_count(params, "items"), _count(params, "rejected"))
        answers.checkpoints().record(request.path_params["file"], checkpoint)
        return checkpoint

    return [
        Route("/api/ingest/{file}", get(read_checkpoint), methods=["GET"]),
        Route("/api/ingest/{file}", get(record_checkpoint), methods=["PUT"]),
        Route("/api/export/shared-names", get(shared_names)),
        Route("/api/export/events", get(events)),
        Route("/api/export/objects", get(objects)),
        Route("/api/export/event-attribute-types", get(event_attribute_types)),
    ]


def _count(params: Mapping[str, str], name: str) -> int:
    text = params.get(name, "")
    if not text.isdecimal() or len(text) > 18:
        raise ValueError(f"{name} is {text[:40]!r}; give a whole number")
    return int(text)
