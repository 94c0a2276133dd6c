"""A task that succeeds without a pod, for a DAG that needs one where the pipeline has none.

Argo refuses a DAG without tasks; one whose only task is skipped succeeds.
"""

from __future__ import annotations

from typing import Any

from argosy_compiler.argo.template_names import MET_TEMPLATE
from argosy_schemas.pod import PATH_INPUT


def make_stand_in(name: str, path: str) -> dict[str, Any]:
    """Return the task.

    Args:
        name: Its name.
        path: The path of the DAG that holds it, so that readers do not take it for a task of the
            pipeline.
    """
    parameters = [{"name": PATH_INPUT, "value": path}]
    return {"name": name, "template": MET_TEMPLATE, "arguments": {"parameters": parameters}}


def make_stand_in_template() -> dict[str, Any]:
    """Return the template of all stand-ins."""
    return {
        "name": MET_TEMPLATE,
        "inputs": {"parameters": [{"name": PATH_INPUT}]},
        "dag": {"failFast": False, "tasks": [{**make_stand_in("nothing", ""), "when": "false"}]},
    }
