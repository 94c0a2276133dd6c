"""``ExecutorInput``: the message that describes its inputs and outputs to a KFP component.

It is the value of ``{{$}}``, and the SDK's executor reads it (``ir-semantics`` 7.9).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from argosy_driver.preparing.paths import SeenLocation
from argosy_schemas.formats.records import Artifact
from argosy_schemas.formats.step import OutputArtifact, OutputParameter
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.pod import WORKSPACE_MARK
from argosy_schemas.values import JsonValue


@dataclass(frozen=True, slots=True)
class SeenArtifact:
    """An artifact and its location for the component."""

    artifact: Artifact
    location: SeenLocation

    def to_json(self) -> dict[str, JsonValue]:
        """Return the ``RuntimeArtifact``."""
        metadata = dict(self.artifact.metadata)
        if not self.location.is_marked:
            metadata.pop(WORKSPACE_MARK, None)
        return _runtime_artifact(
            self.artifact.name, self.location.uri, self.artifact.type, metadata
        )


def make_executor_input(
    *,
    parameters: Mapping[str, JsonValue],
    artifacts: Mapping[str, Sequence[SeenArtifact]],
    output_parameters: Sequence[OutputParameter],
    output_artifacts: Sequence[OutputArtifact],
    output_file: str,
) -> dict[str, JsonValue]:
    """Return the message as JSON."""
    return {
        "inputs": {
            "parameterValues": dict(parameters),
            "artifacts": {
                name: {"artifacts": [item.to_json() for item in items]}
                for name, items in artifacts.items()
            },
        },
        "outputs": {
            "parameters": {each.name: {"outputFile": each.path} for each in output_parameters},
            "artifacts": {
                each.name: {"artifacts": [output_to_json(each)]} for each in output_artifacts
            },
            "outputFile": output_file,
        },
    }


def output_to_json(output: OutputArtifact) -> dict[str, JsonValue]:
    """Return the ``RuntimeArtifact`` of an output artifact."""
    return _runtime_artifact(output.name, output.seen_uri, output.type, output.metadata)


def _runtime_artifact(
    name: str, uri: str, kind: ArtifactType, metadata: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    schema: dict[str, JsonValue] = {}
    if kind.schema_title:
        schema["schemaTitle"] = kind.schema_title
    if kind.instance_schema:
        schema["instanceSchema"] = kind.instance_schema
    if kind.schema_version:
        schema["schemaVersion"] = kind.schema_version
    return {"name": name, "uri": uri, "type": schema, "metadata": dict(metadata)}
