"""A cluster in memory, for tests of code that asks one."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from argosy_cluster.cluster import (
    Change,
    Document,
    Listing,
    Resource,
    StaleVersionError,
    WatchEvent,
)
from argosy_cluster.resources import NAMESPACES
from argosy_schemas.errors import (
    ArgosyError,
    MissingNameError,
    MissingObjectError,
    NameTakenError,
)

_BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)


class FakeCluster:
    """One namespace that keeps what it is given.

    It checks nothing that is in a document. Each new object is a second younger than the one
    before.

    Attributes:
        calls: The verbs so far, each with the kind and the name of its object.
        failures: What a call of a verb on a kind raises, e.g. ``("create", "workflows")``, instead
            of what it does; the first of a list is raised by the next call.
        denied: What reviews of rights refuse: the user, empty for the caller, the verb, and the
            kind with its subresource behind a slash.
        members: The namespaces in which reviews of rights allow a user anything; who is not in it
            has them in all.
        tokens: What reviews of tokens accept: user and audience of each.
        reviewed: The documents of reviews so far.
        logs: What ``read_log`` yields, by pod and container; lines may begin with their times.
        paths: What ``read_path`` returns.
        events_per_watch: After how many changes a watch is cut; ``None``: when there is no more.
        before_watch: Called before each watch, so that something happens while one waits.
        before_answer: Called once an object was created, before its creator hears of it.
        before_delete: Called before an object is deleted.
    """

    def __init__(self, *, name: str = "fake", namespace: str = "ml") -> None:
        self.name = name
        self.namespace = namespace
        self.options = ("-n", namespace)
        self.calls: list[tuple[str, str, str]] = []
        self.failures: dict[tuple[str, str], list[ArgosyError]] = {}
        self.denied: set[tuple[str, str, str]] = set()
        self.members: dict[str, set[str]] = {}
        self.tokens: dict[str, tuple[str, str]] = {}
        self.reviewed: list[Document] = []
        self.logs: dict[tuple[str, str], bytes] = {}
        self.paths: dict[str, Document] = {"/version": {"gitVersion": "v1.34.0"}}
        self.events_per_watch: int | None = None
        self.before_watch: Callable[[], object] = lambda: None
        self.before_answer: Callable[[], object] = lambda: None
        self.before_delete: Callable[[], object] = lambda: None
        self._lock = threading.RLock()
        self._objects: dict[str, dict[str, dict[str, Any]]] = {
            NAMESPACES.name: {namespace: {"metadata": {"name": namespace}}}
        }
        """By kind and name; the namespace itself is there from the beginning."""
        self._history: list[tuple[int, str, WatchEvent]] = []
        self._version = 0
        self._oldest_version = 0

    # What a test does.

    def put(self, resource: Resource, document: Document) -> Document:
        """Create or replace an object, as somebody else would."""
        with self._lock:
            metadata: Any = document["metadata"]
            known = metadata["name"] in self._objects.get(resource.name, {})
            return self._store(resource, document, Change.MODIFIED if known else Change.ADDED)

    def forget_history(self) -> None:
        """Make every watch from a version before now stale."""
        with self._lock:
            self._oldest_version = self._version
            self._history.clear()

    # The methods of `Cluster` are documented there, once.

    def create(self, resource: Resource, document: Document, *, dry_run: bool = False) -> Document:
        if resource.group in ("authorization.k8s.io", "authentication.k8s.io"):
            self._begin("create", resource, "")
            self.reviewed.append(document)
            is_token = resource.group == "authentication.k8s.io"
            review = self._review_token if is_token else self._review_right
            return {**document, "status": review(document)}
        metadata: Any = dict(document["metadata"])  # type: ignore[arg-type]
        name = metadata.get("name") or f"{metadata['generateName']}{uuid.uuid4().hex[:5]}"
        with self._lock:
            self._begin("create", resource, name)
            if name in self._objects.get(resource.name, {}):
                raise NameTakenError(f"'{name}' exists already")
            metadata = {
                "uid": str(uuid.uuid4()),
                "creationTimestamp": self._now(),
                "namespace": self.namespace,
                **metadata,
                "name": name,
            }
            made = {**document, "metadata": metadata}
            if dry_run:
                return made
            stored = self._store(resource, made, Change.ADDED)
        self.before_answer()
        return stored

    def get(self, resource: Resource, name: str) -> Document:
        with self._lock:
            self._begin("get", resource, name)
            return self._object(resource, name)

    def list(self, resource: Resource, *, labels: str = "", fields: str = "") -> Listing:
        with self._lock:
            self._begin("list", resource, "")
            objects = self._objects.get(resource.name, {})
            found = [objects[name] for name in sorted(objects)]
            selected = (each for each in found if _is_selected(each, labels, fields))
            return Listing(items=tuple(selected), version=str(self._version))

    def list_rows(self, resource: Resource, *, labels: str = "") -> Iterator[Document]:
        for item in self.list(resource, labels=labels).items:
            status: Any = item.get("status") or {}
            cells = {name: status.get(key) for name, key in _COLUMNS.items()}
            metadata: Any = item["metadata"]
            yield {**metadata, "cells": cells}

    def watch(
        self, resource: Resource, *, version: str, labels: str = "", fields: str = ""
    ) -> Iterator[WatchEvent]:
        self.before_watch()
        with self._lock:
            self._begin("watch", resource, "")
            if int(version) < self._oldest_version:
                raise StaleVersionError("too old resource version")
            events = [
                event
                for number, kind, event in self._history
                if kind == resource.name
                and number > int(version)
                and _is_selected(event.document, labels, fields)
            ]
        yield from events[: self.events_per_watch]

    def patch(self, resource: Resource, name: str, patch: Document) -> Document:
        with self._lock:
            self._begin("patch", resource, name)
            return self._store(
                resource, _merge(self._object(resource, name), patch), Change.MODIFIED
            )

    def delete(self, resource: Resource, name: str) -> None:
        self.before_delete()
        with self._lock:
            self._begin("delete", resource, name)
            found = self._object(resource, name)
            self._store(resource, found, Change.DELETED)
            del self._objects[resource.name][name]

    def read_log(
        self,
        pod: str,
        container: str,
        *,
        tail: int | None = None,
        since: str | None = None,
        timestamps: bool = False,
    ) -> Iterator[bytes]:
        self.calls.append(("log", pod, container))
        try:
            whole = self.logs[pod, container]
        except KeyError:
            raise MissingObjectError(f"there is no pod '{pod}'") from None
        for line in whole.splitlines(keepends=True)[0 if tail is None else -tail :]:
            at, text = _split_time(line)
            # The API server compares whole seconds.
            if since is None or at[:19] >= since.encode()[:19]:
                yield line if timestamps else text

    def read_path(self, path: str) -> Document:
        self.calls.append(("get", path, ""))
        failures = self.failures.get(("get", path))
        if failures:
            raise failures.pop(0)
        try:
            return self.paths[path]
        except KeyError:
            raise MissingObjectError(f"there is nothing at '{path}'") from None

    def close(self) -> None:
        self.calls.append(("close", "", ""))

    def _begin(self, verb: str, resource: Resource, name: str) -> None:
        self.calls.append((verb, resource.plural, name))
        failures = self.failures.get((verb, resource.plural))
        if failures:
            raise failures.pop(0)

    def _review_right(self, document: Document) -> dict[str, Any]:
        spec: Any = document["spec"]
        asked, user = spec["resourceAttributes"], spec.get("user", "")
        kind = "/".join(filter(None, (asked["resource"], asked.get("subresource"))))
        is_member = user not in self.members or asked["namespace"] in self.members[user]
        return {"allowed": is_member and (user, asked["verb"], kind) not in self.denied}

    def _review_token(self, document: Document) -> dict[str, Any]:
        spec: Any = document["spec"]
        user, audience = self.tokens.get(spec["token"], ("", ""))
        if audience not in spec["audiences"]:
            return {"authenticated": False}
        return {"authenticated": True, "user": {"username": user}, "audiences": [audience]}

    def _object(self, resource: Resource, name: str) -> dict[str, Any]:
        try:
            return self._objects[resource.name][name]
        except KeyError:
            raise MissingNameError(
                f"there is no {resource.plural.removesuffix('s')} '{name}' in namespace "
                f"'{self.namespace}' of cluster '{self.name}'"
            ) from None

    def _store(self, resource: Resource, document: Document, change: Change) -> Document:
        self._version += 1
        metadata: Any = document["metadata"]
        stored = {**document, "metadata": {**metadata, "resourceVersion": str(self._version)}}
        self._objects.setdefault(resource.name, {})[metadata["name"]] = stored
        event = WatchEvent(change=change, document=stored)
        self._history.append((self._version, resource.name, event))
        return stored

    def _now(self) -> str:
        at = _BEGINNING + timedelta(seconds=self._version)
        return at.isoformat().replace("+00:00", "Z")


def _split_time(line: bytes) -> tuple[bytes, bytes]:
    """Return the time that a line of a log begins with, and the rest."""
    found = re.match(rb"(\d{4}-\d\d-\d\dT[\d:.]+Z) ?", line)
    return (b"", line) if found is None else (found[1], line[found.end() :])


_COLUMNS: Final = {"status": "phase", "message": "message"}
"""Of a workflow."""


def _is_selected(document: Document, labels: str, fields: str) -> bool:
    metadata: Any = document["metadata"]
    has: Mapping[str, str] = metadata.get("labels") or {}
    for term in filter(None, labels.split(",")):
        if term.startswith("!"):
            if term[1:] in has:
                return False
        elif "!=" in term:
            key, _, value = term.partition("!=")
            if has.get(key) == value:
                return False
        elif "=" in term:
            key, _, value = term.partition("=")
            if has.get(key) != value.removeprefix("="):
                return False
        elif term not in has:
            return False
    for term in filter(None, fields.split(",")):
        path, _, value = term.partition("=")
        found: Any = document
        for part in path.split("."):
            found = found.get(part) if found else None
        if str(found) != value:
            return False
    return True


def _merge(document: Any, patch: Any) -> dict[str, Any]:
    """Return a document with a JSON merge patch (RFC 7396) in it."""
    merged = dict(document)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = _merge(merged.get(key) or {}, value)
        else:
            merged[key] = value
    return merged
