"""Convert a step to deterministic JSON, and back; ``argv`` and ``env`` included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from argosy_schemas.formats.records_json import (
    FormatError,
    artifact_from_json,
    artifact_to_json,
    artifact_type_from_json,
    artifact_type_to_json,
    failure_from_json,
    failure_to_json,
    load_document,
    reference_from_json,
    reference_to_json,
    time_from_json,
    time_to_json,
    values_from_json,
    values_to_json,
)
from argosy_schemas.formats.step import (
    STEP_VERSION,
    Decision,
    OutputArtifact,
    OutputParameter,
    Step,
    UriMapping,
)
from argosy_schemas.ir.model import ControlEntry, ControlForm, ParameterType
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_schemas.values import to_json

Json = Mapping[str, Any]


def step_to_json(step: Step) -> str:
    """Return the text of ``step.json``."""
    return to_json(
        {
            "version": step.version,
            "runId": step.run_id,
            "pipeline": step.pipeline,
            "taskPath": step.task_path,
            "attemptId": step.attempt_id,
            "decision": step.decision.value,
            "startedAt": time_to_json(step.started_at),
            "argv": step.argv,
            "env": step.env,
            "inputs": values_to_json(step.inputs),
            "outputParameters": [
                {"name": output.name, "type": output.type.value, "path": output.path}
                for output in step.output_parameters
            ],
            "outputArtifacts": [_output_to_json(output) for output in step.output_artifacts],
            "executorOutputPath": step.executor_output_path,
            "uriMappings": [
                {"seen": mapping.seen, "stored": mapping.stored} for mapping in step.uri_mappings
            ],
            "seenArtifacts": {
                uri: artifact_to_json(artifact) for uri, artifact in step.seen_artifacts.items()
            },
            "fingerprint": step.fingerprint,
            "cachedFrom": None if step.cached_from is None else reference_to_json(step.cached_from),
            "basis": step.basis,
            "replaces": step.replaces,
            "outputs": values_to_json(step.outputs),
            "control": [
                {"output": entry.output, "form": entry.form.value} for entry in step.control
            ],
            "failure": None if step.failure is None else failure_to_json(step.failure),
            "logKey": step.log_key,
            "root": step.root,
        }
    )


def step_from_json(text: str | bytes) -> Step:
    """Return the step in ``text``.

    Raises:
        FormatError: It is damaged, or of a newer major version.
    """
    document = load_document(text, what="The step", newest=STEP_VERSION)
    try:
        return _read_step(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"The step is damaged: {error!r}; run the task again") from error


def _read_step(document: Json) -> Step:
    cached_from, failure = document["cachedFrom"], document["failure"]
    replaces = document["replaces"]
    return Step(
        version=document["version"],
        run_id=RunId(document["runId"]),
        pipeline=document["pipeline"],
        task_path=TaskPath(document["taskPath"]),
        attempt_id=AttemptId(document["attemptId"]),
        decision=Decision(document["decision"]),
        started_at=time_from_json(document["startedAt"]),
        argv=tuple(document["argv"]),
        env=tuple((name, value) for name, value in document["env"]),
        inputs=values_from_json(document["inputs"]),
        output_parameters=tuple(
            OutputParameter(
                name=output["name"], type=ParameterType(output["type"]), path=output["path"]
            )
            for output in document["outputParameters"]
        ),
        output_artifacts=tuple(_output_from_json(output) for output in document["outputArtifacts"]),
        executor_output_path=document["executorOutputPath"],
        uri_mappings=tuple(
            UriMapping(seen=mapping["seen"], stored=mapping["stored"])
            for mapping in document["uriMappings"]
        ),
        seen_artifacts={
            uri: artifact_from_json(artifact) for uri, artifact in document["seenArtifacts"].items()
        },
        fingerprint=document["fingerprint"],
        cached_from=None if cached_from is None else reference_from_json(cached_from),
        basis=document["basis"],
        replaces=None if replaces is None else AttemptId(replaces),
        outputs=values_from_json(document["outputs"]),
        control=tuple(
            ControlEntry(output=entry["output"], form=ControlForm(entry["form"]))
            for entry in document["control"]
        ),
        failure=None if failure is None else failure_from_json(failure),
        log_key=document["logKey"],
        root=document["root"],
    )


def _output_to_json(output: OutputArtifact) -> dict[str, Any]:
    return {
        "name": output.name,
        "type": artifact_type_to_json(output.type),
        "isList": output.is_list,
        "metadata": dict(output.metadata),
        "path": output.path,
        "uri": output.uri,
        "seenUri": output.seen_uri,
    }


def _output_from_json(document: Json) -> OutputArtifact:
    return OutputArtifact(
        name=document["name"],
        type=artifact_type_from_json(document["type"]),
        is_list=document["isList"],
        metadata=dict(document["metadata"]),
        path=document["path"],
        uri=ArtifactUri(document["uri"]),
        seen_uri=document["seenUri"],
    )
