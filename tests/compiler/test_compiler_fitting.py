"""What Argo could not hold is refused before anybody submits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from argosy_compiler import CompileOptions, IrPlacement, compile_pipeline
from argosy_compiler.fitting import check_fits
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.reading import read_pipeline
from argosy_schemas.values import to_json

MOST = 1024 * 1024
OUTSIDE = CompileOptions(ir=IrPlacement.STORE, max_dag_tasks=3)


def document(text: str, tasks: int) -> Mapping[str, Any]:
    """Return a pipeline whose workflow has a text in it as it is."""
    spec = {"parameterType": "STRING", "defaultValue": text, "isOptional": True}
    task = {"componentRef": {"name": "comp-say"}}
    return {
        "schemaVersion": "2.1.0",
        "pipelineInfo": {"name": "large"},
        "root": {
            "inputDefinitions": {"parameters": {"text": spec}},
            "dag": {"tasks": {f"say-{number}": task for number in range(tasks)}},
        },
        "components": {"comp-say": {"executorLabel": "exec-say"}},
        "deploymentSpec": {"executors": {"exec-say": {"container": {"image": "alpine"}}}},
    }


def check(options: CompileOptions, *, length: int, tasks: int = 1) -> int:
    """Check the workflow of a pipeline with a text so long, and return its size."""
    source = to_json(document("x" * length, tasks))
    pipeline = read_pipeline(source.encode(), file="<generated>")
    compiled = compile_pipeline(pipeline, options)
    check_fits(compiled, pipeline, options)
    return len(to_json(compiled.workflow).encode())


@pytest.mark.parametrize(
    ("options", "tasks", "advice"),
    [
        pytest.param(OUTSIDE, 1, "", id="nothing else helps"),
        pytest.param(
            OUTSIDE,
            4,
            ", or compile with --argo for a line from 4.0 on, where large DAGs stay whole",
            id="taken apart",
        ),
        pytest.param(replace(OUTSIDE, inline_dags=True), 4, "", id="for one line already"),
    ],
)
def test_a_workflow_that_argo_cannot_hold_is_refused_with_its_size(
    options: CompileOptions, tasks: int, advice: str
) -> None:
    rest = MOST - check(options, length=1, tasks=tasks) + 1

    assert check(options, length=rest, tasks=tasks) == MOST
    with pytest.raises(InvalidPipelineError) as error:
        check(options, length=rest + 1, tasks=tasks)
    assert str(error.value) == (
        "root: makes a workflow of 1,048,577 bytes, and Argo takes 1,048,576 together with its"
        f" status; run a part as a pipeline of its own{advice}"
    )


def test_a_pipeline_in_its_workflow_may_be_what_is_too_much() -> None:
    rest = MOST - check(OUTSIDE, length=1) + 1

    with pytest.raises(
        InvalidPipelineError, match=r", or keep the pipeline outside with --ir store$"
    ):
        check(CompileOptions(), length=rest)
