"""Requests to the API of Kubernetes, as values."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from argosy_cluster.cluster import Document, Resource
from argosy_schemas.values import to_json

PAGE_SIZE: Final = 500
"""As kubectl has it: a page is some megabytes, and the API server stays responsive."""
TABLE: Final = "application/json;as=Table;g=meta.k8s.io;v=v1,application/json"
WATCH_SECONDS: Final = 240
"""How long the API server keeps a watch open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, and what messages say of it."""

    method: str
    path: str
    verb: str
    """As rules of Roles name it."""
    resource: Resource | None = None
    """``None``: a path without objects."""
    subresource: str = ""
    name: str = ""
    """Of the object; empty: of all."""
    query: Mapping[str, str]
    body: bytes | None = None
    content_type: str = "application/json"
    accept: str = "application/json"

    @property
    def target(self) -> str:
        """Return path and query."""
        return f"{self.path}?{urllib.parse.urlencode(self.query)}" if self.query else self.path


def make_request(
    verb: str,
    resource: Resource,
    namespace: str,
    *,
    name: str = "",
    subresource: str = "",
    query: Mapping[str, str] | None = None,
    document: Document | None = None,
    content_type: str = "application/json",
    accept: str = "application/json",
) -> Request:
    """Return the request for a verb on objects of one kind."""
    prefix = f"/apis/{resource.group}" if resource.group else "/api"
    parts = [prefix, resource.version]
    if resource.is_namespaced:
        parts += ["namespaces", urllib.parse.quote(namespace, safe="")]
    parts.append(resource.plural)
    # A new object is posted to its kind.
    for part in (name if verb != "create" else "", subresource):
        if part:
            parts.append(urllib.parse.quote(part, safe=""))
    return Request(
        method={"create": "POST", "patch": "PATCH", "delete": "DELETE"}.get(verb, "GET"),
        path="/".join(parts),
        verb=verb,
        resource=resource,
        subresource=subresource,
        name=name,
        query={key: value for key, value in (query or {}).items() if value},
        body=None if document is None else to_json(document).encode(),
        content_type=content_type,
        accept=accept,
    )
