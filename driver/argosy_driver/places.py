"""Where a component sees its artifacts, parameters and the executor output file.

The SDK maps ``s3://b/k`` to ``/s3/b/k``, ``gs://`` to ``/gcs``, ``minio://`` to ``/minio``, and any
other URI to itself (``ir-semantics`` 7.3). On a cluster those directories are volumes of the pod.
On a machine they belong to nobody, so there the component is told local paths as URIs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from argosy_schemas.names import ArtifactUri


@dataclass(frozen=True, slots=True)
class Seen:
    """An artifact as its component sees it."""

    uri: str
    path: str
    """Where its bytes are for the component; what the SDK makes of ``uri``."""


class Places(Protocol):
    """Where things are for the component of one task."""

    def input_artifact(self, uri: ArtifactUri) -> Seen:
        """Return where an input artifact is; the same for the same URI."""
        ...

    def output_artifact(self, name: str, uri: ArtifactUri) -> Seen:
        """Return where an output artifact is to be written."""
        ...

    def output_parameter(self, name: str) -> str:
        """Return the file for an output parameter."""
        ...

    def executor_output(self, task_root: ArtifactUri) -> str:
        """Return the file for the executor's output.

        The SDK takes its directory for the task's root: ``dsl.get_uri()`` is a URI below it.
        """
        ...

    @property
    def workspace(self) -> str | None:
        """Where the workspace is mounted; ``None``: there is none."""
        ...

    def in_container(self, path: str) -> Path:
        """Return where this process finds what the component knows as ``path``."""
        ...
