"""The channels whose dead letters can be replayed, each with the reader of its live traffic."""

from collections.abc import Iterable

from collector.receivers.cloudevents import Received
from collector.replay import Channel
from collector.replay_events import CommitEvents, EventReplay, ReadLetter, read_events
from collector.replay_spans import CommitSpans, SpanReplay
from collector.source_definitions import SourceDefinition
from collector.source_mapping import SourceMapper
from storage.client import Store
from storage.dead_letters import DeadLetter


def replay_channels(
    store: Store, commit_events: CommitEvents, commit_spans: CommitSpans, sources: Iterable[SourceDefinition]
) -> dict[str, Channel]:
    """Events, traces, and the webhooks of each source as its definition reads them now."""
    channels: dict[str, Channel] = {
        "events": EventReplay(store, commit_events, read_events),
        "traces": SpanReplay(store, commit_spans),
    }
    for definition in sources:
        channels[f"sources/{definition.name}"] = EventReplay(store, commit_events, _reader(definition))
    return channels


def _reader(definition: SourceDefinition) -> ReadLetter:
    mapper = SourceMapper(definition)

    def read(letter: DeadLetter, body: bytes) -> Received:
        seen = {name: value for name, value in letter.headers.items() if name in definition.config.headers}
        return mapper.read(body, seen, letter.received_at)

    return read
