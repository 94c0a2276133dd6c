"""``argosy lint``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import click

from argosy_cli.arguments import load_argument
from argosy_cli.exit_codes import ExitCode
from argosy_cli.options.shared import format_examples, max_size, output_option
from argosy_compiler.options import ARGO_LINES, PodSecurity, get_default_options
from argosy_compiler.sources import compile_source, read_source
from argosy_schemas.errors import (
    InvalidArgumentError,
    InvalidPipelineError,
    PipelineFileError,
    Problem,
)
from argosy_schemas.source import Source

STORE = "s3://bucket"
"""Stands for the user's store, so that a large pipeline is not a problem in itself."""


@click.command(
    epilog=format_examples(
        "argosy lint pipeline.yaml",
        "argosy lint workflow.json --argo 3.5",
    )
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--argo",
    "line",
    type=click.Choice(ARGO_LINES),
    help="Check for one Argo version line.  [default: all of 3.5 to 4.1]",
)
@click.option(
    "--pod-security",
    type=click.Choice([level.value for level in PodSecurity]),
    default=PodSecurity.RESTRICTED.value,
    show_default=True,
    help="The Pod Security Standard for which pipelines are compiled; a Workflow is checked for the"
    " one for which it was compiled.",
)
@output_option("json prints one object with all problems to standard output.")
@max_size
def command(
    files: tuple[str, ...],
    line: str | None,
    pod_security: str,
    output: str,
    max_size_bytes: int,
) -> int:
    """Check pipelines, or compiled Workflows, and report every problem.

    A FILE is a compiled pipeline, a .py file, a Workflow that argosy compile wrote, or '-' for
    standard input. Argosy checks a pipeline and the Workflow that it compiles to. It checks only
    what argosy compile writes into a Workflow: templates of the kinds container, dag, resource and
    steps. For a Workflow with anything else, such as a script template or withItems, the only
    problem it reports is that argo lint has to check it. Exit status: 0 no problem, 2 problems.
    """
    problems: list[Problem] = []
    for file in files:
        try:
            source = load_argument(file, max_size_bytes=max_size_bytes)
            level = PodSecurity(pod_security)
            problems += _find_problems(source, line, level, max_size_bytes)
        except InvalidPipelineError as error:
            problems += error.problems
        except InvalidArgumentError as error:
            message = error.problem if isinstance(error, PipelineFileError) else str(error)
            problems.append(Problem(file=file, message=message))
    if output == "json":
        click.echo(json.dumps({"problems": [_to_json(problem) for problem in problems]}))
    else:
        for problem in problems:
            click.echo(f"error: {problem}", err=True)
        if not problems:
            click.echo(f"{len(files)} file{'s' if len(files) > 1 else ''} checked, no problem")
    return ExitCode.USAGE if problems else ExitCode.SUCCEEDED


def _find_problems(
    source: Source, line: str | None, level: PodSecurity, max_size_bytes: int
) -> Iterator[Problem]:
    workflows, duplicate_keys = _read_workflows(source)
    yield from duplicate_keys
    if not workflows:
        pipeline = read_source(source, max_size_bytes=max_size_bytes)
        # As `argosy compile` does: for this line alone, or one workflow for all lines.
        options = replace(get_default_options(line), store=STORE, pod_security=level)
        workflows = [compile_source(source, pipeline, options).workflow]
    from argosy_compiler.lint import lint_workflow

    lines = ARGO_LINES if line is None else (line,)
    for number, workflow in enumerate(workflows, 1):
        document = f"workflow {number}: " if len(workflows) > 1 else ""
        found: dict[Problem, list[str]] = {}
        for one in lines:
            for problem in lint_workflow(workflow, one):
                found.setdefault(problem, []).append(one)
        for problem, where in found.items():
            versions = "" if len(where) == len(lines) > 1 else f" (Argo {', '.join(where)})"
            yield replace(
                problem,
                file=source.file,
                path=f"{document}{problem.path}",
                message=f"{problem.message}{versions}",
            )


def _read_workflows(source: Source) -> tuple[list[Mapping[str, Any]], tuple[Problem, ...]]:
    """Return the Workflows in a file, none if it holds something else, and its duplicate keys."""
    if b"Workflow" not in source.data:
        return [], ()
    from argosy_schemas.reading.documents import read_objects

    documents, duplicate_keys = read_objects(source.data, file=source.file)
    workflows = [
        document
        for document in documents
        if isinstance(document, Mapping) and document.get("kind") == "Workflow"
    ]
    kinds = [kind for document in documents if (kind := _argo_kind(document)) is not None]
    if kinds and not workflows:
        message = f"argosy lint does not check a '{kinds[0]}'; give a pipeline or a Workflow"
        raise InvalidPipelineError(Problem(file=source.file, path="kind", message=message))
    return workflows, duplicate_keys if workflows else ()


def _argo_kind(document: object) -> str | None:
    """Return the kind of a document if it is an object of Argo."""
    if not isinstance(document, Mapping):
        return None
    members = cast("Mapping[str, object]", document)
    is_argo = str(members.get("apiVersion", "")).startswith("argoproj.io/")
    return str(members["kind"]) if is_argo and "kind" in members else None


def _to_json(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "path": problem.path,
        "message": problem.message,
    }
