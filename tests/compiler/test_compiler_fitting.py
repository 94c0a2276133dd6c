"""What Argo could not hold is refused before anybody submits it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from argosy_compiler import CompileOptions, IrPlacement, compile_pipeline
from argosy_compiler.fitting import check_fits
from argosy_compiler.options import options_for
from argosy_compiler.plan import Template
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json

MOST = 1024 * 1024
OUTSIDE = CompileOptions(ir=IrPlacement.STORE, max_dag_tasks=3)

AFTER = {3: [0], 4: [1, 2], 5: [0, 1]}
"""Six tasks that would wait longer in parts of three."""


def document(text: str, tasks: int) -> Mapping[str, Any]:
    """Return a pipeline whose workflow has a text in it as it is."""
    spec = {"parameterType": "STRING", "defaultValue": text, "isOptional": True}
    say = {"componentRef": {"name": "comp-say"}}
    names = {
        f"say-{n}": {**say, "dependentTasks": [f"say-{before}" for before in AFTER.get(n, ())]}
        for n in range(tasks)
    }
    return {
        "schemaVersion": "2.1.0",
        "pipelineInfo": {"name": "large"},
        "root": {
            "inputDefinitions": {"parameters": {"text": spec}},
            "dag": {"tasks": names},
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
            6,
            ", or compile with --argo for a line from 4.0 on, where large DAGs stay whole",
            id="taken apart",
        ),
        pytest.param(OUTSIDE, 4, "", id="in parts either way"),
        pytest.param(replace(OUTSIDE, inline_dags=True), 6, "", id="for one line already"),
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


def many_alike(count: int) -> Mapping[str, Any]:
    """Return a pipeline of tasks whose components differ in nothing but their image."""
    made = dict(document("", count))
    made["components"] = {f"comp-{n}": {"executorLabel": f"exec-{n}"} for n in range(count)}
    made["deploymentSpec"] = {
        "executors": {f"exec-{n}": {"container": {"image": f"image-{n}"}} for n in range(count)}
    }
    tasks = {f"say-{n}": {"componentRef": {"name": f"comp-{n}"}} for n in range(count)}
    made["root"]["dag"]["tasks"] = tasks
    return made


def unshared(templates: Sequence[Template], *, named: bool) -> Iterator[Template]:
    return iter(templates)


def advice_for(options: CompileOptions, document: Mapping[str, Any]) -> str:
    pipeline = read_pipeline(to_json(document).encode(), file="<generated>")
    with pytest.raises(InvalidPipelineError) as error:
        check_fits(compile_pipeline(pipeline, options), pipeline, options)
    return str(error.value).partition("its status; ")[2]


def test_a_line_that_makes_it_large_is_said() -> None:
    options = replace(options_for("3.5"), ir=IrPlacement.STORE)

    assert advice_for(options, many_alike(900)) == (
        "run a part as a pipeline of its own, or compile without --argo, where templates that are"
        " alike are written once"
    )


def test_what_would_be_refused_as_well_is_not_advised() -> None:
    # A task of each name has to be written, however large DAGs are divided.
    names = {f"say-{n}-{'x' * 100}": {"componentRef": {"name": "comp-say"}} for n in range(5000)}
    made = dict(document("", 1))
    made["root"]["dag"]["tasks"] = names

    assert advice_for(CompileOptions(ir=IrPlacement.STORE), made) == (
        "run a part as a pipeline of its own"
    )


def test_what_another_limit_refuses_is_not_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the templates differed in more than texts: without --argo there are too many."""
    monkeypatch.setattr("argosy_compiler.passes.share_templates.shared_templates", unshared)
    options = replace(options_for("3.5"), ir=IrPlacement.STORE)

    assert advice_for(options, many_alike(900)) == "run a part as a pipeline of its own"
