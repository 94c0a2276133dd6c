"""Paths of artifacts, output parameters and the executor output file, as a component sees them.

The SDK maps ``s3://b/k`` to ``/s3/b/k``, ``gs://`` to ``/gcs``, ``minio://`` to ``/minio``, and any
other URI to itself (``ir-semantics`` 7.3). On a cluster these directories are volumes of the pod.
On a laptop nobody owns them, so there the component gets local paths in place of URIs.

A component may write an artifact to a custom path. Readers of the artifact do not get that path:
the SDK ignores it, and it may lie outside the volumes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from argosy_schemas.formats.records import Artifact
from argosy_schemas.names import ArtifactUri
from argosy_schemas.pod import EXCHANGE_PATH, WORKSPACE_MARK, WORKSPACE_PATH
from argosy_schemas.sdk_paths import find_sdk_path

EXECUTOR_OUTPUT: Final = "executor_output.json"

_KNOWN_TO_SDK: Final = ("gs", "s3", "minio")
_STORED: Final = (*_KNOWN_TO_SDK, "az", "file", "memory")
"""URI schemes that a store can read."""
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class SeenLocation:
    """The location of an artifact, as its component sees it."""

    uri: str
    path: str | None
    """The path that the SDK derives from ``uri``; ``None`` if no store can read the scheme, so the
    bytes are nowhere."""
    is_marked: bool = False
    """Whether the SDK derives ``path`` from the workspace mark in the metadata as well."""


def is_stored(uri: str) -> bool:
    """Return whether a store can read the scheme of a URI."""
    return _split(uri)[0] in _STORED


class ComponentPaths(Protocol):
    """The paths that the component of one task sees."""

    @property
    def directory_mode(self) -> int | None:
        """The mode of directories for the component; ``None`` for the default of the process."""
        ...

    def input_artifact(self, artifact: Artifact) -> SeenLocation:
        """Return the location of an input artifact; equal URIs have equal locations."""
        ...

    def task_root(self, uri: ArtifactUri) -> SeenLocation:
        """Return the location of the root of all output artifacts; it always has a path."""
        ...

    def executor_output(self, root: SeenLocation, *, has_artifacts: bool) -> str:
        """Return the path of the executor output file.

        The SDK takes its directory for the task's root: ``dsl.get_uri()`` is a URI below it.

        Args:
            root: The result of :meth:`task_root`.
            has_artifacts: Whether the task has output artifacts.
        """
        ...

    def output_parameter(self, name: str) -> str:
        """Return the path of the file for an output parameter."""
        ...

    def local_path(self, path: str) -> Path:
        """Return the path at which this process sees the component's ``path``."""
        ...


class ClusterPaths:
    """The paths in a pod: those that the SDK derives by itself."""

    def __init__(self, mounted_at: Path = Path("/")) -> None:
        """Make the paths of a pod whose volumes this process sees below ``mounted_at``."""
        self._mounted_at = mounted_at

    @property
    def directory_mode(self) -> int | None:
        """Anybody may write, because the component may run under any UID."""
        return 0o777

    def input_artifact(self, artifact: Artifact) -> SeenLocation:
        """Return the location of an input artifact."""
        seen = _in_pod(artifact.uri)
        if artifact.metadata.get(WORKSPACE_MARK) is True and seen.path is not None:
            path = f"{WORKSPACE_PATH}/.artifacts/{seen.path.lstrip('/')}"
            return SeenLocation(seen.uri, path, is_marked=True)
        return seen

    def task_root(self, uri: ArtifactUri) -> SeenLocation:
        """Return the location of the root of all output artifacts."""
        return _in_pod(uri)

    def executor_output(self, root: SeenLocation, *, has_artifacts: bool) -> str:
        """Return the path of the executor output file."""
        # The pod mounts the volumes of the SDK's paths only if it has artifacts.
        directory = root.path if has_artifacts else f"{EXCHANGE_PATH}/outputs"
        return f"{directory}/{EXECUTOR_OUTPUT}"

    def output_parameter(self, name: str) -> str:
        """Return the path of the file for an output parameter."""
        return f"{EXCHANGE_PATH}/outputs/{name}"

    def local_path(self, path: str) -> Path:
        """Return the path at which this process sees the component's ``path``."""
        return self._mounted_at / path.lstrip("/")


class LocalPaths:
    """Paths inside a directory of the task.

    * ``inputs/<digest of the URI>/<its last segment>``
    * ``outputs/<output>``, with the executor output file beside them
    * ``parameters/<output>``

    An artifact that was imported into the workspace is below its ``.artifacts/``, as on a cluster.
    """

    def __init__(self, directory: Path, *, workspace: Path) -> None:
        self._directory = directory.absolute()
        self._workspace = workspace.absolute()

    @property
    def directory_mode(self) -> int | None:
        """The default, because the component runs under the same UID."""
        return None

    def input_artifact(self, artifact: Artifact) -> SeenLocation:
        """Return the location of an input artifact."""
        scheme, rest = _split(artifact.uri)
        if scheme not in _STORED:
            return SeenLocation(artifact.uri, None)
        digest = hashlib.sha256(artifact.uri.encode()).hexdigest()[:12]
        name = rest.rstrip("/").rpartition("/")[2][-_LONGEST_NAME:]
        is_shared = artifact.metadata.get(WORKSPACE_MARK) is True
        above = self._workspace / ".artifacts" if is_shared else self._directory / "inputs"
        path = str(above / digest / (name or "artifact"))
        return SeenLocation(path, path)

    def task_root(self, uri: ArtifactUri) -> SeenLocation:
        """Return the location of the root of all output artifacts."""
        path = str(self._directory / "outputs")
        return SeenLocation(path, path)

    def executor_output(self, root: SeenLocation, *, has_artifacts: bool) -> str:
        """Return the path of the executor output file."""
        return f"{root.path}/{EXECUTOR_OUTPUT}"

    def output_parameter(self, name: str) -> str:
        """Return the path of the file for an output parameter."""
        return str(self._directory / "parameters" / name)

    def local_path(self, path: str) -> Path:
        """Return the path at which this process sees the component's ``path``."""
        return Path(path)


def _in_pod(uri: ArtifactUri) -> SeenLocation:
    scheme, rest = _split(uri)
    if scheme in _KNOWN_TO_SDK:
        return SeenLocation(uri, find_sdk_path(uri))
    if scheme == "oci":
        return SeenLocation(uri, f"/oci/{rest.replace('/', '_')}/models")
    if scheme in _STORED:
        # The SDK does not know the scheme, so the path itself serves as the URI.
        path = f"{EXCHANGE_PATH}/artifacts/{scheme}/{rest.lstrip('/')}"
        return SeenLocation(path, path)
    return SeenLocation(uri, None)


def _split(uri: str) -> tuple[str, str]:
    scheme, separator, rest = uri.partition("://")
    return (scheme, rest) if separator else ("file", uri)
