"""The fields that choose a node; their values are Kubernetes' own JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from argosy_schemas.ir.kubernetes.fragments import Fragment, drop_empty
from argosy_schemas.ir.kubernetes.leaves import InputParameter, ParameterKind
from argosy_schemas.ir.kubernetes.reader import Reader
from argosy_schemas.values import JsonValue

JsonOrParameter: TypeAlias = Mapping[str, Any] | InputParameter
Tolerations: TypeAlias = Sequence[JsonValue] | InputParameter
"""Some tolerations, or a parameter for one or for several."""


def read_tolerations(reader: Reader) -> Tolerations:
    """Read an entry of ``tolerations``; one that says nothing is empty."""
    if "tolerationJson" in reader.json:
        value = reader.member("tolerationJson").read_value(ParameterKind.TOLERATIONS)
        if isinstance(value, InputParameter):
            return value
        if isinstance(value, Sequence) and not isinstance(value, str):
            return tuple(filter(None, value))
        return (value,) if value else ()
    toleration = {name: value for name, value in reader.json.items() if value != ""}
    return (toleration,) if toleration else ()


def make_tolerations_fragment(tolerations: Tolerations) -> Fragment:
    """Return the tolerations of a pod."""
    return {
        "tolerations": [tolerations] if isinstance(tolerations, InputParameter) else [*tolerations]
    }


def read_node_affinity(reader: Reader) -> JsonOrParameter:
    """Read an entry of ``nodeAffinity`` as a ``NodeAffinity`` with one part of the terms."""
    if "nodeAffinityJson" in reader.json:
        value: Any = reader.member("nodeAffinityJson").read_value(ParameterKind.NODE_AFFINITY)
        return value or {}
    term = drop_empty(
        matchExpressions=reader.json.get("matchExpressions"),
        matchFields=reader.json.get("matchFields"),
    )
    if not term:
        return {}
    if "weight" not in reader.json:
        terms = {"nodeSelectorTerms": [term]}
        return {"requiredDuringSchedulingIgnoredDuringExecution": terms}
    weight: int = reader.json["weight"]
    if not 1 <= weight <= 100:
        reader.member("weight").add_finding(f"{weight} is not a weight; write 1 to 100")
    preferred = [{"weight": weight, "preference": term}]
    return {"preferredDuringSchedulingIgnoredDuringExecution": preferred}


def make_node_affinity_fragment(affinity: JsonOrParameter) -> Fragment:
    """Return the affinity of a pod."""
    return {"affinity": {"nodeAffinity": affinity}}


def read_node_selector(reader: Reader) -> JsonOrParameter:
    """Read ``nodeSelector``; an empty one selects every node."""
    if "nodeSelectorJson" in reader.json:
        value: Any = reader.member("nodeSelectorJson").read_value(ParameterKind.NODE_SELECTOR)
        return value or {}
    labels: Mapping[str, str] = reader.json.get("labels", {})
    return labels


def make_node_selector_fragment(selector: JsonOrParameter) -> Fragment:
    """Return the node selector of a pod."""
    return {"nodeSelector": selector}
