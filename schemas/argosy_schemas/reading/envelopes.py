"""Documents that hold a pipeline spec inside: a ``PipelineJob``, and a ``PipelineVersion``.

The first is what the SDK and Vertex AI submit (``pipelineSpec`` beside ``runtimeConfig``), the
second a Kubernetes object of the KFP backend. Parameters of a ``runtimeConfig`` become defaults.
Documents of other formats are named as what they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from argosy_schemas.findings import Path
from argosy_schemas.message_text import quote_text

Json = Mapping[str, Any]

_SPEC_FIELDS: Final = frozenset(
    {
        *("components", "deploymentSpec", "deployment_spec", "pipelineInfo", "pipeline_info"),
        *("root", "schemaVersion", "schema_version", "sdkVersion", "sdk_version"),
    }
)
_COMPILE: Final = "give what the KFP SDK compiled"


class EnvelopeError(ValueError):
    """A document is of another format; the message is a sentence about the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a document holds."""

    pipeline: Json | None = None
    """A pipeline spec."""
    pipeline_path: Path = ()
    """Where it is in the document."""
    platform: Json | None = None
    """A platform spec."""
    platform_path: Path = ()


def open_envelope(document: Json) -> Contents:
    """Return the specs in a document of a pipeline file.

    Raises:
        EnvelopeError: It is of another format, or gives a parameter that its pipeline lacks.
    """
    if document.get("kind") == "PipelineVersion" and "apiVersion" in document:
        return _open_pipeline_version(document)
    if "kind" in document and "apiVersion" in document:
        raise EnvelopeError(
            f"The file holds a Kubernetes object of kind {quote_text(str(document['kind']))}; "
            "compile the pipeline with the KFP SDK 2 to its YAML"
        )
    if isinstance(document.get("pipelineSpec"), Mapping) and "root" not in document:
        return _open_pipeline_job(document)
    if document.keys() & _SPEC_FIELDS:
        return Contents(pipeline=document)
    if "platforms" in document:
        return Contents(platform=document)
    if "implementation" in document:
        raise EnvelopeError(
            "The file holds a component of KFP v1, not a pipeline; load it with "
            "'kfp.components.load_component_from_file' in a pipeline, and compile that"
        )
    names = ", ".join(quote_text(name) for name in sorted(document)[:3])
    what = f"an object with {names}" if names else "an empty object"
    raise EnvelopeError(f"The file holds {what}, not a pipeline; {_COMPILE}")


def _open_pipeline_version(document: Json) -> Contents:
    spec = _get_object(document, "spec")
    pipeline = _get_object(spec, "pipelineSpec")
    if not pipeline:
        raise EnvelopeError(f"The PipelineVersion has no 'spec.pipelineSpec'; {_COMPILE}")
    return Contents(
        pipeline=pipeline,
        pipeline_path=("spec", "pipelineSpec"),
        platform=_get_object(spec, "platformSpec") or None,
        platform_path=("spec", "platformSpec"),
    )


def _open_pipeline_job(document: Json) -> Contents:
    pipeline: Json = document["pipelineSpec"]
    config = _get_object(document, "runtimeConfig")
    if document.get("runtimeConfig") and not config:
        raise EnvelopeError("The PipelineJob's 'runtimeConfig' is not an object; write one")
    if config.get("inputArtifacts"):
        raise EnvelopeError(
            "The PipelineJob gives input artifacts; remove them, and give them with --artifact"
        )
    return Contents(pipeline=_with_defaults(pipeline, config), pipeline_path=("pipelineSpec",))


def _with_defaults(pipeline: Json, config: Json) -> Json:
    """Return a pipeline whose defaults are what a ``runtimeConfig`` gives."""
    values = _read_parameters(config)
    root_uri = config.get("gcsOutputDirectory")
    if root_uri:
        pipeline = {**pipeline, "defaultPipelineRoot": root_uri}
    if not values:
        return pipeline
    root: Json = pipeline.get("root") or {}
    inputs: Json = root.get("inputDefinitions") or {}
    declared: Json = inputs.get("parameters") or {}
    for name in sorted(values.keys() - declared.keys()):
        raise EnvelopeError(
            f"The PipelineJob gives parameter {quote_text(name)}, which its pipeline does not "
            "declare; remove it from 'runtimeConfig', or declare it"
        )
    parameters = {
        name: {**spec, "defaultValue": values[name], "isOptional": True} if name in values else spec
        for name, spec in declared.items()
    }
    return {
        **pipeline,
        "root": {**root, "inputDefinitions": {**inputs, "parameters": parameters}},
    }


def _read_parameters(config: Json) -> dict[str, Any]:
    """Return the values of a ``runtimeConfig``, those of the older form among them."""
    older = _get_object(config, "parameters")
    values: dict[str, Any] = {
        name: next(iter(_get_object(older, name).values()), None) for name in older
    }
    return {**values, **_get_object(config, "parameterValues")}


def _get_object(holder: Json, name: str) -> Json:
    """Return a member that is an object; empty if it is missing or something else."""
    value: Any = holder.get(name)
    return cast("Json", value) if isinstance(value, Mapping) else {}
