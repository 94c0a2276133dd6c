"""Inputs that the SDK writes for groups around a loop, and that nobody reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.reading.pipeline import read_pipeline
from sdk_compiled import compile_with_sdk

SOURCE = """
from kfp import dsl

@dsl.component(base_image="python:3.11")
def say(a: str):
    print(a)

@dsl.component(base_image="python:3.11")
def bye():
    print("bye")

@dsl.pipeline(name="leftovers")
def pipeline(mode: str = "on"):
    with {group}:
        with dsl.ParallelFor([{{"a": "1"}}, {{"a": "2"}}]) as item:
            say(a=item.a)
"""


def compiled(directory: Path, group: str) -> bytes:
    return compile_with_sdk(directory, SOURCE.format(group=group))


@pytest.mark.parametrize("group", ["dsl.If(mode == 'on')", "dsl.ExitHandler(bye())"])
def test_a_loop_over_dicts_inside_a_group_is_read(group: str, tmp_path: Path) -> None:
    data = compiled(tmp_path, group)
    assert b"loop-item-param" in data

    pipeline = read_pipeline(data, file="leftovers.yaml")

    names = {name for item in pipeline.components.values() for name in item.inputs.parameters}
    assert {name for name in names if "subvar" in name} == set()


def test_an_input_that_is_read_is_not_dropped(tmp_path: Path) -> None:
    document = yaml.safe_load(compiled(tmp_path, "dsl.If(mode == 'on')"))
    (component,) = (
        item for name, item in document["components"].items() if name.startswith("comp-condition")
    )
    (loop,) = component["dag"]["tasks"].values()
    name = next(name for name in component["inputDefinitions"]["parameters"] if "subvar" in name)
    loop["inputs"]["parameters"]["extra"] = {"componentInputParameter": name}

    with pytest.raises(InvalidPipelineError) as caught:
        read_pipeline(yaml.safe_dump(document).encode(), file="leftovers.yaml")

    assert "This DAG declares no input parameter 'loop-item-param-" in str(caught.value)
