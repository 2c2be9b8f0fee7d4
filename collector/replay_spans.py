"""Takes dead letters of the traces channel again; spans have no identity at the door, so stored ones are left out."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.body import decompress
from collector.receivers import otlp
from collector.receivers.otlp import TraceRequest
from collector.replay import Fate
from domain.errors import InputError
from storage.client import Store
from storage.dead_letter_attempts import AttemptOutcome
from storage.dead_letters import DeadLetter
from storage.stored_spans import stored_spans

CommitSpans = Callable[[Sequence[TraceRequest]], Sequence[bool | Exception]]


class SpanReplay:
    """The traces channel of a replay; `commit` is the span writer's, directly or through the group commit."""

    def __init__(self, store: Store, commit: CommitSpans) -> None:
        self._store = store
        self._commit = commit

    def take(self, letters: Sequence[DeadLetter]) -> list[Fate | Exception]:
        """Stores the spans that are not stored yet; letter by letter, since two may hold the same."""
        return [self._take(letter) for letter in letters]

    def foresee(self, letters: Sequence[DeadLetter]) -> list[Fate]:
        """What `take` would do now with each letter alone."""
        return [self._fresh(letter)[0] for letter in letters]

    def _take(self, letter: DeadLetter) -> Fate | Exception:
        fate, request = self._fresh(letter)
        if request is None:
            return fate
        [outcome] = self._commit([request])
        if isinstance(outcome, InputError):
            return Fate(AttemptOutcome.REJECTED, outcome.code, str(outcome))
        return outcome if isinstance(outcome, Exception) else fate

    def _fresh(self, letter: DeadLetter) -> tuple[Fate, TraceRequest | None]:
        """What is to become of a letter, and its spans that are not stored."""
        media_type = letter.content_type.partition(";")[0].strip().lower()
        try:
            body = decompress(letter.body, letter.headers.get("content-encoding", ""))
            request = otlp.read_traces(media_type, body)
        except InputError as error:
            return Fate(AttemptOutcome.REJECTED, error.code, str(error)), None
        if request.rejected_spans and not request.spans:
            return Fate(AttemptOutcome.REJECTED, "invalid_ids", request.error_message), None
        fresh = without_stored(self._store, request)
        if not fresh.spans:
            return Fate(AttemptOutcome.DUPLICATE, reason=request.error_message), None
        return Fate(AttemptOutcome.ACCEPTED, reason=request.error_message), fresh


def without_stored(store: Store, request: TraceRequest) -> TraceRequest:
    """The request without the spans that the store holds."""
    message = ExportTraceServiceRequest.FromString(request.body)
    groups = [group for resource in message.resource_spans for group in resource.scope_spans]
    known = stored_spans(store, {(span.trace_id.hex(), span.span_id.hex()) for group in groups for span in group.spans})
    if not known:
        return request
    left = 0
    for group in groups:
        fresh = [span for span in group.spans if (span.trace_id.hex(), span.span_id.hex()) not in known]
        kept = [type(span).FromString(span.SerializeToString()) for span in fresh]
        del group.spans[:]
        group.spans.extend(kept)
        left += len(kept)
    return replace(request, body=message.SerializeToString(), spans=left)
