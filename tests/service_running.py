"""A service in a thread of the tests, and a client of its REST API."""

from __future__ import annotations

import http.client
import json
import queue
import threading
import urllib.parse
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc
from google.protobuf.message import Message

from argosy_service.access.access import AccessPolicy
from argosy_service.database.database import open_database
from argosy_service.database.tables import COUNTERS, METADATA, RUN_COUNTS
from argosy_service.engines.argo.settings import ArgoSettings
from argosy_service.engines.fakes import FakeLogs
from argosy_service.resources.changes import Changes
from argosy_service.resources.context import Context
from argosy_service.resources.experiments import ensure_default_experiment
from argosy_service.serve import RunningService, serve
from argosy_service.settings import ServiceSettings

API = "/apis/v2beta1"
_RESOURCES = ("/experiments", "/pipelines", "/runs", "/recurringruns")
PACKAGE = "kubeflow.pipelines.backend.api.v2beta1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the service answered."""

    status: int
    body: Any
    """The JSON, else the text."""
    headers: Mapping[str, str]
    """Names in lower case."""

    @property
    def message(self) -> str:
        """Of an error."""
        text: str = self.body["message"]
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Asks a service."""

    service: RunningService
    settings: ServiceSettings

    def clear(self) -> None:
        """Empty the database of the service."""
        database = open_database(self.settings.database_url)
        with database.write() as connection:
            for table in METADATA.sorted_tables:
                # Revisions only rise: who waits for a change knows them.
                if table is not COUNTERS:
                    connection.execute(table.delete())
            # Once more: the runs that went were counted.
            connection.execute(RUN_COUNTS.delete())
        ensure_default_experiment(
            Context(
                database=database,
                clock=lambda: datetime.now(UTC),
                changes=Changes(),
                logs=FakeLogs(),
            )
        )
        database.close()

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to a request; ``body`` is bytes, or a value that is sent as JSON."""
        port = self.service.http_port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            text = urllib.parse.urlencode(query or {})
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            target = (
                f"{API}{path}"
                if path.startswith(("/experiments", "/pipelines", "/runs", "/recurringruns"))
                else path
            )
            connection.request(
                method, f"{target}?{text}" if text else target, data, dict(headers or {})
            )
            response = connection.getresponse()
            content = response.read()
            is_json = response.headers.get_content_type() == "application/json"
            return Answer(
                status=response.status,
                body=json.loads(content) if is_json else content.decode(),
                headers={name.lower(): value for name, value in response.getheaders()},
            )
        finally:
            connection.close()

    def get(self, path: str, **query: object) -> Any:
        """Return the body of a GET that succeeds."""
        return self._succeed("GET", path, None, query)

    def post(self, path: str, body: object = None, **query: object) -> Any:
        """Return the body of a POST that succeeds."""
        return self._succeed("POST", path, body, query)

    def _succeed(self, method: str, path: str, body: object, query: Mapping[str, object]) -> Any:
        answer = self.ask(method, path, body, query=query)
        assert answer.status == 200, answer
        return answer.body


def call_grpc(
    client: Client,
    service: str,
    method: str,
    request: Message,
    response: type[Message],
    *,
    metadata: Sequence[tuple[str, str]] = (),
) -> Any:
    """Return the response of a method over gRPC."""
    with grpc.insecure_channel(f"127.0.0.1:{client.service.grpc_port}") as channel:
        ask: Callable[..., Message] = channel.unary_unary(
            f"/{PACKAGE}.{service}/{method}",
            request_serializer=_serialize,
            response_deserializer=response.FromString,
        )
        return ask(request, metadata=tuple(metadata), timeout=60)


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


@contextmanager
def run_service(
    settings: ServiceSettings,
    argo: ArgoSettings | None = None,
    *,
    access: AccessPolicy | None = None,
) -> Generator[Client]:
    """Yield a client of a service that ends with the block."""
    ready = queue.SimpleQueue[RunningService | BaseException]()

    def work() -> None:
        try:
            serve(settings, argo=argo, access=access, on_ready=ready.put)
        except BaseException as error:
            ready.put(error)

    thread = threading.Thread(target=work)
    thread.start()
    service = ready.get(timeout=60)
    if isinstance(service, BaseException):
        thread.join()
        raise service
    try:
        yield Client(service=service, settings=settings)
    finally:
        service.stop()
        thread.join()
