"""The annotation of a workflow whose run has its id from elsewhere.

Another workflow began it, or the service named it before there was a workflow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argosy_schemas.formats.dataclass_json import time_from_json, time_to_json
from argosy_schemas.names import RunId
from argosy_schemas.values import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class RetriedRun:
    """A run whose id is not that of the workflow that works on it."""

    id: RunId
    name: str
    """Of its first workflow: what the SDK calls the job's name."""
    created_at: datetime
    """When its first workflow was created."""
    workflow: str
    """The name of the workflow that works on it."""


def retried_run_to_json(retried: RetriedRun) -> str:
    """Return the value of the annotation."""
    return to_json(
        {
            "workflow": retried.workflow,
            "run": retried.id,
            "name": retried.name,
            "createdAt": time_to_json(retried.created_at),
        }
    )


def retried_run_from_json(text: str) -> RetriedRun:
    """Return the run that an annotation names.

    Raises:
        ValueError: The text is not what :func:`retried_run_to_json` returns.
    """
    try:
        members: Mapping[str, Any] = json.loads(text)
        return RetriedRun(
            id=RunId(members["run"]),
            name=members["name"],
            created_at=time_from_json(members["createdAt"]),
            workflow=members["workflow"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(repr(error)) from error
