"""The comment that the SDK writes above a pipeline, with defaults as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.reading.pipeline import read_pipeline
from sdk_compiled import compile_with_sdk

SOURCE = """
from kfp import dsl

@dsl.component(base_image="python:3.11")
def query(text: str):
    print(text)

@dsl.pipeline(name="query")
def pipeline(text: str = {default!r}):
    query(text=text)
"""


def compiled(directory: Path, default: str) -> bytes:
    return compile_with_sdk(directory, SOURCE.format(default=default))


@pytest.mark.parametrize(
    "default",
    [
        pytest.param("select 1\nfrom lines", id="line-break"),
        pytest.param("a: 1\nb: 2", id="reads-as-yaml"),
        pytest.param("a\rb: 1", id="carriage-return"),
        pytest.param("a\x85b: 1", id="next-line"),
        pytest.param("a\u2028b: 1\u2029c: 2", id="separators"),
        pytest.param("kind: x\ncomponents:\n- y", id="reads-as-a-component"),
        pytest.param("components:\n  a: {}\n---\n", id="reads-as-a-document"),
        pytest.param("one line", id="one-line"),
    ],
)
def test_a_default_is_read_as_it_was_written(default: str, tmp_path: Path) -> None:
    data = compiled(tmp_path, default)

    pipeline = read_pipeline(data, file="query.yaml")

    assert pipeline.root.inputs.parameters["text"].default == default


def test_lines_keep_their_numbers_below_such_a_comment(tmp_path: Path) -> None:
    text = compiled(tmp_path, "select 1\nfrom lines").decode()
    wrong = text.replace("executorLabel: exec-query", "executorLabel: exec-other")
    line = text[: text.index("executorLabel: exec-query")].count("\n") + 1

    with pytest.raises(InvalidPipelineError) as caught:
        read_pipeline(wrong.encode(), file="query.yaml")

    assert [problem.line for problem in caught.value.problems] == [line]
