"""``argosy lint``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import click

from argosy_cli.arguments import load_argument
from argosy_cli.commands.options import examples, max_size
from argosy_cli.exit_codes import ExitCode
from argosy_compiler.options import ARGO_LINES, options_for
from argosy_compiler.sources import compile_source, read_source
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError, Problem
from argosy_schemas.source import Source

STORE = "s3://bucket"
"""Named while a pipeline is linted, so that its size alone is no fault."""


@click.command(
    epilog=examples(
        "argosy lint pipeline.yaml",
        "argosy lint workflow.json --argo 3.5",
    )
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--argo",
    "line",
    type=click.Choice(ARGO_LINES),
    help="Check for this release line of Argo only.  [default: all]",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json prints one object with all problems on standard output.",
)
@max_size
def command(files: tuple[str, ...], line: str | None, output: str, max_size_bytes: int) -> int:
    """Check pipelines, or compiled Workflows, and report every problem.

    A FILE is a compiled pipeline, a .py file, a Workflow that argosy compile wrote, or '-' for
    standard input. A pipeline is checked as such, and then as the Workflow that it compiles to. The
    checks of a Workflow cover what argosy compile writes: templates of the kinds container, dag,
    resource and steps. One with anything else, such as a script template or withItems, is not
    checked, and the only problem reported is that argo lint has to check it. Exit status: 0 nothing
    found, 2 problems found.
    """
    problems: list[Problem] = []
    for file in files:
        try:
            source = load_argument(file, max_size_bytes=max_size_bytes)
            problems += _problems(source, line, max_size_bytes)
        except InvalidPipelineError as error:
            problems += error.problems
        except InvalidArgumentError as error:
            named = f"{file.partition('.py:')[0]}.py" if ".py:" in file else file
            problems.append(Problem(file=file, message=str(error).removeprefix(f"'{named}' ")))
    if output == "json":
        click.echo(json.dumps({"problems": [_to_json(problem) for problem in problems]}))
    else:
        for problem in problems:
            click.echo(f"error: {problem}", err=True)
        if not problems:
            click.echo(f"{len(files)} file{'s' if len(files) > 1 else ''} checked, no problem")
    return ExitCode.USAGE if problems else ExitCode.SUCCEEDED


def _problems(source: Source, line: str | None, max_size_bytes: int) -> Iterator[Problem]:
    workflows, twice = _workflows(source)
    yield from twice
    if not workflows:
        pipeline = read_source(source, max_size_bytes=max_size_bytes)
        # As compile makes it: for this line alone, or one workflow for all of them.
        options = replace(options_for(line), store=STORE)
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


def _workflows(source: Source) -> tuple[list[Mapping[str, Any]], tuple[Problem, ...]]:
    """Return the Workflows that a file holds, none if it is anything else, and keys given twice."""
    if b"Workflow" not in source.data:
        return [], ()
    from argosy_schemas.reading.documents import read_objects

    documents, twice = read_objects(source.data, file=source.file)
    found = [
        document
        for document in documents
        if isinstance(document, Mapping) and document.get("kind") == "Workflow"
    ]
    others = [kind for document in documents if (kind := _other_kind(document)) is not None]
    if others and not found:
        told = f"'{others[0]}' is not checked; give a pipeline or a Workflow"
        raise InvalidPipelineError(Problem(file=source.file, path="kind", message=told))
    return found, twice if found else ()


def _other_kind(document: object) -> str | None:
    """Return which object of Argo's a document is, if it is one."""
    if not isinstance(document, Mapping):
        return None
    members = cast("Mapping[str, object]", document)
    is_argos = str(members.get("apiVersion", "")).startswith("argoproj.io/")
    return str(members["kind"]) if is_argos and "kind" in members else None


def _to_json(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "path": problem.path,
        "message": problem.message,
    }
