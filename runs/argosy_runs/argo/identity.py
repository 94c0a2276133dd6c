"""Which run a Workflow belongs to: one of its own, one that was named, or one it goes on with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.dataclass_json import time_from_json
from argosy_schemas.formats.retried_run import retried_run_from_json
from argosy_schemas.names import RunId
from argosy_schemas.pod import RETRY_ANNOTATION
from argosy_schemas.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """What a run is called, whichever workflow works on it."""

    run_id: RunId
    """The UID of its first workflow, unless whoever made that chose another one."""
    name: str
    """Of its first workflow."""
    created_at: datetime
    """When its first workflow was created."""
    is_retried: bool = False
    """Whether the workflow is not the first."""


def read_run_identity(metadata: Mapping[str, JsonValue]) -> RunIdentity:
    """Return the run of a Workflow by its metadata.

    A workflow that Argo made of a retried one has the annotation as well, but another name.

    Raises:
        InvalidArgumentError: The annotation is not what ``argosy retry`` writes.
    """
    whole: Mapping[str, Any] = metadata
    annotations: Mapping[str, Any] = whole.get("annotations") or {}
    text = annotations.get(RETRY_ANNOTATION)
    own = RunIdentity(
        run_id=RunId(whole["uid"]),
        name=whole["name"],
        created_at=time_from_json(whole["creationTimestamp"]),
    )
    if text is None:
        return own
    try:
        retried = retried_run_from_json(text)
    except ValueError as error:
        raise InvalidArgumentError(
            f"the annotation '{RETRY_ANNOTATION}' of workflow '{own.name}' is damaged "
            f"({error}); remove it, and the workflow counts as a run of its own"
        ) from error
    if retried.workflow != own.name:
        return own
    return RunIdentity(
        run_id=retried.id,
        name=retried.name,
        created_at=retried.created_at,
        is_retried=retried.name != own.name,
    )
