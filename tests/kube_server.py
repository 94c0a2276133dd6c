"""A small API server of Kubernetes for tests: it keeps objects, and is strict about what is asked.

It answers what the real one answers, as read in its ``Status`` objects: paths of kinds that it does
not know, missing bodies, wrong content types and unknown query parameters are errors. Tests can
let it refuse, be busy, cut watches, and forget versions.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
import time
import urllib.parse
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Json = dict[str, Any]

KINDS = {
    "/apis/argoproj.io/v1alpha1": {"workflows": "Workflow"},
    "/api/v1": {
        "pods": "Pod",
        "events": "Event",
        "configmaps": "ConfigMap",
        "secrets": "Secret",
        "serviceaccounts": "ServiceAccount",
        "namespaces": "Namespace",
        "resourcequotas": "ResourceQuota",
        "limitranges": "LimitRange",
    },
    "/apis/apps/v1": {"deployments": "Deployment"},
    "/apis/authorization.k8s.io/v1": {
        "selfsubjectaccessreviews": "SelfSubjectAccessReview",
        "localsubjectaccessreviews": "LocalSubjectAccessReview",
    },
}
QUERIES = {
    "create": {"dryRun", "fieldManager"},
    "get": set[str](),
    "list": {"labelSelector", "fieldSelector", "limit", "continue", "includeObject"},
    "watch": {
        "watch",
        "resourceVersion",
        "labelSelector",
        "fieldSelector",
        "allowWatchBookmarks",
        "timeoutSeconds",
    },
    "patch": {"fieldManager"},
    "delete": {"propagationPolicy"},
    "log": {"container", "follow", "tailLines", "sinceTime", "timestamps"},
}
"""The query parameters that each verb may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canned:
    """An answer that a test has prepared."""

    code: int
    message: str = ""
    reason: str = ""
    details: Json = field(default_factory=Json)
    retry_after: int | None = None
    text: str | None = None
    """The body, if it is no ``Status``."""
    after: bool = False
    """Whether the call does its work before, and the answer is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request as the server understood it."""

    verb: str
    plural: str
    name: str
    query: dict[str, str]


class KubeServer(ThreadingHTTPServer):
    """One API server with the namespace ``ml``.

    Attributes:
        questions: All that was asked.
        canned: Prepared answers by verb; the first of a list answers the next call.
        token: What a client must present.
        logs: By pod and container; lines may begin with their times.
        watch_events: After how many events a watch is cut; ``None``: it waits for more.
        page_size: The most that one page of a list has.
        objects: By plural and name.
        paths: What is at paths that name no objects.
    """

    daemon_threads = True
    request_queue_size = 50

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.questions: list[Question] = []
        self.canned: dict[str, list[Canned]] = {}
        self.token = "let-me-in"
        self.logs: dict[tuple[str, str], bytes] = {}
        self.watch_events: int | None = None
        self.page_size = 500
        self.objects: dict[str, dict[str, Json]] = {
            plural: {} for kinds in KINDS.values() for plural in kinds
        }
        self.history: list[tuple[str, str, Json]] = []
        """Plural, change, object."""
        self.version = 100
        self.oldest_version = 0
        self.changed = threading.Condition()
        self.has_argo = True
        self.paths: dict[str, Json] = {
            "/version": {"gitVersion": "v1.34.4"},
            "/apis/argoproj.io/v1alpha1": {
                "resources": [{"name": "workflows"}, {"name": "workflowtaskresults"}]
            },
        }
        self.put("namespaces", {"metadata": {"name": "ml"}})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def write_kubeconfig(self, path: Path, **user: Any) -> Path:
        """Write a kubeconfig whose current context names this server."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [
                {"name": "test", "context": {"cluster": "c", "user": "u", "namespace": "ml"}}
            ],
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": user or {"token": self.token}}],
        }
        path.write_text(json.dumps(content))
        return path

    def put(self, plural: str, document: Json, change: str | None = None) -> Json:
        """Store an object as a controller would, and tell those who watch."""
        with self.changed:
            self.version += 1
            name = document["metadata"]["name"]
            known = name in self.objects[plural]
            stored = {
                **document,
                "metadata": {**document["metadata"], "resourceVersion": str(self.version)},
            }
            self.objects[plural][name] = stored
            self.history.append((plural, change or ("MODIFIED" if known else "ADDED"), stored))
            self.changed.notify_all()
            return stored

    def remove(self, plural: str, name: str) -> None:
        with self.changed:
            self.put(plural, self.objects[plural][name], "DELETED")
            del self.objects[plural][name]

    def forget_history(self) -> None:
        """Let watches from versions before now be stale."""
        with self.changed:
            self.oldest_version = self.version

    def asked(self, verb: str) -> list[Question]:
        return [each for each in self.questions if each.verb == verb]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: KubeServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def handle_all(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, strict_parsing=bool(url.query)))
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self.refuse(Canned(code=401, reason="Unauthorized", message="Unauthorized"))
            return
        if url.path in self.server.paths:
            self.answer(200, self.server.paths[url.path])
            return
        found = self.locate(url.path)
        if found is None:
            self.answer_text(404, "404 page not found\n")
            return
        plural, name, subresource = found
        verb = self.find_verb(name, subresource, query)
        self.server.questions.append(Question(verb=verb, plural=plural, name=name, query=query))
        unknown = query.keys() - QUERIES[verb]
        assert not unknown, f"{verb} has no query {unknown}"
        canned = self.server.canned.get(verb)
        prepared = canned.pop(0) if canned else None
        if prepared is None or prepared.after:
            answer = getattr(self, f"do_{verb}")
            if prepared is None:
                answer(plural, name, query, body)
                return
            quiet = self.answer
            self.answer = lambda code, document: None  # type: ignore[method-assign]
            answer(plural, name, query, body)
            self.answer = quiet  # type: ignore[method-assign]
        if prepared.code == 0:
            self.close_connection = True
            return
        self.refuse(prepared)

    do_GET = do_POST = do_PATCH = do_DELETE = handle_all

    def locate(self, path: str) -> tuple[str, str, str] | None:
        """Return kind, object and subresource that a path names."""
        for prefix, kinds in KINDS.items():
            if not path.startswith(f"{prefix}/"):
                continue
            parts = path.removeprefix(f"{prefix}/").split("/")
            if parts[0] == "namespaces" and len(parts) > 2:
                if parts[1] != "ml":
                    return None if parts[2] not in kinds else (parts[2], "", "elsewhere")
                parts = parts[2:]
            if parts[0] not in kinds or (parts[0] == "workflows" and not self.server.has_argo):
                return None
            name, subresource = [*parts[1:], "", ""][:2]
            return parts[0], urllib.parse.unquote(name), subresource
        return None

    def find_verb(self, name: str, subresource: str, query: dict[str, str]) -> str:
        if subresource == "log":
            return "log"
        if self.command == "GET":
            return "get" if name else "watch" if query.get("watch") == "true" else "list"
        return {"POST": "create", "PATCH": "patch", "DELETE": "delete"}[self.command]

    def do_create(self, plural: str, name: str, query: dict[str, str], body: bytes) -> None:
        assert self.headers["Content-Type"] == "application/json"
        document = json.loads(body)
        kind = next(kinds[plural] for kinds in KINDS.values() if plural in kinds)
        assert document["kind"] == kind, document["kind"]
        if kind.endswith("AccessReview"):
            self.answer(201, {**document, "status": {"allowed": True}})
            return
        metadata = document["metadata"]
        name = metadata.get("name") or metadata["generateName"] + uuid.uuid4().hex[:5]
        if name in self.server.objects[plural]:
            message = f'{plural}.argoproj.io "{name}" already exists'
            details = {"name": name, "kind": plural}
            self.refuse(Canned(code=409, reason="AlreadyExists", message=message, details=details))
            return
        made = {
            **document,
            "metadata": {
                "namespace": "ml",
                "uid": str(uuid.uuid4()),
                "creationTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                **metadata,
                "name": name,
            },
        }
        if query.get("dryRun") != "All":
            made = self.server.put(plural, made)
        self.answer(201, made)

    def do_get(self, plural: str, name: str, query: dict[str, str], body: bytes) -> None:
        found = self.server.objects[plural].get(name)
        if found is None:
            self.refuse_missing(plural, name)
        else:
            self.answer(200, found)

    def do_list(self, plural: str, name: str, query: dict[str, str], body: bytes) -> None:
        objects = self.server.objects[plural]
        found = [each for _, each in sorted(objects.items()) if _is_selected(each, query)]
        begin = int(query.get("continue") or 0)
        size = min(int(query.get("limit") or 10**9), self.server.page_size)
        page, rest = found[begin : begin + size], found[begin + size :]
        metadata: Json = {"resourceVersion": str(self.server.version)}
        if rest:
            metadata |= {"continue": str(begin + size), "remainingItemCount": len(rest)}
        if "as=Table" not in self.headers["Accept"]:
            self.answer(200, {"kind": "List", "metadata": metadata, "items": page})
            return
        assert query["includeObject"] == "Metadata"
        columns = [{"name": name} for name in ("Name", "Status", "Age", "Message")]
        rows = [
            {
                "cells": [
                    each["metadata"]["name"],
                    each.get("status", {}).get("phase"),
                    "5m",
                    each.get("status", {}).get("message"),
                ],
                "object": {"kind": "PartialObjectMetadata", "metadata": each["metadata"]},
            }
            for each in page
        ]
        table = {"kind": "Table", "metadata": metadata, "rows": rows}
        self.answer(200, table if begin else {**table, "columnDefinitions": columns})

    def do_watch(self, plural: str, name: str, query: dict[str, str], body: bytes) -> None:
        version = int(query["resourceVersion"])
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        if version < self.server.oldest_version:
            status = _status(Canned(code=410, reason="Expired", message="too old resource version"))
            self.send_chunk({"type": "ERROR", "object": status})
            self.wfile.write(b"0\r\n\r\n")
            return
        for sent, (change, document) in enumerate(self.changes(plural, version, query), 1):
            self.send_chunk({"type": change, "object": document})
            if sent == self.server.watch_events:
                # In the middle of a line, as a network cuts it.
                self.wfile.write(b'5\r\n{"typ\r\n')
                self.wfile.flush()
                return
        self.wfile.write(b"0\r\n\r\n")

    def changes(
        self, plural: str, version: int, query: dict[str, str]
    ) -> Iterator[tuple[str, Json]]:
        """Yield changes until nothing has happened for a second."""
        index = 0
        while True:
            with self.server.changed:
                if index == len(self.server.history) and not self.server.changed.wait(1):
                    return
                fresh, index = self.server.history[index:], len(self.server.history)
            for kind, change, document in fresh:
                newer = int(document["metadata"]["resourceVersion"]) > version
                if kind == plural and newer and _is_selected(document, query):
                    yield change, document

    def do_patch(self, plural: str, name: str, query: dict[str, str], body: bytes) -> None:
        assert self.headers["Content-Type"] == "application/merge-patch+json"
        with self.server.changed:
            found = self.server.objects[plural].get(name)
            if found is not None:
                found = self.server.put(plural, _merge(found, json.loads(body)))
        if found is None:
            self.refuse_missing(plural, name)
        else:
            self.answer(200, found)

    def do_delete(self, plural: str, name: str, query: dict[str, str], body: bytes) -> None:
        if name not in self.server.objects[plural]:
            self.refuse_missing(plural, name)
            return
        self.server.remove(plural, name)
        self.answer(200, {"kind": "Status", "status": "Success"})

    def do_log(self, plural: str, name: str, query: dict[str, str], body: bytes) -> None:
        text = self.server.logs.get((name, query["container"]))
        if text is None:
            if name in self.server.objects["pods"]:
                message = f'container "{query["container"]}" in pod "{name}" is waiting to start'
                self.refuse(Canned(code=400, reason="BadRequest", message=message))
            else:
                self.refuse_missing(plural, name)
            return
        lines = text.splitlines(keepends=True)
        if "sinceTime" in query:
            # Whole seconds are compared.
            lines = [line for line in lines if line[:19] >= query["sinceTime"].encode()[:19]]
        if query.get("timestamps") != "true":
            lines = [re.sub(rb"^\d{4}-\d\d-\d\dT[\d:.]+Z ", b"", line) for line in lines]
        text = b"".join(lines)
        if "tailLines" in query:
            text = b"".join(text.splitlines(keepends=True)[-int(query["tailLines"]) :])
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def refuse_missing(self, plural: str, name: str) -> None:
        message = f'{plural} "{name}" not found'
        details = {"name": name, "kind": plural}
        self.refuse(Canned(code=404, reason="NotFound", message=message, details=details))

    def refuse(self, canned: Canned) -> None:
        if canned.text is not None:
            self.answer_text(canned.code, canned.text, canned.retry_after)
        else:
            self.answer_text(canned.code, json.dumps(_status(canned)), canned.retry_after)

    def answer(self, code: int, document: Json) -> None:
        text = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        if len(text) > 100_000 and "gzip" in self.headers.get("Accept-Encoding", ""):
            text = gzip.compress(text, 1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def answer_text(self, code: int, text: str, retry_after: int | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(text.encode())))
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.end_headers()
        self.wfile.write(text.encode())

    def send_chunk(self, document: Json) -> None:
        text = json.dumps(document).encode() + b"\n"
        self.wfile.write(f"{len(text):x}\r\n".encode() + text + b"\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def _status(canned: Canned) -> Json:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": canned.code,
        "message": canned.message,
        "reason": canned.reason,
        "details": canned.details,
    }


def _is_selected(document: Json, query: dict[str, str]) -> bool:
    labels: dict[str, str] = document["metadata"].get("labels") or {}
    for term in filter(None, query.get("labelSelector", "").split(",")):
        key, _, value = term.partition("=")
        if (key.startswith("!") and key[1:] in labels) or (value and labels.get(key) != value):
            return False
        if not value and not key.startswith("!") and key not in labels:
            return False
    for term in filter(None, query.get("fieldSelector", "").split(",")):
        key, _, value = term.partition("=")
        assert key == "metadata.name", key
        if document["metadata"]["name"] != value:
            return False
    return True


def _merge(document: Any, patch: Any) -> Json:
    merged: Json = dict(document)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key, {}), value) if isinstance(value, dict) else value
    return merged


def basic(username: str, password: str) -> str:
    """Return the header of a login by name and password."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


@contextmanager
def kube_server() -> Generator[KubeServer]:
    """Run the server in this process."""
    with KubeServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
