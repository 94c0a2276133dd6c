"""Where a component sees its artifacts, parameters and the executor output file.

The SDK maps ``s3://b/k`` to ``/s3/b/k``, ``gs://`` to ``/gcs``, ``minio://`` to ``/minio``, and any
other URI to itself (``ir-semantics`` 7.3). On a cluster those directories are volumes of the pod.
On a machine they belong to nobody, so there the component is told local paths as URIs.

A custom path, with which a component wrote its artifact elsewhere, is not told to those who read
the artifact: the SDK never looks at it, and it may lie where no volume is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from argosy_driver.resolving.importers import WORKSPACE_MARK
from argosy_schemas.formats.records import Artifact
from argosy_schemas.names import ArtifactUri
from argosy_schemas.pod import SHARED_PATH, WORKSPACE_PATH
from argosy_schemas.sdk_paths import find_sdk_path

EXECUTOR_OUTPUT: Final = "executor_output.json"

_KNOWN_TO_SDK: Final = ("gs", "s3", "minio")
_STORED: Final = (*_KNOWN_TO_SDK, "az", "file", "memory")
"""Schemes that the store can read."""
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """An artifact as its component sees it."""

    uri: str
    path: str | None
    """Where its bytes are for the component, as the SDK derives it from ``uri``; ``None``: they
    are nowhere, since the scheme is not one of a store."""
    is_marked: bool = False
    """Whether the SDK derives ``path`` by the workspace mark in the metadata too."""


def is_stored(uri: str) -> bool:
    """Return whether there is a store for the scheme of a URI."""
    return _split(uri)[0] in _STORED


class Places(Protocol):
    """Where things are for the component of one task."""

    @property
    def directory_mode(self) -> int | None:
        """Mode of directories made for the component; ``None``: as the process makes them."""
        ...

    def input_artifact(self, artifact: Artifact) -> Seen:
        """Return where an input artifact is; the same for the same URI."""
        ...

    def task_root(self, uri: ArtifactUri) -> Seen:
        """Return where the root of all that the task puts out is; it has a path."""
        ...

    def executor_output(self, root: Seen, *, has_artifacts: bool) -> str:
        """Return the file for the executor's output.

        The SDK takes its directory for the task's root: ``dsl.get_uri()`` is a URI below it.

        Args:
            root: What :meth:`task_root` returned.
            has_artifacts: Whether the task puts out any.
        """
        ...

    def output_parameter(self, name: str) -> str:
        """Return the file for an output parameter."""
        ...

    def here(self, path: str) -> Path:
        """Return where this process finds what the component knows as ``path``."""
        ...


class ClusterPlaces:
    """Inside a pod, where the SDK looks by itself."""

    def __init__(self, mounted_at: Path = Path("/")) -> None:
        """Make places whose volumes this process finds below ``mounted_at``."""
        self._mounted_at = mounted_at

    @property
    def directory_mode(self) -> int | None:
        """All may write: the component may run under any UID."""
        return 0o777

    def input_artifact(self, artifact: Artifact) -> Seen:
        """Return where an input artifact is."""
        seen = _in_pod(artifact.uri)
        if artifact.metadata.get(WORKSPACE_MARK) is True and seen.path is not None:
            path = f"{WORKSPACE_PATH}/.artifacts/{seen.path.lstrip('/')}"
            return Seen(seen.uri, path, is_marked=True)
        return seen

    def task_root(self, uri: ArtifactUri) -> Seen:
        """Return where the root of all that the task puts out is."""
        return _in_pod(uri)

    def executor_output(self, root: Seen, *, has_artifacts: bool) -> str:
        """Return the file for the executor's output."""
        # The volumes of the SDK's paths are mounted only where artifacts are.
        directory = root.path if has_artifacts else f"{SHARED_PATH}/outputs"
        return f"{directory}/{EXECUTOR_OUTPUT}"

    def output_parameter(self, name: str) -> str:
        """Return the file for an output parameter."""
        return f"{SHARED_PATH}/outputs/{name}"

    def here(self, path: str) -> Path:
        """Return where this process finds what the component knows as ``path``."""
        return self._mounted_at / path.lstrip("/")


class LocalPlaces:
    """Inside a directory that belongs to the task.

    * ``inputs/<digest of the URI>/<its last segment>``
    * ``outputs/<output>``, and beside them the executor's output
    * ``parameters/<output>``

    An artifact that was imported into the workspace is at ``.artifacts/`` in there, as on a
    cluster.
    """

    def __init__(self, directory: Path, *, workspace: Path) -> None:
        self._directory = directory.absolute()
        self._workspace = workspace.absolute()

    @property
    def directory_mode(self) -> int | None:
        """As usual: the component runs under the same UID."""
        return None

    def input_artifact(self, artifact: Artifact) -> Seen:
        """Return where an input artifact is."""
        scheme, rest = _split(artifact.uri)
        if scheme not in _STORED:
            return Seen(artifact.uri, None)
        digest = hashlib.sha256(artifact.uri.encode()).hexdigest()[:12]
        name = rest.rstrip("/").rpartition("/")[2][-_LONGEST_NAME:]
        is_shared = artifact.metadata.get(WORKSPACE_MARK) is True
        above = self._workspace / ".artifacts" if is_shared else self._directory / "inputs"
        path = str(above / digest / (name or "artifact"))
        return Seen(path, path)

    def task_root(self, uri: ArtifactUri) -> Seen:
        """Return where the root of all that the task puts out is."""
        path = str(self._directory / "outputs")
        return Seen(path, path)

    def executor_output(self, root: Seen, *, has_artifacts: bool) -> str:
        """Return the file for the executor's output."""
        return f"{root.path}/{EXECUTOR_OUTPUT}"

    def output_parameter(self, name: str) -> str:
        """Return the file for an output parameter."""
        return str(self._directory / "parameters" / name)

    def here(self, path: str) -> Path:
        """Return where this process finds what the component knows as ``path``."""
        return Path(path)


def _in_pod(uri: ArtifactUri) -> Seen:
    scheme, rest = _split(uri)
    if scheme in _KNOWN_TO_SDK:
        return Seen(uri, find_sdk_path(uri))
    if scheme == "oci":
        return Seen(uri, f"/oci/{rest.replace('/', '_')}/models")
    if scheme in _STORED:
        # Unknown to the SDK, so the path itself has to be the URI.
        path = f"{SHARED_PATH}/artifacts/{scheme}/{rest.lstrip('/')}"
        return Seen(path, path)
    return Seen(uri, None)


def _split(uri: str) -> tuple[str, str]:
    scheme, separator, rest = uri.partition("://")
    return (scheme, rest) if separator else ("file", uri)
