"""Read a compiled pipeline file, or report all its problems.

The text becomes plain documents (:mod:`argosy_schemas.reading.documents`), these become canonical
(:mod:`argosy_schemas.reading.structure`), the canonical spec is checked
(:mod:`argosy_schemas.checking.pipeline`) and converted (:mod:`argosy_schemas.ir.from_json`). Lines
are looked up afterwards, only for files with problems.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from argosy_schemas.checking.pipeline import check_pipeline
from argosy_schemas.checking.platform import check_executor_configs
from argosy_schemas.errors import InvalidPipelineError, Problem, UnsupportedError
from argosy_schemas.findings import Finding, Findings, Path, format_path
from argosy_schemas.ir.from_json import pipeline_from_json
from argosy_schemas.ir.kubernetes.dependencies import add_dependencies
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.ir.platform import read_executor_configs, read_pipeline_config
from argosy_schemas.message_text import to_one_line
from argosy_schemas.reading.documents import Documents, read_documents
from argosy_schemas.reading.positions import Positions
from argosy_schemas.reading.sdk_channels import MARK, resolve_channels
from argosy_schemas.reading.sdk_leftovers import drop_unread_inputs
from argosy_schemas.reading.structure import DocumentKind, canonicalize, describe_deviations

Json = Mapping[str, Any]


Check: TypeAlias = Callable[[Json, Sequence[str], Findings], None]
"""Adds the problems of a canonical spec, given the components that its root reaches."""


def read_pipeline(
    data: bytes,
    *,
    file: str,
    max_size_bytes: int = 64 * 2**20,
    also: Check | None = None,
) -> Pipeline:
    """Return the pipeline in ``data``, with the components that its root reaches.

    Args:
        data: YAML or JSON, in UTF-8.
        file: Names the file in messages.
        max_size_bytes: A larger file is refused.
        also: A further check, called only where there are problems already: it adds those for which
            a later stage would refuse the file.

    Raises:
        UnsupportedError: The pipeline is valid, and Argosy cannot run it.
        InvalidPipelineError: It breaks rules of the format; the error has all problems, by line.
    """
    documents = read_documents(data, file=file, max_size_bytes=max_size_bytes)
    findings, platform_findings = Findings(), Findings()
    spec = _canonicalize(documents.pipeline, "pipeline_spec", findings)
    platforms = _canonicalize(documents.platform or {}, "platform_spec", platform_findings)
    platform: Json = platforms.get("platforms", {}).get("kubernetes", {})
    if MARK.encode() in data:
        spec, platform = resolve_channels(spec, platform, findings, platform_findings)
    configs = read_executor_configs(platform, platform_findings)
    pipeline_config = read_pipeline_config(platform, platform_findings)
    spec = add_dependencies(drop_unread_inputs(spec), configs)
    reached = check_pipeline(spec, findings)
    check_executor_configs(configs, spec, reached, platform_findings)
    if findings.found or platform_findings.found or documents.refused:
        if also is not None:
            also(spec, reached, findings)
        raise _make_error(findings, platform_findings, documents, file)
    return replace(
        pipeline_from_json(spec, reached),
        kubernetes=configs,
        pipeline_config=pipeline_config,
        platform=platform,
    )


def add_lines(error: InvalidPipelineError, data: bytes, *, file: str) -> InvalidPipelineError:
    """Add file and lines to an error that was raised after the pipeline was read."""
    positions = Positions(data.decode("utf-8-sig"))
    problems = [
        replace(problem, file=file, line=positions.find_line_of_text(problem.path))
        for problem in error.problems
    ]
    return type(error)(*sorted(problems, key=_get_sort_key))


def _get_sort_key(problem: Problem) -> tuple[int, str, str]:
    return problem.line or 0, problem.path, problem.message


def _canonicalize(document: Json, kind: DocumentKind, findings: Findings) -> Json:
    spec, conforms = canonicalize(document, kind)
    return spec if conforms else describe_deviations(spec, kind, findings)


def _make_error(
    findings: Findings, platform_findings: Findings, documents: Documents, file: str
) -> InvalidPipelineError:
    positions = Positions(documents.text)

    def problem(document: int, at: Path, finding: Finding) -> Problem:
        return Problem(
            message=to_one_line(finding.message),
            path=to_one_line(format_path(finding.path)),
            file=file,
            line=positions.find_line(document, (*at, *finding.path)),
        )

    found = [
        *((documents.pipeline_number, documents.pipeline_path, item) for item in findings.found),
        *(
            (documents.platform_number, documents.platform_path, item)
            for item in platform_findings.found
        ),
    ]
    problems = sorted(
        (*documents.refused, *(problem(*item) for item in found)),
        key=_get_sort_key,
    )
    if all(item.is_unsupported for _, _, item in found) and not documents.refused:
        return UnsupportedError(*problems)
    return InvalidPipelineError(*problems)
