"""``argosy lint``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import click

from argosy_cli.commands.options import examples, max_size
from argosy_cli.compiling import compiled, read
from argosy_cli.exit_codes import ExitCode
from argosy_cli.source import Source, read_source
from argosy_compiler.options import ARGO_LINES, CompileOptions
from argosy_schemas.errors import InvalidArgumentError, InvalidPipelineError, Problem

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

    A FILE is a compiled pipeline, a .py file, or an Argo Workflow. A pipeline is checked as such,
    and then as the Workflow that it compiles to. Exit status: 0 nothing found, 2 problems found.
    """
    lines = ARGO_LINES if line is None else (line,)
    problems: list[Problem] = []
    for file in files:
        try:
            source = read_source(file, max_size_bytes=max_size_bytes)
            problems += _problems(source, lines, max_size_bytes)
        except InvalidPipelineError as error:
            problems += error.problems
        except InvalidArgumentError as error:
            problems.append(Problem(file=file, message=str(error)))
    if output == "json":
        click.echo(json.dumps({"problems": [_to_json(problem) for problem in problems]}))
    else:
        for problem in problems:
            click.echo(f"error: {problem}", err=True)
        if not problems:
            click.echo(f"{len(files)} file{'s' if len(files) > 1 else ''} checked, no problem")
    return ExitCode.USAGE if problems else ExitCode.SUCCEEDED


def _problems(source: Source, lines: Sequence[str], max_size_bytes: int) -> Iterator[Problem]:
    workflow = _workflow(source)
    if workflow is None:
        pipeline = read(source, max_size_bytes=max_size_bytes)
        workflow = compiled(source, pipeline, CompileOptions(store=STORE)).workflow
    from argosy_compiler.lint import lint_workflow

    found: dict[Problem, list[str]] = {}
    for line in lines:
        for problem in lint_workflow(workflow, line):
            found.setdefault(problem, []).append(line)
    for problem, where in found.items():
        versions = "" if len(where) == len(lines) > 1 else f" (Argo {', '.join(where)})"
        yield replace(problem, file=source.file, message=f"{problem.message}{versions}")


def _workflow(source: Source) -> Any:
    """Return the Workflow that a file holds, ``None`` if it is anything else."""
    if b"argoproj.io/" not in source.data:
        return None
    import yaml

    try:
        documents: list[Any] = list(yaml.load_all(source.data, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError):
        return None  # read again as a pipeline, which says what is wrong and where
    for document in documents:
        if isinstance(document, dict) and cast("Any", document).get("kind") == "Workflow":
            return cast("Any", document)
    return None


def _to_json(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "path": problem.path,
        "message": problem.message,
    }
