"""Create the Workflow of a run."""

from __future__ import annotations

import contextlib
import secrets
import uuid
from collections.abc import Mapping
from typing import Any, Final

from argosy_cluster.cluster import Cluster, Document, find_object
from argosy_cluster.resources import CONFIG_MAPS, WORKFLOWS
from argosy_schemas.errors import AccessDeniedError, MissingObjectError, NameTakenError

SUBMISSION_ANNOTATION: Final = "argosy.dev/submission"
"""Another text for each submission, so that one whose answer was lost is known again."""
_SUFFIX_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
"""Those of Kubernetes: no vowels, so no words."""
_TRIES: Final = 3


def name_workflow(
    workflow: Document, *, name: str | None = None, labels: Mapping[str, str] | None = None
) -> Document:
    """Return a compiled workflow with the name and the labels of a run.

    Args:
        workflow: What the compiler made.
        name: ``None``: :func:`submit_workflow` appends letters to the name of the pipeline.
        labels: Besides those of the compiler.
    """
    metadata = dict(find_object(workflow, "metadata"))
    if name is not None:
        metadata["name"] = name
        metadata.pop("generateName", None)
    metadata["labels"] = {**find_object(metadata, "labels"), **(labels or {})}
    return {**workflow, "metadata": metadata}


def submit_workflow(
    cluster: Cluster,
    workflow: Document,
    *,
    config_map: Document | None = None,
    dry_run: bool = False,
) -> Document:
    """Create a workflow, and return it as the cluster has it.

    It is created once, also when an answer is lost on the way: its name is chosen here, and a call
    that is repeated finds it taken.

    Args:
        cluster: Where.
        workflow: See :func:`name_workflow`.
        config_map: Holds the IR, where the workflow does not; one of the same name has the same.
        dry_run: Whether the cluster only checks it.

    Raises:
        ClusterError: The cluster refuses it, or cannot be reached.
    """
    if config_map is not None:
        # Its name is a digest of its content.
        with contextlib.suppress(NameTakenError):
            cluster.create(CONFIG_MAPS, config_map, dry_run=dry_run)
    metadata: dict[str, Any] = dict(workflow["metadata"])  # type: ignore[arg-type]
    prefix: str | None = metadata.pop("generateName", None)
    for rest in reversed(range(_TRIES)):
        submission = str(uuid.uuid4())
        if prefix is not None:
            metadata["name"] = f"{prefix}{make_suffix()}"
        annotations: Mapping[str, str] = {
            **metadata.get("annotations", {}),
            SUBMISSION_ANNOTATION: submission,
        }
        document: Document = {**workflow, "metadata": {**metadata, "annotations": annotations}}
        try:
            return cluster.create(WORKFLOWS, document, dry_run=dry_run)
        except NameTakenError:
            own = _find_own(cluster, metadata["name"], submission)
            if own is not None:
                return own
            if prefix is None or rest == 0:
                raise
    raise AssertionError("the last try returns or raises")


def _find_own(cluster: Cluster, name: str, submission: str) -> Document | None:
    """Return the workflow of this very submission; ``None``: the name is somebody else's."""
    try:
        found: Any = cluster.get(WORKFLOWS, name)
    except (AccessDeniedError, MissingObjectError):
        return None
    annotations: Mapping[str, str] = found["metadata"].get("annotations") or {}
    return found if annotations.get(SUBMISSION_ANNOTATION) == submission else None


def make_suffix() -> str:
    """Return five characters that tell a workflow from others of its pipeline."""
    return "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(5))
