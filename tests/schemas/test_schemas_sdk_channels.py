"""Parameters and outputs in f-strings, in fields for which the SDK does not resolve them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.ir.kubernetes.leaves import InputParameter
from argosy_schemas.ir.model import ComponentInput, Constant, Pipeline, TaskOutput
from argosy_schemas.reading.pipeline import read_pipeline
from sdk_compiled import compile_with_sdk

SOURCE = """
from typing import List

from kfp import dsl, kubernetes

@dsl.component(base_image="python:3.11")
def make() -> str:
    return "x"

@dsl.component(base_image="python:3.11")
def use(text: str = "", table: dict = {{}}, rows: list = []):
    print(text)

@dsl.pipeline(name="texts")
def pipeline(x: str = "a", many: List[str] = []):
{body}
"""


def read(directory: Path, body: str) -> Pipeline:
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    data = compile_with_sdk(directory, SOURCE.format(body=lines))
    return read_pipeline(data, file="texts.yaml")


def environment(pipeline: Pipeline) -> Mapping[str, str]:
    executor: Any = pipeline.components["comp-use"].executor
    return dict(executor.env)


def constant(pipeline: Pipeline, task: str, name: str) -> Any:
    assert pipeline.root.dag is not None
    source = pipeline.root.dag.tasks[task].parameters[name].source
    assert isinstance(source, Constant)
    return source.value


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (
            "use(text=x).set_env_variable('A', f'v-{x}')",
            "v-{{$.inputs.parameters['text']}}",
        ),
        (
            "use(text=f'{x}!').set_env_variable('A', f'v-{x}')",
            "v-{{$.inputs.parameters['pipelinechannel--x']}}",
        ),
        (
            "made = make()\nuse(text=made.output).set_env_variable('A', f'{made.output}')",
            "{{$.inputs.parameters['text']}}",
        ),
        (
            "with dsl.ParallelFor(['a', 'b']) as item:\n"
            "    use(text=item).set_env_variable('A', f'{item}')",
            "{{$.inputs.parameters['text']}}",
        ),
        (
            "with dsl.ParallelFor([{'a': 'b'}]) as item:\n"
            "    use(text=item.a).set_env_variable('A', f'{item.a}')",
            "{{$.inputs.parameters['text']}}",
        ),
        (
            "made = make()\nwith dsl.If(made.output == 'x'):\n"
            "    use(text=made.output).set_env_variable('A', f'{made.output}')",
            "{{$.inputs.parameters['text']}}",
        ),
    ],
)
def test_an_environment_variable_takes_what_is_an_input_as_well(
    body: str, value: str, tmp_path: Path
) -> None:
    assert environment(read(tmp_path, body)) == {"A": value}


def test_the_key_of_a_dict_takes_what_is_an_input_as_well(tmp_path: Path) -> None:
    pipeline = read(tmp_path, "use(table={f'k-{x}': f'v-{x}'})")

    placeholder = "{{$.inputs.parameters['pipelinechannel--x']}}"
    assert constant(pipeline, "use", "table") == {f"k-{placeholder}": f"v-{placeholder}"}


def test_the_list_of_a_loop_takes_what_its_body_reads_as_well(tmp_path: Path) -> None:
    pipeline = read(
        tmp_path,
        "with dsl.ParallelFor([f'{x}-1', 'b']) as item:\n    use(text=item, table={'k': x})",
    )

    assert pipeline.root.dag is not None
    (loop,) = pipeline.root.dag.tasks.values()
    assert "{{$.inputs.parameters['pipelinechannel--x']}}-1" in str(loop.iterator)


def test_a_uri_to_import_takes_a_parameter(tmp_path: Path) -> None:
    pipeline = read(tmp_path, "dsl.importer(artifact_uri=f'gs://b/{x}', artifact_class=dsl.Model)")

    assert "gs://b/{{$.inputs.parameters['pipelinechannel--x']}}" in str(
        pipeline.components["comp-importer"]
    )


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ("use(text=x)\nname = f'{x}'", ComponentInput("x")),
        ("made = make()\nuse(text=made.output)\nname = f'{made.output}'", TaskOutput),
    ],
)
@pytest.mark.parametrize(
    "setting",
    [
        "kubernetes.use_secret_as_env(task, secret_name=name, secret_key_to_env={'k': 'V'})",
        "kubernetes.use_config_map_as_volume(task, config_map_name=name, mount_path='/m')",
        "kubernetes.mount_pvc(task, pvc_name=name, mount_path='/m')",
        "kubernetes.mount_pvc(task, pvc_name=f'{name}', mount_path='/m')",
    ],
)
def test_a_name_for_kubernetes_takes_what_is_an_input_as_well(
    body: str, source: Any, setting: str, tmp_path: Path
) -> None:
    pipeline = read(tmp_path, body.replace("use(", "task = use(") + f"\n{setting}")

    (parameter,) = pipeline.kubernetes["exec-use"].parameters
    assert isinstance(parameter, InputParameter)
    if isinstance(source, type):
        assert isinstance(parameter.source, source)
    else:
        assert parameter.source == source


PASS = "which is not an input of the task; pass it to the task as an input as well"
ALONE = "which has no value there; pass one parameter or output alone, without an f-string"
CONSTANT = "which has no value there; write constant text"
SECRET = "kubernetes.use_secret_as_env(use(text=x), secret_name=%s, secret_key_to_env={'k': 'V'})"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            "use().set_env_variable('A', f'v-{x}')",
            f"Task 'use': environment variable 'A' holds parameter 'x', {PASS}",
        ),
        (
            "use().set_env_variable('A', f'{make().output}')",
            f"Task 'use': environment variable 'A' holds output 'Output' of task 'make', {PASS}",
        ),
        (
            "with dsl.ParallelFor(['a']) as item:\n    use().set_env_variable('A', f'{item}')",
            f"Task 'use': environment variable 'A' holds the loop's item, {PASS}",
        ),
        (
            "with dsl.ParallelFor([{'a': 1}]) as item:\n"
            "    use().set_env_variable('A', f'{item.a}')",
            f"Task 'use': environment variable 'A' holds 'a' of the loop's item, {PASS}",
        ),
        (
            "use(rows=[{'k': [f'{many}']}])",
            f"Task 'use': input 'rows' holds parameter 'many', {PASS}",
        ),
        (
            "data = dsl.importer(artifact_uri='gs://b/k', artifact_class=dsl.Model)\n"
            "use(text=f'{data.output}')",
            "Task 'use': input 'text' holds output 'artifact' of task 'importer', which is an "
            "artifact, not text; pass it as an input artifact",
        ),
        (
            "with dsl.ParallelFor([{'k': f'{x}-1'}]) as item:\n    use(text=item.k)",
            "Task 'for-loop-2': the list of the loop holds parameter 'x', which is not an input of "
            "the task; let a task write the list, and loop over its output",
        ),
        (
            "use(text=x).set_display_name(f'use {x}')",
            f"Task 'use': the display name holds parameter 'x', {CONSTANT}",
        ),
        (
            "use(text=x).set_caching_options(True, cache_key=f'{x}')",
            f"Task 'use': the cache key holds parameter 'x', {CONSTANT}",
        ),
        (
            "with dsl.If(x == f'{x}-1'):\n    use()",
            "Task 'condition-1': the condition holds parameter 'x', which has no value there; let "
            "a task write the whole text, and use its output",
        ),
        (
            SECRET % "f'{x}-secret'",
            f"Task 'use': 'secretAsEnv' of Kubernetes holds parameter 'x', {ALONE}",
        ),
        (
            SECRET.replace("text=x", "") % "f'{x}'",
            f"Task 'use': 'secretAsEnv' of Kubernetes holds parameter 'x', {ALONE}",
        ),
        (
            "kubernetes.mount_pvc(use(), pvc_name=f'{x}-data', mount_path='/m')",
            f"Task 'use': 'pvcMount' of Kubernetes holds parameter 'x', {ALONE}",
        ),
        (
            "kubernetes.add_pod_label(use(text=x), 'team', f'{x}')",
            f"Task 'use': 'podMetadata' of Kubernetes holds parameter 'x', {CONSTANT}",
        ),
        (
            "kubernetes.add_node_selector(use(text=x), 'disk', f'{x}')",
            f"Task 'use': 'nodeSelector' of Kubernetes holds parameter 'x', {CONSTANT}",
        ),
    ],
)
def test_what_does_not_reach_its_task_is_a_problem_that_says_what_to_do(
    body: str, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidPipelineError) as caught:
        read(tmp_path, body)

    (found,) = caught.value.problems
    assert found.message == problem
    assert found.line is not None


def test_a_nested_value_of_an_older_sdk_takes_what_is_an_input_as_well(tmp_path: Path) -> None:
    body = "use(text=x, rows=[{'k': ['HERE']}])"
    data = compile_with_sdk(tmp_path, SOURCE.format(body=f"    {body}"))

    pipeline = read_pipeline(
        data.replace(b"HERE", b"'{{channel:task=;name=x;type=String;}}'"), file="texts.yaml"
    )

    assert "{{$.inputs.parameters['text']}}" in json.dumps(constant(pipeline, "use", "rows"))


def test_the_source_of_a_component_may_show_the_notation(tmp_path: Path) -> None:
    data = compile_with_sdk(tmp_path, SOURCE.format(body="    use(text=x)"))
    notation = b"print('{{channel:task=;name=y;type=String;}}', text)"

    pipeline = read_pipeline(data.replace(b"print(text)", notation), file="texts.yaml")

    executor: Any = pipeline.components["comp-use"].executor
    assert notation.decode() in executor.command[-1]
