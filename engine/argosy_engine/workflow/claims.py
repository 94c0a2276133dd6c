"""Read the template that creates or deletes a volume claim."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from argosy_engine.workflow.fields import Field, Object, check_expressions
from argosy_engine.workflow.model import ClaimChange, PodTemplate
from argosy_engine.workflow.parameters import read_inputs

_TEMPLATE: Final = frozenset({"name", "inputs", "resource"})
_RESOURCE: Final = frozenset({"action", "manifest", "flags"})
_KIND: Final = "PersistentVolumeClaim"


def read_claim(template: Object, name: str, field: Field) -> PodTemplate:
    """Return the template of a pod that creates or deletes a volume claim.

    What else Kubernetes would do to an object is refused.
    """
    here = field.at("resource")
    field.refuse_unknown(template, _TEMPLATE)
    resource = field.get_object(template, "resource")
    here.refuse_unknown(resource, _RESOURCE)
    claim = _read_created(resource) or _read_deleted(resource)
    if claim is None:
        raise here.refuse("does something to a Kubernetes object, which needs a cluster")
    check_expressions(claim.name, here)
    return PodTemplate(name=name, inputs=read_inputs(template, field), environment=(), claim=claim)


def _read_created(resource: Object) -> ClaimChange | None:
    try:
        manifest = json.loads(resource.get("manifest") or "")
        if resource.get("action") == "create" and manifest["kind"] == _KIND:
            return ClaimChange("create", str(manifest["metadata"]["name"]))
    except (ValueError, KeyError, TypeError):
        pass
    return None


def _read_deleted(resource: Object) -> ClaimChange | None:
    flags: Sequence[str] = resource.get("flags") or ()
    # Only kubectl waits for the end of a claim.
    names = [flag for flag in map(str, flags) if flag != "--wait=false"]
    if resource.get("action") != "delete" or len(names) != 1:
        return None
    kind, _, name = names[0].partition("/")
    return ClaimChange("delete", name) if kind == _KIND.lower() and name else None
