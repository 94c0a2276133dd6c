"""How a spec is stored: as JSON, alone or with its platform spec, and what reads it."""

from __future__ import annotations

import json
from typing import Any, Final

from argosy_schemas.source import Source
from argosy_schemas.values import to_json

SPEC: Final = "pipeline_spec"
PLATFORM: Final = "platform_spec"
_FILE: Final = "pipeline_spec"
"""How messages name a spec that is no file."""


def make_source(text: str) -> Source:
    """Return a stored spec as the compiler reads it."""
    document: Any = json.loads(text)
    if SPEC in document:
        # The one form with both documents that is JSON.
        document = {
            "apiVersion": "pipelines.kubeflow.org/v2beta1",
            "kind": "PipelineVersion",
            "spec": {"pipelineSpec": document[SPEC], "platformSpec": document.get(PLATFORM) or {}},
        }
    return Source(file=_FILE, data=to_json(document).encode(), is_generated=True)
