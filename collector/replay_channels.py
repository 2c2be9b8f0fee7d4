"""The channels whose dead letters can be replayed, each with the reader of its live traffic."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry

from collector.contract_door import ContractDoor
from collector.metrics import CollectorMetrics
from collector.receivers.cloudevents import Received
from collector.receivers.otlp import TraceRequest
from collector.receivers.otlp_logs import LogRequest
from collector.replay import Channel
from collector.replay_events import CommitEvents, EventReplay, ReadLetter, read_events
from collector.replay_logs import read_fresh_logs
from collector.replay_requests import CommitRequests, RequestReplay
from collector.replay_spans import read_fresh_spans
from collector.source_definitions import SourceDefinition
from collector.source_mapping import SourceMapper
from storage.client import Store
from storage.dead_letters import DeadLetter


def replay_channels(
    store: Store,
    commit_events: CommitEvents,
    commit_spans: CommitRequests[TraceRequest],
    commit_logs: CommitRequests[LogRequest],
    contracts: ContractDoor,
    sources: Iterable[SourceDefinition],
) -> dict[str, Channel]:
    """Events, traces, logs, and the webhooks of each source, as contracts and definitions have them now."""
    readers = {"events": read_events, **{f"sources/{one.name}": _reader(one) for one in sources}}
    channels: dict[str, Channel] = {
        name: EventReplay(store, commit_events, _governed(reader, contracts)) for name, reader in readers.items()
    }
    return {
        **channels,
        "traces": RequestReplay(store, commit_spans, read_fresh_spans),
        "logs": RequestReplay(store, commit_logs, read_fresh_logs),
    }


def _governed(read_letter: ReadLetter, contracts: ContractDoor) -> ReadLetter:
    # Its violations were counted when the letter came.
    uncounted = CollectorMetrics(CollectorRegistry())

    def read(letter: DeadLetter, body: bytes) -> Received:
        received = read_letter(letter, body)
        contracts.apply(received, uncounted)
        return received

    return read


def _reader(definition: SourceDefinition) -> ReadLetter:
    mapper = SourceMapper(definition)

    def read(letter: DeadLetter, body: bytes) -> Received:
        seen = {name: value for name, value in letter.headers.items() if name in definition.config.headers}
        return mapper.read(body, seen, letter.received_at)

    return read
