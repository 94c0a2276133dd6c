"""Download input artifacts to the paths at which the component sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from argosy_driver.preparing.executor_input import SeenArtifact
from argosy_driver.preparing.paths import ComponentPaths, is_stored
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Artifact, ContentKind, Reason
from argosy_schemas.names import TaskPath
from argosy_store.parallel import for_each
from argosy_store.stores import Stores
from argosy_store.transfer import download, inspect_content, is_same_content

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
        FinalTaskError: At the URI of an artifact is nothing, or not what its task stored. An
            importer does not look, since it has no pod, so its first reader does.
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
        expected = artifact.content
        found = download(stores, artifact.uri, paths.local_path(path))
        if expected is not None and not is_same_content(found, expected):
            # Bytes may be damaged on the way, and a store may cut a listing short.
            found = download(stores, artifact.uri, paths.local_path(path))
        is_absent = found.kind is ContentKind.ABSENT
        if not is_absent if expected is None else is_same_content(found, expected):
            return
        where = f"task '{task_path}': input artifact '{name}'"
        if expected is None:
            problem = f"does not exist at '{artifact.uri}'; correct the URI, or put something there"
        elif is_absent:
            problem = f"is gone from '{artifact.uri}'; run the task that made it again"
        else:
            problem = f"at '{artifact.uri}' is not what its task stored; run that task again"
        raise FinalTaskError(f"{where} {problem}", reason=Reason.INVALID_INPUT)

    remote = any(not artifact.uri.startswith("file:") for _, artifact in wanted.values())
    for_each(fetch, wanted, width=min(len(wanted), _AT_A_TIME) if remote else 1)


def get_imported_version(artifact: Artifact, stores: Stores) -> str:
    """Return a text that identifies the version of an artifact that no task of ours wrote.

    It is the size and etag of its content; empty for an artifact that a task wrote, because its URI
    is new each time, and where no store can tell.

    Raises:
        StoreError: A store refused or did not answer.
    """
    if artifact.content is not None or not is_stored(artifact.uri):
        return ""
    content = inspect_content(stores, artifact.uri)
    return "" if content.kind is ContentKind.ABSENT else f"{content.size_bytes}:{content.etag}"
