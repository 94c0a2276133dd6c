"""Collect the outputs of a command that succeeded; pure decisions, without files and network.

The source of a parameter is the first of these that exists:

1. the executor output file, coerced to the declared type
2. the parameter file, parsed by type
3. ``null``, if there is an executor output file without the parameter. Only the SDK's executor
   writes that file, and it omits a function's result of ``None`` (``-> Optional[str]``). The IR
   marks no output as optional, so the consumer decides whether ``null`` is allowed.
4. none: the output is missing and the task fails

Names in the executor output file that the component does not declare are ignored, as KFP does, but
not where a declared output has no value: it would be null because of a misspelt name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from argosy_launcher.outputs.executor_output import ExecutorOutput, ReportedArtifact
from argosy_launcher.outputs.uris import ResolvedUri, resolve_uri
from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Artifact, Reason
from argosy_schemas.formats.step import OutputArtifact, OutputParameter, Step
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.ir.parameters import ParameterValueError, coerce, parse_output, to_text
from argosy_schemas.names import ArtifactUri
from argosy_schemas.values import JsonValue, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedArtifact:
    """An artifact to register, and the path to upload."""

    output: str
    artifact: Artifact
    path: str | None
    """The local path of its content; ``None``: nothing to upload."""
    reported: bool = True
    """False for the item of a list that the component did not report: it counts only if something
    exists at ``path``."""


def collect_parameters(
    step: Step, executor_output: ExecutorOutput | None, files: Mapping[str, bytes | None]
) -> dict[str, JsonValue]:
    """Return the output parameters by name.

    Args:
        step: The step that declares them.
        executor_output: ``None``: the component wrote no such file.
        files: Output parameter to the bytes of its file, ``None`` where the file does not exist.

    Raises:
        TaskError: A parameter is missing or of the wrong type.
    """
    if executor_output is not None:
        _refuse_misspelt(
            "output parameter",
            reported=executor_output.parameters,
            without=[
                output.name
                for output in step.output_parameters
                if output.name not in executor_output.parameters and files.get(output.name) is None
            ],
            declared=[output.name for output in step.output_parameters],
        )
    return {
        output.name: _collect_parameter(output, executor_output, files.get(output.name))
        for output in step.output_parameters
    }


def collect_artifacts(
    step: Step, executor_output: ExecutorOutput | None
) -> tuple[CollectedArtifact, ...]:
    """Return the output artifacts in the order of their declarations, and of each list.

    Raises:
        TaskError: The metadata of an artifact has text that cannot be stored, or the name of an
            artifact is misspelt.
    """
    reported = (executor_output or ExecutorOutput()).artifacts
    declared = [output.name for output in step.output_artifacts]
    _refuse_misspelt(
        "output artifact",
        reported=reported,
        without=[name for name in declared if name not in reported],
        declared=declared,
    )
    return tuple(
        artifact
        for output in step.output_artifacts
        for artifact in _collect_output(step, output, reported.get(output.name))
    )


def _refuse_misspelt(
    kind: str, *, reported: Iterable[str], without: Sequence[str], declared: Sequence[str]
) -> None:
    """Refuse a reported name that is not declared, if a declared output was not reported."""
    unknown = sorted(set(reported) - set(declared))
    if unknown and without:
        raise TaskError(
            f"the executor output reports '{unknown[0]}', which is not an {kind} of the component, "
            f"and has nothing for its {kind} '{without[0]}'; correct the name",
            reason=Reason.INVALID_OUTPUT,
        )


def _collect_parameter(
    output: OutputParameter, executor_output: ExecutorOutput | None, data: bytes | None
) -> JsonValue:
    if executor_output is not None and output.name in executor_output.parameters:
        value = _coerce(output, executor_output.parameters[output.name])
    elif data is not None:
        value = _parse(output, data)
    elif executor_output is not None:
        return None
    else:
        raise TaskError(
            f"output parameter '{output.name}' is missing, there is no file '{output.path}'; "
            "let the command write it",
            reason=Reason.INVALID_OUTPUT,
        )
    _refuse_unstorable(value, f"output parameter '{output.name}'")
    return value


def _coerce(output: OutputParameter, value: JsonValue) -> JsonValue:
    try:
        value = coerce(value, output.type)
        if output.type is ParameterType.NUMBER_INTEGER and isinstance(value, float):
            raise ParameterValueError(f"is {to_text(value)}, not a {output.type}")
    except ParameterValueError as error:
        raise _make_error(output, str(error)) from error
    return value


def _parse(output: OutputParameter, data: bytes) -> JsonValue:
    try:
        return parse_output(data, output.type)
    except ParameterValueError as error:
        raise _make_error(output, f"in '{output.path}' {error}") from error


def _make_error(output: OutputParameter, problem: str) -> TaskError:
    return TaskError(
        f"output parameter '{output.name}' {problem}; let the component write a {output.type}",
        reason=Reason.INVALID_OUTPUT,
    )


def _collect_output(
    step: Step, output: OutputArtifact, reported: tuple[ReportedArtifact, ...] | None
) -> tuple[CollectedArtifact, ...]:
    if output.is_list:
        if reported is None:
            return (_collect_artifact(step, output, ReportedArtifact(), reported=False),)
        return tuple(_collect_artifact(step, output, each) for each in reported)
    # The component reported several for a single artifact: the first counts, as in the reference.
    return (_collect_artifact(step, output, reported[0] if reported else ReportedArtifact()),)


def _collect_artifact(
    step: Step, output: OutputArtifact, report: ReportedArtifact, *, reported: bool = True
) -> CollectedArtifact:
    metadata = {**output.metadata, **report.metadata}
    _refuse_unstorable(metadata, f"metadata of output artifact '{output.name}'")
    if report.uri:
        resolved = resolve_uri(
            report.uri,
            outputs=step.output_artifacts,
            mappings=step.uri_mappings,
            inputs=step.seen_artifacts,
        )
    else:
        resolved = ResolvedUri(ArtifactUri(output.uri), output.path)
    if resolved.input_artifact is not None:
        return CollectedArtifact(
            output=output.name,
            artifact=Artifact(
                name=report.name or resolved.input_artifact.name,
                uri=resolved.uri,
                type=output.type,
                # A component that reports no metadata leaves it unchanged.
                metadata=metadata if report.metadata else dict(resolved.input_artifact.metadata),
                custom_path=resolved.input_artifact.custom_path,
                content=resolved.input_artifact.content,
            ),
            path=None,
        )
    # A path that the component chose counts only where its content can be uploaded.
    path = report.custom_path or resolved.path if resolved.path is not None else None
    return CollectedArtifact(
        output=output.name,
        artifact=Artifact(
            name=report.name or output.name,
            uri=resolved.uri,
            type=output.type,
            metadata=metadata,
            custom_path=report.custom_path,
        ),
        path=path,
        reported=reported,
    )


def _refuse_unstorable(value: object, what: str) -> None:
    """Refuse text that UTF-8 cannot encode: half of a surrogate pair, written as an escape."""
    try:
        to_json(value).encode()
    except UnicodeEncodeError as error:
        raise TaskError(
            f"{what} holds half of a surrogate pair, which is not text; encode it, e.g. as base64",
            reason=Reason.INVALID_OUTPUT,
        ) from error
