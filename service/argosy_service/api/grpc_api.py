"""The gRPC API: each method of the ``.proto`` files, with reflection and health."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from argosy_schemas.errors import ArgosyError
from argosy_schemas.logger import Logger
from argosy_service.access.access import Caller
from argosy_service.api.methods import Method, list_methods
from argosy_service.api.request_log import (
    REQUEST_ID,
    Recorder,
    choose_request_id,
    describe_bug,
)
from argosy_service.errors import Code, ServiceError
from argosy_service.resources.context import Call, Context

_LOGGER: Final = Logger("service.grpc")
_THREADS: Final = 8
_STATUS: Final = {code.value[0]: code for code in grpc.StatusCode}
_NO_LIMIT: Final = -1


class GrpcServer:
    """The API on a port of its own."""

    def __init__(
        self,
        context: Context,
        recorder: Recorder,
        address: str,
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        """Bind to ``address``, ``HOST:PORT``; port 0 takes a free one.

        Args:
            context: What it answers from.
            recorder: Is told of each request.
            address: Where it listens.
            credentials: What it shows; ``None``: it speaks without TLS.

        Raises:
            OSError: The port is taken, or the address is none of this machine.
        """
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="grpc")
        self._server = grpc.server(
            self._threads,
            options=[
                ("grpc.max_receive_message_length", _NO_LIMIT),
                ("grpc.max_send_message_length", _NO_LIMIT),
                ("grpc.so_reuseport", 0),
            ],
        )
        names = _add_methods(self._server, context, recorder)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        for name in ("", *names):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        reflection.enable_server_reflection(
            [*names, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server
        )
        self.port = self._listen(address, credentials)
        """The port that it listens on."""

    def _listen(self, address: str, credentials: grpc.ServerCredentials | None) -> int:
        try:
            if credentials is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise OSError(str(error)) from error

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self, grace_seconds: float) -> None:
        """Answer what came already, for at most ``grace_seconds``, and end."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace_seconds).wait()
        self._threads.shutdown(wait=False)


def _add_methods(server: grpc.Server, context: Context, recorder: Recorder) -> tuple[str, ...]:
    """Add all methods to a server; return the names of the services."""
    handlers: dict[str, dict[str, grpc.RpcMethodHandler[Any, Any]]] = defaultdict(dict)
    for method in list_methods():
        handlers[method.service][method.name] = grpc.unary_unary_rpc_method_handler(
            _make_handler(context, method, recorder),
            request_deserializer=method.request.FromString,
            response_serializer=method.response.SerializeToString,
        )
    server.add_generic_rpc_handlers(
        tuple(grpc.method_handlers_generic_handler(name, each) for name, each in handlers.items())
    )
    return tuple(handlers)


def _identify(context: Context, method: Method, call: grpc.ServicerContext) -> Caller:
    if method.is_free:
        return Caller()
    metadata = call.invocation_metadata()
    return context.access.identify(
        [(name, value) for name, value in metadata if isinstance(value, str)]
    )


def _make_handler(
    context: Context, method: Method, recorder: Recorder
) -> Callable[[Message, grpc.ServicerContext], Message]:
    def handle(request: Message, call: grpc.ServicerContext) -> Message:
        begun_at = time.perf_counter()
        given = dict(call.invocation_metadata()).get(REQUEST_ID)
        request_id = choose_request_id(given if isinstance(given, str) else None)
        call.send_initial_metadata(((REQUEST_ID, request_id),))
        caller, code, details = Caller(), grpc.StatusCode.OK, {"peer": call.peer()}
        try:
            caller = _identify(context, method, call)
            return method.call(context, request, Call(caller=caller))
        except ArgosyError as error:
            known = error.code if isinstance(error, ServiceError) else Code.INVALID_ARGUMENT
            code = _STATUS[known]
            call.abort(code, str(error))
        except Exception as error:  # the edge: an unknown error is a bug of the service
            _LOGGER.info("%s failed: %r", method.name, error)
            what = f"{type(error).__name__}: {error}"
            code, details = grpc.StatusCode.INTERNAL, {**details, "error": what}
            call.abort(code, describe_bug(method.name, error, request_id))
        finally:
            recorder.record(
                request_id=request_id,
                transport="grpc",
                method=method.name,
                code=code.name,
                seconds=time.perf_counter() - begun_at,
                caller=caller,
                details=details,
            )

    return handle
