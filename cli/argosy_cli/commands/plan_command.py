"""``argosy plan``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from argosy_cli.arguments import parameter_texts, parse_assignments, read_parameters_file
from argosy_cli.commands.options import (
    artifacts_option,
    examples,
    home,
    max_size,
    param,
    params_file,
    root,
)
from argosy_cli.compile_cache import declared_parameters, runnable
from argosy_cli.source import Source, read_source
from argosy_cli.views.statistics import statistics_lines
from argosy_driver.foresight import Foreseen
from argosy_engine.plan import plan_workflow
from argosy_engine.settings import RunSettings

SHORT_FINGERPRINT = 12


@click.command(epilog=examples("argosy plan pipeline.yaml --param name=World"))
@click.argument("pipeline", metavar="PIPELINE")
@param
@params_file
@artifacts_option
@home
@root
@click.option("--no-cache", is_flag=True, help="Plan as if every task had to run.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json prints one object on standard output.",
)
@max_size
def command(
    pipeline: str,
    assignments: tuple[str, ...],
    params_file: Path | None,
    artifacts: tuple[str, ...],
    home: Path,
    root: str | None,
    no_cache: bool,
    output: str,
    max_size_bytes: int,
) -> None:
    """Say what each task of a run would do, without running anything.

    For each task: whether it would run, be served from the cache (and from which run), be skipped,
    or cannot be known yet; with its fingerprint. Then what the workflow costs on Argo.
    """
    source = read_source(pipeline, max_size_bytes=max_size_bytes)
    made = runnable(source, home=home, max_size_bytes=max_size_bytes)
    given: Mapping[str, Any] = {} if params_file is None else read_parameters_file(params_file)
    tasks = plan_workflow(
        made.workflow,
        made.ir,
        settings=RunSettings(home=home, root=root, cache=not no_cache),
        parameters=parameter_texts(
            declared_parameters(made.ir), given, parse_assignments(assignments, option="--param")
        ),
        artifacts=parse_assignments(artifacts, option="--artifact"),
    )
    if output == "json":
        click.echo(json.dumps({"tasks": [_to_json(task) for task in tasks]}))
        return
    for line in _lines(tasks):
        click.echo(line)
    for line in _on_argo(source, max_size_bytes):
        click.echo(line)


def _lines(tasks: Sequence[Foreseen]) -> list[str]:
    width = max((len(task.path) for task in tasks), default=0)
    lines = [f"{task.path:{width}}  {_told(task)}" for task in tasks]
    counts = Counter(task.verdict.value for task in tasks)
    lines.append(", ".join(f"{number} {verdict}" for verdict, number in counts.items()))
    return lines


def _told(task: Foreseen) -> str:
    told = task.verdict.value
    if task.cached_from is not None:
        told = f"{told} from run {task.cached_from.run_id} ({task.cached_from.task_path})"
    if task.reason is not None:
        told = f"{told}: {task.reason}"
    if task.fingerprint is not None:
        told = f"{told}  [{task.fingerprint[:SHORT_FINGERPRINT]}]"
    return told


def _on_argo(source: Source, max_size_bytes: int) -> list[str]:
    from argosy_compiler.compile import compile_pipeline
    from argosy_compiler.options import CompileOptions, IrPlacement
    from argosy_compiler.stats import stats
    from argosy_schemas.reading import read_pipeline

    read = read_pipeline(source.data, file=source.file, max_size_bytes=max_size_bytes)
    compiled = compile_pipeline(read, CompileOptions(ir=IrPlacement.STORE))
    return ["", "on Argo", *(f"  {line}" for line in statistics_lines(stats(compiled)))]


def _to_json(task: Foreseen) -> dict[str, Any]:
    source = task.cached_from
    return {
        "path": task.path,
        "verdict": task.verdict.value,
        "reason": task.reason,
        "fingerprint": task.fingerprint,
        "cached_from": None
        if source is None
        else {
            "run_id": source.run_id,
            "task_path": source.task_path,
            "attempt_id": source.attempt_id,
        },
    }
