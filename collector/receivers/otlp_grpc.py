"""OTLP over gRPC: the services' Export methods, given the bytes that came and giving bytes back.

https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
gRPC itself decompresses (gzip, deflate) and refuses what is too large with RESOURCE_EXHAUSTED, without a word to
this code: such requests are not counted. Without RetryInfo that code is final, says the specification.
"""

import asyncio
import threading
from functools import partial
from http import HTTPStatus
from typing import NoReturn

import grpc
import grpc.aio
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from collector.access import Caller, Refusal
from collector.app import Collector
from collector.body import LARGEST_BODY
from collector.group_commit import Overloaded
from collector.otlp_door import Signal, SignalNotTaken
from collector.receivers import otlp
from collector.source_rates import Throttled
from domain.errors import InputError, MilepostError, StoreError

# SDKs give up ten seconds after they began, so this is shorter than what HTTP's senders are told.
RETRY_DELAY = Duration(seconds=1)
_SECONDS_TO_STOP = 5
_SERVICES = {
    Signal.TRACES: "opentelemetry.proto.collector.trace.v1.TraceService",
    Signal.LOGS: "opentelemetry.proto.collector.logs.v1.LogsService",
    Signal.METRICS: "opentelemetry.proto.collector.metrics.v1.MetricsService",
}
_OPTIONS = (
    ("grpc.max_receive_message_length", LARGEST_BODY),
    # Otherwise a second process may listen on the same port, and half of what is sent goes astray.
    ("grpc.so_reuseport", 0),
)
Context = grpc.aio.ServicerContext[bytes, bytes]


class GrpcServer:
    """A gRPC server on a thread of its own that takes OTLP for the collector."""

    def __init__(self, collector: Collector, host: str, port: int, setting: str) -> None:
        """Listens at once; MilepostError names the setting to change where the port cannot be had."""
        self._collector = collector
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="collector grpc", daemon=True)
        self._server = self._loop.run_until_complete(self._build())
        where = f"[{host}]" if ":" in host else host
        try:
            self.port = self._server.add_insecure_port(f"{where}:{port}")
        except RuntimeError:
            self._loop.run_until_complete(self._server.stop(None))
            self._loop.close()
            raise MilepostError(
                f"port {port} on {host} is taken; stop what uses it or set {setting} to another"
            ) from None
        self.address = f"{where}:{self.port}"

    def start(self) -> None:
        """Serves from now on."""
        self._loop.run_until_complete(self._server.start())
        self._thread.start()

    def stop(self) -> None:
        """Answers what is being served, then ends."""
        asyncio.run_coroutine_threadsafe(self._server.stop(_SECONDS_TO_STOP), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _build(self) -> grpc.aio.Server:
        server = grpc.aio.server(options=_OPTIONS)
        for signal, service in _SERVICES.items():
            # Without serializers bodies are the bytes that came.
            export: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(
                partial(self._export, signal)
            )
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": export}),))
        return server

    async def _export(self, signal: Signal, body: bytes, context: Context) -> bytes:
        caller = await self._admit(signal, context)
        try:
            try:
                return await self._collector.otlp.take(signal, otlp.PROTOBUF, body, caller)
            except InputError as error:
                # What was in the message is what HTTP would have brought, and may be replayed as such.
                await self._collector.keep_refused(signal, error, otlp.PROTOBUF, (), body)
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except SignalNotTaken as error:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
        except Throttled as error:
            await _put_off(context, str(error), Duration(seconds=error.retry_after))
        except (Overloaded, StoreError) as error:
            await _put_off(context, self._collector.busy(signal, error))

    async def _admit(self, signal: Signal, context: Context) -> Caller | None:
        """The caller, where it has to be known; ends the call of one that may not come in."""
        metadata = dict(context.invocation_metadata() or ())
        given = metadata.get("authorization", "")
        authorization = given.encode("latin-1", "replace") if isinstance(given, str) else given
        admitted = self._collector.access.admit_call(f"/v1/{signal}", authorization)
        if isinstance(admitted, Refusal):
            self._collector.metrics.refuse(signal, admitted.code)
            await _turn_away(context, admitted)
        return admitted


async def _turn_away(context: Context, refusal: Refusal) -> NoReturn:
    """Answers a caller that may not come in, or not yet."""
    if refusal.retry_after:
        await _put_off(context, refusal.reason, Duration(seconds=refusal.retry_after))
    is_known = refusal.status == HTTPStatus.FORBIDDEN
    code = grpc.StatusCode.PERMISSION_DENIED if is_known else grpc.StatusCode.UNAUTHENTICATED
    await context.abort(code, refusal.reason)


async def _put_off(context: Context, reason: str, delay: Duration = RETRY_DELAY) -> NoReturn:
    """Answers UNAVAILABLE with how soon to try again."""
    retry = RetryInfo(retry_delay=delay)
    status = Status(code=otlp.UNAVAILABLE, message=reason)
    status.details.add().Pack(retry)
    metadata = (
        ("grpc-status-details-bin", status.SerializeToString()),
        # Where the Python SDK looks, unlike the others.
        ("google.rpc.retryinfo-bin", retry.SerializeToString()),
    )
    await context.abort(grpc.StatusCode.UNAVAILABLE, reason, trailing_metadata=metadata)
