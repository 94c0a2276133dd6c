"""DAGs in which nothing needs a pod: they end, and what they import can be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.states import RunState
from argosy_schemas.reading.pipeline import read_pipeline
from sdk_compiled import compile_with_sdk
from workflow_oracle import check_workflow

SOURCE = """
from typing import List

from kfp import dsl

FILE = {file!r}

@dsl.container_component
def read(data: dsl.Input[dsl.Dataset], out: dsl.OutputPath(str)):
    script = 'mkdir -p "${{1%/*}}"; cat "$0" > "$1"'
    return dsl.ContainerSpec(image="busybox", command=["sh", "-c", script], args=[data.path, out])

@dsl.pipeline(name="inner")
def inner() -> dsl.Dataset:
    return dsl.importer(artifact_uri=FILE, artifact_class=dsl.Dataset).output

@dsl.pipeline(name="imports")
def pipeline(x: str = "a"):
{body}
"""

BODIES = {
    "the pipeline": ["dsl.importer(artifact_uri=FILE, artifact_class=dsl.Dataset)"],
    "a nested pipeline": ["read(data=inner().output)"],
    "a branch": [
        "with dsl.If(x == 'a'):",
        "    dsl.importer(artifact_uri=FILE, artifact_class=dsl.Dataset)",
        "with dsl.If(x == 'b'):",
        "    dsl.importer(artifact_uri=FILE, artifact_class=dsl.Dataset)",
    ],
    "a loop": [
        "with dsl.ParallelFor([FILE, FILE]) as item:",
        "    dsl.importer(artifact_uri=item, artifact_class=dsl.Dataset)",
    ],
}


def compiled(directory: Path, body: list[str]) -> CompiledPipeline:
    file = directory / "rows"
    file.write_text("1,2")
    source = SOURCE.format(file=str(file), body="\n".join(f"    {line}" for line in body))
    pipeline = read_pipeline(compile_with_sdk(directory, source), file="imports.yaml")
    return compile_pipeline(pipeline, CompileOptions(ir=IrPlacement.STORE, max_nodes=None))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", BODIES)
def test_a_dag_with_importers_alone_ends(name: str, tmp_path: Path) -> None:
    made = compiled(tmp_path, BODIES[name])
    check_workflow(made.workflow)

    result = run_workflow(made.workflow, made.ir, settings=RunSettings(home=tmp_path / "home"))

    assert result.state is RunState.SUCCEEDED
    assert "nothing" not in {str(task.path) for task in result.tasks}
    read = [task.outputs.parameters for task in result.tasks if task.path == "read"]
    assert read == ([{"out": "1,2"}] if name == "a nested pipeline" else [])


@pytest.mark.parametrize("name", BODIES)
def test_argo_gets_no_dag_without_tasks(name: str, tmp_path: Path) -> None:
    workflow: Any = compiled(tmp_path, BODIES[name]).workflow
    templates = workflow["spec"]["templates"]

    assert all(one["dag"]["tasks"] for one in templates if "dag" in one)
