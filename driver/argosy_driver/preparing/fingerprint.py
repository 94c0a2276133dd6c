"""Whether two tasks would do the same work: a digest of all that may change their outputs.

The ingredients of the reference (``ir-semantics`` 5.8) with these differences: defaults count as
values, the image is the resolved one, an artifact is all that the component sees of it (name, URI,
type, metadata) rather than the number of a database row, and the pipeline's name and a version of
ours are in the digest rather than beside it. Not part of it: environment, resources, placement,
names of tasks, the content of artifacts made by tasks, whose URIs are new each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from argosy_expressions.gotext import marshal
from argosy_schemas.formats.records import Artifact
from argosy_schemas.ir.model import ArtifactType, Interface
from argosy_schemas.values import JsonValue

CACHE_VERSION: Final = 3
"""Raised when the same ingredients must not meet entries of earlier releases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputArtifact:
    """An input artifact: what the component sees of it, and the version of its bytes."""

    artifact: Artifact
    version: str = ""
    """Size and etag of what nobody of us wrote, e.g. of an imported artifact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a task does, as far as its outputs depend on it."""

    image: str
    """Resolved."""
    arguments: Sequence[str]
    """Command and arguments, not resolved: what they refer to is among the inputs."""
    claims: Sequence[str] = ()
    """Volume claims that are mounted."""
    stand_ins: Sequence[str] = ()
    """Where a laptop takes the contents of Secrets and ConfigMaps from."""
    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    artifacts: Mapping[str, Sequence[InputArtifact]] = field(
        default_factory=dict[str, Sequence[InputArtifact]]
    )
    outputs: Interface = field(default_factory=Interface)


def compute_fingerprint(pipeline: str, work: Work) -> str:
    """Return 64 lowercase hexadecimal digits, equal for equal work of one pipeline everywhere."""
    return _fingerprint(pipeline, compute_digest(_ingredients(work)))


def compute_custom_fingerprint(pipeline: str, component: str, key: str) -> str:
    """Return the fingerprint of a task with a ``cacheKey``, on which nothing else counts."""
    return _fingerprint(pipeline, hashlib.sha256(f"{component}\0{key}".encode()).hexdigest())


def compute_digest(value: JsonValue) -> str:
    """Return the SHA-256 of ``value`` as Go writes its JSON, in hexadecimal."""
    return hashlib.sha256(marshal(value).encode("utf-8", "surrogatepass")).hexdigest()


def _fingerprint(pipeline: str, key: str) -> str:
    return compute_digest({"cacheVersion": CACHE_VERSION, "key": key, "pipelineName": pipeline})


def _ingredients(work: Work) -> JsonValue:
    return _without_empty(
        {
            "containerSpec": _without_empty(
                {
                    "image": work.image,
                    "cmdArgs": list(work.arguments),
                    "pvcNames": sorted(set(work.claims)),
                    "standIns": list(work.stand_ins),
                }
            ),
            "inputArtifacts": {
                name: [_input_artifact(item) for item in items]
                for name, items in work.artifacts.items()
            },
            "inputParameterValues": dict(work.parameters),
            "outputArtifactsSpec": {
                name: _without_empty(
                    {
                        "type": _type(spec.type),
                        "metadata": dict(spec.metadata),
                        "isList": spec.is_list,
                    }
                )
                for name, spec in work.outputs.artifacts.items()
            },
            "outputParametersSpec": {
                name: spec.type.value for name, spec in work.outputs.parameters.items()
            },
        }
    )


def _input_artifact(item: InputArtifact) -> JsonValue:
    artifact = item.artifact
    return _without_empty(
        {
            "name": artifact.name,
            "uri": artifact.uri,
            "type": _type(artifact.type),
            "metadata": dict(artifact.metadata),
            "version": item.version,
        }
    )


def _type(kind: ArtifactType) -> JsonValue:
    return _without_empty(
        {
            "schemaTitle": kind.schema_title,
            "instanceSchema": kind.instance_schema,
            "schemaVersion": kind.schema_version,
        }
    )


def _without_empty(members: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in members.items() if value}
