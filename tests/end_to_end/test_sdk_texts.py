"""Texts that the SDK leaves in a notation of its own have their values in a run."""

from __future__ import annotations

from pathlib import Path

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
def say(text: str, table: dict, out: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image="busybox",
        command=["sh", "-c", 'mkdir -p "$(dirname "$2")"; printf "%s %s %s" "$A" "$0" "$1" > "$2"'],
        args=[text, table, out],
    )

@dsl.pipeline(name="texts")
def pipeline(x: str = "a"):
    with dsl.ParallelFor([f"{x}-1", "b"]) as item:
        say(text=item, table={f"k-{x}": f"v-{x}"}).set_env_variable("A", f"<{item}>")
    with dsl.ParallelFor([f"{x}-2", "y"]) as item:
        with dsl.If(item == "x-2"):
            say(text=item, table={"k": x}).set_env_variable("A", f"<{x}>")
"""


def test_texts_of_the_sdk_have_their_values(tmp_path: Path) -> None:
    data = compile_with_sdk(tmp_path, SOURCE)
    assert b"{{channel:" in data
    options = CompileOptions(ir=IrPlacement.STORE, max_nodes=None)
    compiled = compile_pipeline(read_pipeline(data, file="texts.yaml"), options)

    result = run_workflow(
        compiled.workflow,
        compiled.ir,
        settings=RunSettings(home=tmp_path / "home"),
        parameters={"x": "x"},
    )

    assert result.state is RunState.SUCCEEDED
    assert {
        str(task.path): task.outputs.parameters["out"]
        for task in result.tasks
        if task.outputs.parameters
    } == {
        "for-loop-2/0/say": '<x-1> x-1 {"k-x":"v-x"}',
        "for-loop-2/1/say": '<b> b {"k-x":"v-x"}',
        "for-loop-4/0/condition-5/say-2": '<x> x-2 {"k":"x"}',
    }
