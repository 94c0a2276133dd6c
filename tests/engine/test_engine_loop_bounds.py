"""Loops that would be too large for Argo stop before their first iteration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.results import RunResult
from argosy_runs.states import TaskState
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.ir.task_kind import TaskKind
from driver_support import Json, dag, given, leaf, loop, output, pipeline, task, when

ADVICE = "make it shorter, or raise that where Argo offloads its status to a database"

INNER = task("leaf-body", {"m": given("m")}, **loop("m"))
"""A loop over ``m`` whose iterations are two nodes."""
LISTS: Json = {"l": "LIST", "m": "LIST"}
BODY: Json = {"item": "NUMBER_INTEGER", "m": "LIST"}
COMPONENTS: Mapping[str, Json] = {
    "no-op": leaf(command=["true"]),
    "leaf-body": dag({"s": task("no-op")}, BODY),
    "outer-body": dag({"inner": INNER}, {**BODY, "l": "LIST"}),
    "group": dag({"inner": INNER}, {"m": "LIST"}),
    "group-body": dag({"group": task("group", {"m": given("m")})}, {**BODY, "l": "LIST"}),
    "middle-body": dag(
        {"middle": task("outer-body", {"m": given("m"), "l": []}, **loop([1, 2]))},
        {**BODY, "l": "LIST"},
    ),
}


def over(items: Any, body: str = "outer-body") -> Json:
    """A loop over ``items`` around the one over ``m``."""
    return task(body, {"l": given("l"), "m": given("m")}, **loop(items))


def run(
    home: Path,
    tasks: Mapping[str, Any],
    *,
    outer: int = 0,
    inner: int = 0,
    max_nodes: int,
    components: Mapping[str, Json] = COMPONENTS,
) -> RunResult:
    """Run tasks with lists of so many items."""
    made = pipeline(dag(tasks, LISTS), components)
    compiled = compile_pipeline(made, CompileOptions(ir=IrPlacement.STORE, max_nodes=max_nodes))
    return run_workflow(
        compiled.workflow,
        compiled.ir,
        settings=RunSettings(home=home, cache=False),
        parameters={"l": json.dumps(list(range(outer))), "m": json.dumps(list(range(inner)))},
    )


def states(result: RunResult) -> dict[str, str]:
    return {one.path: one.state.value for one in result.tasks}


def pods(result: RunResult) -> int:
    return sum(
        one.kind is TaskKind.CONTAINER and one.state is TaskState.SUCCEEDED for one in result.tasks
    )


def test_a_loop_says_how_many_items_it_has_and_how_many_it_may(tmp_path: Path) -> None:
    tasks = {"inner": task("leaf-body", {"m": given("m")}, **loop("m"))}

    fits = run(tmp_path, tasks, inner=5, max_nodes=11)
    result = run(tmp_path, tasks, inner=6, max_nodes=11)

    assert (fits.error, pods(fits)) == (None, 5)
    assert (states(result), pods(result)) == ({"inner": "FAILED"}, 0)
    assert result.error == (
        "'inner' failed: the condition or the items of the task cannot be evaluated: the number of"
        " iterations is "
        f"'loop inner has 6 items, and --max-nodes allows 5; {ADVICE}', not an integer"
    )


@pytest.mark.parametrize(
    ("tasks", "outer"),
    [
        pytest.param({"outer": over("l")}, 2, id="dynamic"),
        pytest.param({"outer": over([1, 2])}, 0, id="static"),
        pytest.param({"outer": over("l", "group-body")}, 2, id="with a group between"),
        pytest.param({"outer": over("l", "middle-body")}, 1, id="static in dynamic"),
    ],
)
def test_the_limit_of_a_loop_is_the_same_inside_other_loops(
    tmp_path: Path, tasks: Mapping[str, Any], outer: int
) -> None:
    fits = run(tmp_path, tasks, outer=outer, inner=6, max_nodes=13)
    result = run(tmp_path, tasks, outer=outer, inner=7, max_nodes=13)

    assert (fits.error, pods(fits)) == (None, 12)
    assert pods(result) == 0
    assert f"loop inner has 7 items, and --max-nodes allows 6; {ADVICE}" in (result.error or "")


@pytest.mark.parametrize(("max_nodes", "fits"), [(1919, True), (1918, False)])
def test_what_iterations_carry_to_decide_by_counts(
    tmp_path: Path, max_nodes: int, fits: bool
) -> None:
    # 36 items of 565 letters, each of which looks at its own among all: 27,280 bytes in base64.
    script = (
        'for n in $(seq 10 45); do printf ",\\"%0563d$n\\"" 0; done | sed "s/^,/[/; s/$/]/" > $0'
    )
    out = "{{$.outputs.parameters['Output'].output_file}}"
    components = {
        **COMPONENTS,
        "make": leaf({}, {"Output": "LIST"}, command=["sh", "-c", script, out]),
        "picky": dag(
            {"c": task("one", {"i": given("item")}, **when("inputs.parameter_values['i'] == 'a'"))},
            {"item": "STRING", "l": "LIST"},
        ),
        "one": dag({"s": task("no-op")}, {"i": "STRING"}),
    }
    tasks = {"make": task("make"), "x": task("picky", {"l": output("make")}, **loop("l"))}

    result = run(tmp_path, tasks, max_nodes=max_nodes, components=components)

    told = (
        "'loop x has 36 items with 27280 bytes each to decide by, and --max-nodes allows 982016 in"
        " all; let its conditions read less, or raise that where Argo offloads its status to a"
        " database'"
    )
    assert (told in (result.error or "")) is not fits
    assert (result.error is None) is fits


@pytest.mark.parametrize(
    ("body", "nodes"),
    [
        pytest.param("outer-body", 5, id="around a dynamic loop"),
        pytest.param("middle-body", 13, id="around a static loop"),
    ],
)
def test_a_static_loop_is_refused_with_the_exact_nodes_of_its_body(body: str, nodes: int) -> None:
    made = pipeline(dag({"outer": over([1, 2, 3], body)}, LISTS), COMPONENTS)
    numbers = f"3 iterations of {nodes} nodes, {3 * nodes} in all"

    with pytest.raises(InvalidPipelineError, match=numbers):
        compile_pipeline(made, CompileOptions(ir=IrPlacement.STORE, max_nodes=3 * nodes - 1))
    assert compile_pipeline(made, CompileOptions(ir=IrPlacement.STORE, max_nodes=3 * nodes))
