"""The leaves of the configuration that are not constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from argosy_schemas.findings import Path
from argosy_schemas.ir.model import ParameterSource
from argosy_schemas.values import JsonValue


class ParameterKind(StrEnum):
    """What the value of a parameter must be; the text completes "needs"."""

    NAME = "a name"
    """Of a Secret or ConfigMap; ``null`` leaves out the entry that takes it."""
    CLAIM_NAME = "the name of a claim"
    NODE_SELECTOR = "an object of strings"
    """``null`` selects nothing."""
    TOLERATIONS = "an object or a list of objects"
    """``null`` and an empty object tolerate nothing."""
    NODE_AFFINITY = "an object"
    """A ``NodeAffinity`` of Kubernetes; ``null`` asks for nothing."""

    def accepts(self, value: JsonValue) -> bool:
        """Return whether ``value`` is of this kind; ``null`` never is."""
        if self in (ParameterKind.NAME, ParameterKind.CLAIM_NAME):
            return isinstance(value, str) and value != ""
        if self is ParameterKind.TOLERATIONS:
            items = value if isinstance(value, list) else [value]
            return all(isinstance(item, Mapping) for item in items)
        if not isinstance(value, Mapping):
            return False
        labels = value.values() if self is ParameterKind.NODE_SELECTOR else ()
        return all(isinstance(label, str) for label in labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputParameter:
    """A value that only a run knows."""

    source: ParameterSource
    """Its names are those of the DAG that holds the task."""
    kind: ParameterKind
    setting: str
    """The field of the configuration that takes it."""
    path: Path = field(compare=False)
    """Where it stands in the platform document."""


Name: TypeAlias = str | InputParameter


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeName:
    """What a volume is made of; each renderer derives the volume's name from it."""

    kind: str
    """Such as ``secret``, ``optional-secret``, ``pvc``, ``empty``."""
    name: Name
