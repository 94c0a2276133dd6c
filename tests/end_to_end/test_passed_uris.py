"""A URI that a component passes on as a parameter leads to the artifact after the task has ended.

The pipeline has the shape of ``pipeline_with_importer_workspace`` of KFP's own tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.states import RunState
from argosy_schemas.reading.pipeline import read_pipeline
from sdk_compiled import compile_with_sdk

SOURCE = """
from kfp import dsl

@dsl.container_component
def write(made: dsl.Output[dsl.Dataset]):
    script = 'mkdir -p "$0" && printf one > "$0/a" && printf two > "$0/b"'
    return dsl.ContainerSpec(image="busybox", command=["sh", "-c", script], args=[made.path])

@dsl.container_component
def name(data: dsl.Input[dsl.Dataset], uri: dsl.OutputPath(str), parts: dsl.OutputPath(list)):
    script = 'mkdir -p "${{1%/*}}"; printf %s "$0" > "$1"; printf \\'["%s/b"]\\' "$0" > "$2"'
    return dsl.ContainerSpec(
        image="busybox", command=["sh", "-c", script], args=[data.{place}, uri, parts]
    )

@dsl.container_component
def read(data: dsl.Input[dsl.Dataset], out: dsl.OutputPath(str)):
    script = 'mkdir -p "${{1%/*}}"; find "$0" -type f | sort | xargs cat > "$1"'
    return dsl.ContainerSpec(image="busybox", command=["sh", "-c", script], args=[data.path, out])

@dsl.pipeline(
    name="uris",
    pipeline_config=dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size="1Gi")),
)
def pipeline():
    named = name(data=write().outputs["made"])
    whole = dsl.importer(
        artifact_uri=named.outputs["uri"], artifact_class=dsl.Dataset, download_to_workspace=True
    )
    read(data=whole.output)
    with dsl.ParallelFor(named.outputs["parts"]) as part:
        read(data=dsl.importer(artifact_uri=part, artifact_class=dsl.Dataset).output)
"""


@pytest.mark.parametrize("place", ["uri", "path"])
def test_a_uri_that_is_passed_on_as_a_parameter_can_be_imported(place: str, tmp_path: Path) -> None:
    data = compile_with_sdk(tmp_path, SOURCE.format(place=place))
    options = CompileOptions(ir=IrPlacement.STORE, max_nodes=None)
    compiled = compile_pipeline(read_pipeline(data, file="uris.yaml"), options)

    result = run_workflow(
        compiled.workflow, compiled.ir, settings=RunSettings(home=tmp_path / "home")
    )

    assert result.state is RunState.SUCCEEDED
    found = {str(task.path): task.outputs.parameters for task in result.tasks}
    made = next(task for task in result.tasks if task.path == "write").outputs.artifacts["made"]
    assert found["name"] == {"uri": made[0].uri, "parts": [f"{made[0].uri}/b"]}
    assert found["read"] == {"out": "onetwo"}
    assert found["for-loop-1/0/read-2"] == {"out": "two"}
