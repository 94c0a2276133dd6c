"""What a command that succeeded produced: decisions about values, without a file or a network.

Where a parameter comes from, first that applies:

1. the executor output file, coerced to the declared type
2. the parameter file, parsed by type
3. ``null``, if there is an executor output file that does not name it. Only the SDK's executor
   writes that file, and it leaves out what a function returned as ``None`` (``-> Optional[str]``).
   The IR marks no output as optional, so whether ``null`` will do is the consumer's affair.
4. none of these: the output is missing and the task has failed
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from argosy_launcher.executor_output import ExecutorOutput, ReportedArtifact
from argosy_launcher.uris import ResolvedUri, resolve_uri
from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Artifact, Reason
from argosy_schemas.formats.step import OutputArtifact, OutputParameter, Step
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.ir.parameters import ParameterValueError, coerce, parse_output, to_text
from argosy_schemas.names import ArtifactUri
from argosy_schemas.values import JsonValue, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedArtifact:
    """An artifact to register, and what to upload for it."""

    output: str
    artifact: Artifact
    path: str | None
    """Where the component left its bytes, if it did; ``None``: nothing to upload."""
    reported: bool = True
    """False for an item of a list that the component did not name: it counts only if there is
    something at ``path``."""


def collect_parameters(
    step: Step, executor_output: ExecutorOutput | None, files: Mapping[str, bytes | None]
) -> dict[str, JsonValue]:
    """Return the output parameters by name.

    Args:
        step: Declares them.
        executor_output: ``None`` where the component wrote no such file.
        files: Output parameter to the bytes of its file, ``None`` where there is none.

    Raises:
        TaskError: One is missing or of the wrong type.
    """
    return {
        output.name: _parameter(output, executor_output, files.get(output.name))
        for output in step.output_parameters
    }


def collect_artifacts(
    step: Step, executor_output: ExecutorOutput | None
) -> tuple[CollectedArtifact, ...]:
    """Return the output artifacts in the order of their declaration, lists in their own order.

    Raises:
        TaskError: The metadata of one is not text that can be stored.
    """
    reported = (executor_output or ExecutorOutput()).artifacts
    return tuple(
        artifact
        for output in step.output_artifacts
        for artifact in _artifacts(step, output, reported.get(output.name))
    )


def _parameter(
    output: OutputParameter, executor_output: ExecutorOutput | None, data: bytes | None
) -> JsonValue:
    if executor_output is not None and output.name in executor_output.parameters:
        value = _checked(output, executor_output.parameters[output.name])
    elif data is not None:
        value = _parsed(output, data)
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


def _checked(output: OutputParameter, value: JsonValue) -> JsonValue:
    try:
        value = coerce(value, output.type)
        if output.type is ParameterType.NUMBER_INTEGER and isinstance(value, float):
            raise ParameterValueError(f"is {to_text(value)}, not a {output.type}")
    except ParameterValueError as error:
        raise _wrong(output, str(error)) from error
    return value


def _parsed(output: OutputParameter, data: bytes) -> JsonValue:
    try:
        return parse_output(data, output.type)
    except ParameterValueError as error:
        raise _wrong(output, f"in '{output.path}' {error}") from error


def _wrong(output: OutputParameter, problem: str) -> TaskError:
    return TaskError(
        f"output parameter '{output.name}' {problem}; let the component write a {output.type}",
        reason=Reason.INVALID_OUTPUT,
    )


def _artifacts(
    step: Step, output: OutputArtifact, reported: tuple[ReportedArtifact, ...] | None
) -> tuple[CollectedArtifact, ...]:
    if output.is_list:
        if reported is None:
            return (_artifact(step, output, ReportedArtifact(), reported=False),)
        return tuple(_artifact(step, output, each) for each in reported)
    # Several where one is declared: the first counts, as in the reference.
    return (_artifact(step, output, reported[0] if reported else ReportedArtifact()),)


def _artifact(
    step: Step, output: OutputArtifact, said: ReportedArtifact, *, reported: bool = True
) -> CollectedArtifact:
    metadata = {**output.metadata, **said.metadata}
    _refuse_unstorable(metadata, f"metadata of output artifact '{output.name}'")
    if said.uri:
        place = resolve_uri(
            said.uri,
            outputs=step.output_artifacts,
            mappings=step.uri_mappings,
            inputs=step.seen_artifacts,
        )
    else:
        place = ResolvedUri(ArtifactUri(output.uri), output.path)
    if place.passed_on is not None:
        return CollectedArtifact(
            output=output.name,
            artifact=Artifact(
                name=said.name or place.passed_on.name,
                uri=place.uri,
                type=output.type,
                # A component that names no metadata leaves it as it was.
                metadata=metadata if said.metadata else dict(place.passed_on.metadata),
                custom_path=place.passed_on.custom_path,
                content=place.passed_on.content,
            ),
            path=None,
        )
    # A path of the component's own choice counts only where its bytes have a place to go.
    path = said.custom_path or place.path if place.path is not None else None
    return CollectedArtifact(
        output=output.name,
        artifact=Artifact(
            name=said.name or output.name,
            uri=place.uri,
            type=output.type,
            metadata=metadata,
            custom_path=said.custom_path,
        ),
        path=path,
        reported=reported,
    )


def _refuse_unstorable(value: object, what: str) -> None:
    """Refuse text that UTF-8 cannot carry: half of a surrogate pair, written as an escape."""
    try:
        to_json(value).encode()
    except UnicodeEncodeError as error:
        raise TaskError(
            f"{what} holds half of a surrogate pair, which is not text; encode it, e.g. as base64",
            reason=Reason.INVALID_OUTPUT,
        ) from error
