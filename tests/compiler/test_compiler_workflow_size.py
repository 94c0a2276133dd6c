"""What Argo could not hold is refused before anybody submits it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from argosy_compiler import CompileOptions, IrPlacement, compile_pipeline
from argosy_compiler.workflow_size import check_workflow_size
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json

MOST = 1024 * 1024


def document(text: str) -> Mapping[str, Any]:
    """Return a pipeline whose workflow has a text in it as it is."""
    spec = {"parameterType": "STRING", "defaultValue": text, "isOptional": True}
    return {
        "schemaVersion": "2.1.0",
        "pipelineInfo": {"name": "large"},
        "root": {
            "inputDefinitions": {"parameters": {"text": spec}},
            "dag": {"tasks": {"say": {"componentRef": {"name": "comp-say"}}}},
        },
        "components": {"comp-say": {"executorLabel": "exec-say"}},
        "deploymentSpec": {"executors": {"exec-say": {"container": {"image": "alpine"}}}},
    }


def check(placement: IrPlacement, *, length: int) -> int:
    """Check the workflow of a pipeline with a text so long, and return its size."""
    source = to_json(document("x" * length))
    pipeline = read_pipeline(source.encode(), file="<generated>")
    compiled = compile_pipeline(pipeline, CompileOptions(ir=placement))
    check_workflow_size(compiled)
    return len(to_json(compiled.workflow).encode())


def test_a_workflow_that_argo_cannot_hold_is_refused_with_its_size() -> None:
    length = MOST - check(IrPlacement.STORE, length=1) + 1

    assert check(IrPlacement.STORE, length=length) == MOST
    with pytest.raises(InvalidPipelineError) as error:
        check(IrPlacement.STORE, length=length + 1)
    assert str(error.value) == (
        "root: makes a workflow of 1,048,577 bytes, and Argo takes 1,048,576 together with its"
        " status; run a part as a pipeline of its own"
    )


def test_an_ir_in_its_workflow_may_be_what_is_too_much() -> None:
    with pytest.raises(InvalidPipelineError, match=r", or keep the IR outside with --ir store$"):
        check(IrPlacement.AUTO, length=MOST)
