"""Where the items of a loop travel: in no node, if that can be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from argosy_compiler import CompiledPipeline, CompileOptions, IrPlacement, compile_pipeline
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.pod import CONTROL
from driver_support import Json, dag, given, leaf, loop, output, pipeline, task, when

OUTSIDE = CompileOptions(ir=IrPlacement.STORE)

IS_A = when("inputs.parameter_values['i'] == 'a'")
COMPONENTS: Mapping[str, Json] = {
    "no-op": leaf(command=["true"]),
    "make": leaf({}, {"Output": "LIST"}, command=["true"]),
    "group": dag({"s": task("no-op")}, {"i": "STRING"}),
    # Looks at its item, which so has to be known before it starts.
    "body": dag(
        {"c": task("group", {"i": given("item")}, **IS_A)}, {"item": "STRING", "l": "LIST"}
    ),
    # A loop in a loop, over what comes from further out.
    "outer": dag(
        {"inner": task("body", {"l": given("l")}, **loop("l"))}, {"item": "STRING", "l": "LIST"}
    ),
    # A nested pipeline with a list of its own.
    "nested": dag({"for-loop-1": task("body", {"l": given("l")}, **loop("l"))}, {"l": "LIST"}),
}


def compiled(
    tasks: Mapping[str, Json], options: CompileOptions = OUTSIDE, **root: Any
) -> CompiledPipeline:
    return compile_pipeline(pipeline(dag(tasks, **root), COMPONENTS), options)


def handed_down(result: CompiledPipeline) -> set[str]:
    """Return what nodes have among their inputs to decide by."""
    spec: Any = result.workflow["spec"]
    return {
        key
        for template in spec["templates"]
        for one in template.get("dag", {}).get("tasks", ())
        for argument in one.get("arguments", {}).get("parameters", ())
        if argument["name"] == CONTROL
        for key in re.findall(r"'([\w@]+)':", argument["value"])
    }


def parameters(result: CompiledPipeline) -> dict[str, Any]:
    spec: Any = result.workflow["spec"]
    return {
        one["name"]: json.loads(one["value"])
        for one in spec["arguments"]["parameters"]
        if one["name"].startswith("argosy-items-")
    }


def over(items: Any, **inputs: Any) -> Json:
    return task("body", {"l": [], **inputs}, **loop(items))


@pytest.mark.parametrize(
    ("tasks", "lists"),
    [
        pytest.param({"x": over(["a", "b"])}, [["a", "b"]], id="items in the pipeline"),
        pytest.param({"x": over("l", l=given("l"))}, [], id="a parameter of the pipeline"),
        pytest.param(
            {"x": over(["a"]), "y": task("outer", {"l": ["a"]}, **loop(["b"]))},
            [["a"]],
            id="the same items",
        ),
        pytest.param(
            {"x": task("outer", {"l": given("l")}, **loop("l"))}, [], id="from further out"
        ),
        pytest.param({"x": task("nested", {"l": ["a", "b"]})}, [["a", "b"]], id="an argument"),
        pytest.param({"x": task("nested", {"l": given("l")})}, [], id="handed to a pipeline"),
    ],
)
def test_no_iteration_carries_the_items_of_all(
    tasks: Mapping[str, Json], lists: list[list[str]]
) -> None:
    result = compiled(tasks, inputs={"l": "LIST"})

    assert handed_down(result) <= {"l@length"}
    assert list(parameters(result).values()) == lists


def test_items_that_only_the_run_knows_are_handed_down() -> None:
    result = compiled({"make": task("make"), "x": over("l", l=output("make"))})

    assert handed_down(result) == {"item"}
    assert parameters(result) == {}


def test_one_body_for_other_items_is_handed_them() -> None:
    result = compiled({"x": over(["a"]), "y": over(["b"])})

    assert handed_down(result) == {"item"}
    assert parameters(result) == {"argosy-items-1": ["a"], "argosy-items-2": ["b"]}


def test_items_in_each_of_many_iterations_are_refused_with_their_bytes() -> None:
    long = {"x": over([f"{n:04d}" * 10 for n in range(400)]), "y": over(["b"])}

    with pytest.raises(InvalidPipelineError) as error:
        compiled(long)
    assert str(error.value) == (
        "root.dag.tasks.x: has 400 iterations with 22,934 bytes each to decide by, 9,173,600 in"
        " all, and --max-nodes 4000 leaves room for 2,048,000, since Argo keeps all in one object;"
        " make the loop shorter, or raise --max-nodes where Argo offloads its status to a database"
    )
    assert compiled(long, CompileOptions(ir=IrPlacement.STORE, max_nodes=None))


def test_a_list_that_nothing_reads_stays_out() -> None:
    asks = when("parseJson('{}')[inputs.parameter_values['i']] == true")
    body = dag({"c": task("group", {"i": given("item")}, **asks)}, {"item": "STRING", "l": "LIST"})
    made = pipeline(dag({"x": over(["a"])}), {**COMPONENTS, "body": body})

    result = compile_pipeline(made, OUTSIDE)

    assert len(result.notes) == 1
    assert parameters(result) == {}


def test_no_input_of_the_pipeline_takes_the_place_of_items() -> None:
    with pytest.raises(InvalidPipelineError, match="a parameter 'argosy-items-1' of its own"):
        compiled({"x": over(["a"])}, inputs={"argosy-items-1": "LIST"})


@pytest.mark.parametrize("most", [4000, None])
def test_a_billion_tasks_are_refused_by_their_number_and_not_walked(most: int | None) -> None:
    twice = {f"d{n}": dag({"a": task(f"d{n + 1}"), "b": task(f"d{n + 1}")}) for n in range(30)}
    made = pipeline(dag({"x": task("d0")}), {**twice, "d30": leaf(command=["true"])})

    with pytest.raises(InvalidPipelineError, match="makes 2,147,483,648 nodes, and no engine"):
        compile_pipeline(made, CompileOptions(max_nodes=most))


def test_a_selector_that_the_sdk_never_writes_is_refused_before_anything_runs() -> None:
    picked = given("l", parameterExpressionSelector="parseJson(string_value).filter(x, x > 1.0)")
    parts = {"use": leaf({"n": "NUMBER_INTEGER"}, command=["true"])}
    made = pipeline(dag({"x": task("use", {"n": picked})}, {"l": "LIST"}), parts)

    with pytest.raises(InvalidPipelineError) as error:
        compile_pipeline(made, OUTSIDE)

    place = "root.dag.tasks.x.inputs.parameters.n.parameterExpressionSelector"
    assert str(error.value).startswith(f"{place}: Argosy does not evaluate the macro 'filter'")
