"""Why Argo's controller does not go on with a workflow as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from argosy_schemas.formats.dataclass_json import time_from_json
from argosy_schemas.values import JsonValue

_LONGEST_SECONDS: Final = 30.0
"""A controller that works takes a new workflow within a second."""


def explain_waiting(
    workflow: Mapping[str, JsonValue], *, now: datetime, options: str
) -> str | None:
    """Return one sentence about a workflow that its controller holds back; ``None``: it does not.

    Args:
        workflow: With its ``spec`` and ``status``, as the Kubernetes API or Argo's gives it.
        now: The time.
        options: Those that choose the cluster and the namespace, for ``argo`` and ``argosy``.
    """
    document: Mapping[str, Any] = workflow
    status: Mapping[str, Any] = document.get("status") or {}
    phase, name = status.get("phase"), document["metadata"]["name"]
    if phase in ("Succeeded", "Failed", "Error"):
        return None
    if document["spec"].get("suspend"):
        return f"the workflow is suspended; go on with 'argo resume {name} {options}'"
    if not phase:
        created_at = time_from_json(document["metadata"]["creationTimestamp"])
        seconds = (now - created_at).total_seconds()
        if seconds < _LONGEST_SECONDS:
            return None
        return (
            f"Argo's controller has not taken the workflow for {seconds:.0f} s; see that it runs, "
            f"and that it looks at this namespace, with 'argosy doctor cluster {options}'"
        )
    if phase == "Pending" and status.get("message"):
        return f"Argo's controller holds the workflow back: {status['message']}"
    return None
