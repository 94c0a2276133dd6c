"""A cluster by the API of Kubernetes."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from argosy_cluster.cluster import (
    Change,
    Document,
    Listing,
    Resource,
    StaleVersionError,
    WatchEvent,
)
from argosy_cluster.kubernetes.connection import ANSWER_SECONDS, Answer, Connections
from argosy_cluster.kubernetes.kubeconfig import ApiAccess
from argosy_cluster.kubernetes.refusals import BUSY, make_refusal, read_message
from argosy_cluster.kubernetes.requests import (
    PAGE_SIZE,
    TABLE,
    WATCH_SECONDS,
    Request,
    make_request,
)
from argosy_cluster.resources import PODS
from argosy_schemas.errors import (
    ClusterError,
    MissingObjectError,
    RefusedObjectError,
    UnreachableClusterError,
)

PATIENCE_SECONDS: Final = 15.0
"""How long a call is tried while the API server does not answer or is busy: a person waits."""
_FIRST_PAUSE_SECONDS: Final = 0.2
_WATCH_SILENCE_SECONDS: Final = 90.0
"""The API server sends a bookmark about once a minute."""
_LOG_PIECE_BYTES: Final = 64 * 1024


class KubernetesCluster:
    """One namespace of a real cluster. For several threads."""

    def __init__(
        self,
        access: ApiAccess,
        *,
        namespace: str | None = None,
        options: Sequence[str] = (),
        patience_seconds: float = PATIENCE_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Ask nothing yet.

        Args:
            access: Of its API server.
            namespace: ``None``: that of the context.
            options: Those that choose the cluster; none: it is the one that is taken without any.
            patience_seconds: How long a call is tried.
            answer_seconds: How long an answer may take to begin, and to go on.
            monotonic: The clock.
            sleep: Waits for some seconds.
        """
        self.name = access.name
        self.namespace = namespace or access.namespace
        self.options = ("-n", self.namespace, *options)
        self._connections = Connections(access, answer_seconds=answer_seconds)
        self._patience_seconds = patience_seconds
        self._monotonic = monotonic
        self._sleep = sleep

    # The methods of `Cluster` are documented there, once.

    def create(self, resource: Resource, document: Document, *, dry_run: bool = False) -> Document:
        metadata: Any = document.get("metadata") or {}
        request = make_request(
            "create",
            resource,
            self.namespace,
            name=str(metadata.get("name") or ""),
            query={"dryRun": "All" if dry_run else "", "fieldManager": "argosy"},
            document=document,
        )
        return self._read(request)

    def get(self, resource: Resource, name: str) -> Document:
        return self._read(make_request("get", resource, self.namespace, name=name))

    def list(self, resource: Resource, *, labels: str = "", fields: str = "") -> Listing:
        items: list[Document] = []
        version = ""
        for page in self._pages(resource, {"labelSelector": labels, "fieldSelector": fields}):
            items += page.get("items") or ()
            # That of the first page: what changed while the others came is told by a watch.
            version = version or str(page["metadata"].get("resourceVersion") or "")
        return Listing(items=tuple(items), version=version)

    def list_rows(self, resource: Resource, *, labels: str = "") -> Iterator[Document]:
        query = {"labelSelector": labels, "includeObject": "Metadata"}
        columns: list[str] = []
        for page in self._pages(resource, query, accept=TABLE):
            if page.get("kind") != "Table":
                # A server or proxy that knows no tables gives whole objects.
                yield from ({**item["metadata"], "cells": {}} for item in page.get("items") or ())
                continue
            # Only the first page has definitions.
            columns = [
                str(each["name"]).lower() for each in page.get("columnDefinitions") or ()
            ] or columns
            for row in page.get("rows") or ():
                cells = dict(zip(columns, row["cells"], strict=False))
                yield {**row["object"]["metadata"], "cells": cells}

    def watch(
        self, resource: Resource, *, version: str, labels: str = "", fields: str = ""
    ) -> Iterator[WatchEvent]:
        request = make_request(
            "watch",
            resource,
            self.namespace,
            query={
                "watch": "true",
                "resourceVersion": version,
                "labelSelector": labels,
                "fieldSelector": fields,
                "allowWatchBookmarks": "true",
                "timeoutSeconds": str(WATCH_SECONDS),
            },
        )
        with self._connections.stream(request, silence_seconds=_WATCH_SILENCE_SECONDS) as response:
            self._check_stream(response, request)
            for line in _lines(response):
                event: Any = self._parse(line, request)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise self._refusal(
                        int(status.get("code") or 500), json.dumps(status).encode(), request
                    )
                yield WatchEvent(change=Change(event["type"]), document=event["object"])

    def patch(self, resource: Resource, name: str, patch: Document) -> Document:
        return self._read(
            make_request(
                "patch",
                resource,
                self.namespace,
                name=name,
                query={"fieldManager": "argosy"},
                document=patch,
                content_type="application/merge-patch+json",
            )
        )

    def delete(self, resource: Resource, name: str) -> None:
        query = {"propagationPolicy": "Background"}
        self._read(make_request("delete", resource, self.namespace, name=name, query=query))

    def read_log(
        self,
        pod: str,
        container: str,
        *,
        tail: int | None = None,
        since: str | None = None,
        timestamps: bool = False,
    ) -> Iterator[bytes]:
        request = make_request(
            "get",
            PODS,
            self.namespace,
            name=pod,
            subresource="log",
            query={
                "container": container,
                "tailLines": "" if tail is None else str(tail),
                "sinceTime": since or "",
                "timestamps": "true" if timestamps else "",
            },
        )
        with self._connections.stream(request, silence_seconds=ANSWER_SECONDS) as response:
            self._check_stream(response, request)
            while piece := _read_piece(response):
                yield piece

    def read_path(self, path: str) -> Document:
        return self._read(Request(method="GET", path=path, verb="get", query={}))

    def close(self) -> None:
        self._connections.close()

    def _pages(
        self, resource: Resource, query: Mapping[str, str], *, accept: str = "application/json"
    ) -> Iterator[Mapping[str, Any]]:
        token = ""
        while True:
            request = make_request(
                "list",
                resource,
                self.namespace,
                query={**query, "limit": str(PAGE_SIZE), "continue": token},
                accept=accept,
            )
            answer = self._call(request)
            if answer.status == 410 and token:
                # The list is too old to go on exactly; the API server offers to go on with the
                # newest objects.
                token = _token(self._parse(answer.body, request))
                if token:
                    continue
            page: Mapping[str, Any] = self._check(answer, request)
            yield page
            token = _token(page)
            if not token:
                return

    def _read(self, request: Request) -> Document:
        return self._check(self._call(request), request)

    def _call(self, request: Request) -> Answer:
        """Return an answer that does not mean "later"; try as long as the patience lasts."""
        deadline = self._monotonic() + self._patience_seconds
        pause = _FIRST_PAUSE_SECONDS
        may_renew = True
        while True:
            answer: Answer | None = None
            failure: ClusterError | StaleVersionError
            wait = pause
            try:
                answer = self._connections.call(request)
            except UnreachableClusterError as error:
                failure = error
            else:
                if answer.status == 401 and may_renew and self._connections.renew_credentials():
                    may_renew = False
                    continue
                after = _seconds(answer.headers.get("retry-after"))
                if answer.status < 300 or (answer.status not in BUSY and after is None):
                    return answer
                failure = self._refusal(answer.status, answer.body, request)
                wait = max(pause, after or 0.0)
            # Many clients must not come back at the same moment.
            wait *= random.uniform(1.0, 1.25)
            if self._monotonic() + wait > deadline:
                raise failure
            self._sleep(wait)
            pause = min(pause * 2, 5.0)

    def _check(self, answer: Answer, request: Request) -> Document:
        if answer.status >= 300:
            raise self._refusal(answer.status, answer.body, request)
        return self._parse(answer.body, request)

    def _parse(self, text: bytes, request: Request) -> Document:
        try:
            document: Any = json.loads(text)
        except ValueError as error:
            raise RefusedObjectError(
                f"'{self.name}' answers {request.path} with something that is not JSON; check that "
                "the server of the kubeconfig is an API server of Kubernetes"
            ) from error
        found: Document = document
        return found

    def _check_stream(self, response: http.client.HTTPResponse, request: Request) -> None:
        if response.status < 300:
            return
        body = response.read()
        if response.status == 400 and request.subresource == "log":
            raise MissingObjectError(f"pod '{request.name}' has no log yet: {read_message(body)}")
        raise self._refusal(response.status, body, request)

    def _refusal(
        self, code: int, body: bytes, request: Request
    ) -> ClusterError | StaleVersionError:
        return make_refusal(code, body, request, cluster=self.name, namespace=self.namespace)


def _token(page: Mapping[str, Any]) -> str:
    """Return what continues a list; empty: it is whole."""
    metadata: Mapping[str, Any] = page.get("metadata") or {}
    return str(metadata.get("continue") or "")


def _lines(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield whole lines until the connection ends, in whatever way."""
    while True:
        try:
            line = response.readline()
        except (OSError, http.client.HTTPException, ValueError):
            return
        if not line.endswith(b"\n"):
            return
        if line.strip():
            yield line


def _read_piece(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(_LOG_PIECE_BYTES)
    except (OSError, http.client.HTTPException, ValueError):
        return b""


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() else None
