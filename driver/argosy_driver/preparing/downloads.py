"""Download input artifacts to the paths at which the component sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from argosy_driver.preparing.executor_input import SeenArtifact
from argosy_driver.preparing.paths import ComponentPaths, is_stored
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Artifact, ContentKind, Reason
from argosy_schemas.names import TaskPath
from argosy_schemas.values import to_json
from argosy_store.parallel import for_each
from argosy_store.stores import Stores
from argosy_store.transfer import download

_AT_A_TIME = 4
"""Artifacts; each is transferred by several threads of its own."""


def download_inputs(
    inputs: Mapping[str, Sequence[SeenArtifact]],
    *,
    stores: Stores,
    paths: ComponentPaths,
    task_path: TaskPath,
) -> None:
    """Copy input artifacts to the paths at which the component sees them, each URI once.

    Artifacts whose scheme no store can read are skipped.

    Raises:
        FinalTaskError: There is nothing at the URI of an artifact. An importer does not look, since
            it has no pod, so its first reader does.
        StoreError: A store refused or did not answer.
    """
    wanted: dict[str, tuple[str, Artifact]] = {}
    for name, artifacts in inputs.items():
        for each in artifacts:
            content = each.artifact.content
            is_absent = content is not None and content.kind is ContentKind.ABSENT
            if each.location.path is not None and not is_absent and is_stored(each.artifact.uri):
                wanted.setdefault(each.location.path, (name, each.artifact))

    def fetch(path: str) -> None:
        name, artifact = wanted[path]
        found = download(stores, artifact.uri, paths.local_path(path))
        expected = artifact.content
        if found.kind is not ContentKind.ABSENT or (expected is not None and not expected.files):
            return
        where = f"task '{task_path}': input artifact '{name}'"
        raise FinalTaskError(
            f"{where} does not exist at '{artifact.uri}'; correct the URI, or put something there"
            if expected is None
            else f"{where} is gone from '{artifact.uri}'; run the task that made it again",
            reason=Reason.INVALID_INPUT,
        )

    remote = any(not artifact.uri.startswith("file:") for _, artifact in wanted.values())
    for_each(fetch, wanted, width=min(len(wanted), _AT_A_TIME) if remote else 1)


def get_imported_version(artifact: Artifact, stores: Stores) -> str:
    """Return a text that identifies the version of an artifact that no task of ours wrote.

    It is size and etag of the object; for a directory, a digest of all objects. It is empty for an
    artifact that a task wrote, because its URI is new each time, and where no store can tell.

    Raises:
        StoreError: A store refused or did not answer.
    """
    if artifact.content is not None or not is_stored(artifact.uri):
        return ""
    store, key = stores.resolve(artifact.uri)
    info = store.head(key) if key else None
    if info is not None:
        return f"{info.size_bytes}:{info.etag or ''}"
    found = [[each.key, each.size_bytes, each.etag] for each in store.list(key)]
    return hashlib.sha256(to_json(found).encode()).hexdigest() if found else ""
