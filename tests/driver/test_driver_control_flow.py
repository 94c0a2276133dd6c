"""Loops, what is collected from them, choices between branches, conditions."""

from __future__ import annotations

from typing import Any

import pytest

from argosy_driver.deciding_pod import decide_task
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.names import TaskPath
from argosy_schemas.values import JsonValue
from driver_support import (
    DATASET,
    DATASETS,
    IN_ANY_CASE,
    RUN,
    CountedRecords,
    Json,
    World,
    artifact_loop,
    constant,
    dag,
    dataset,
    given,
    given_artifact,
    importer,
    leaf,
    loop,
    output,
    output_artifact,
    pipeline,
    task,
    when,
)

LEAF = leaf({"x": "STRING"}, {"Output": "NUMBER_INTEGER"}, output_artifacts={"data": DATASET})


def looped(
    items: Any,
    *,
    kind: str = "STRING",
    parameters: dict[str, Any] | None = None,
    root_inputs: dict[str, Any] | None = None,
    values: dict[str, JsonValue] | None = None,
) -> World:
    """A loop of the task ``t``, which gets the item as ``x``; its outputs are collected."""
    body = dag(
        {"t": task("comp-t", {"x": given("item")})},
        {"item": kind, **{name: "LIST" for name in parameters or {}}},
        {"out": "LIST"},
        output_artifacts={"data": DATASETS},
        passes={"out": ["t.Output"]},
        passes_artifacts={"data": ["t.data"]},
    )
    root = dag(
        {"for-loop-1": task("comp-body", parameters, **loop(items))},
        root_inputs,
        {"out": "LIST"},
        output_artifacts={"data": DATASETS},
        passes={"out": ["for-loop-1.out"]},
        passes_artifacts={"data": ["for-loop-1.data"]},
    )
    components = {"comp-body": body, "comp-t": LEAF}
    return World(pipeline(root, components), values)


# Items.


def test_raw_items_are_what_the_iterations_see() -> None:
    world = looped([1.0, {"a": [2.0]}, "{{$.pipeline_job_name}}"])

    assert world.count("for-loop-1") == 3
    assert [world.inputs(f"for-loop-1/{i}/t")["x"] for i in range(3)] == [
        "1",
        '{"a":[2]}',
        "demo-x7k2p",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "items"),
    [
        pytest.param("LIST", ["a", "b"], ["a", "b"], id="list"),
        pytest.param("STRING", '["a", "b"]', ["a", "b"], id="JSON text of a list"),
        pytest.param("LIST", [], [], id="empty"),
    ],
)
def test_items_of_an_input_are_its_value(
    kind: str, value: JsonValue, items: list[JsonValue]
) -> None:
    body = dag({"t": task("comp-t", {"x": given("item")})}, {"item": "STRING", "all": kind})
    root = dag({"for-loop-1": task("comp-body", {"all": given("p")}, **loop("all"))}, {"p": kind})
    world = World(pipeline(root, {"comp-body": body, "comp-t": LEAF}), {"p": value})

    assert world.count("for-loop-1") == len(items)
    assert [world.inputs(f"for-loop-1/{i}/t")["x"] for i in range(len(items))] == items


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        pytest.param("text", "not a list", id="text"),
        pytest.param('{"a": 1}', "not a list", id="{}"),
    ],
)
def test_items_that_are_no_list_are_refused(value: str, kind: str) -> None:
    body = dag({"t": task("comp-t", {"x": given("item")})}, {"item": "STRING", "all": "STRING"})
    root = dag(
        {"for-loop-1": task("comp-body", {"all": given("p")}, **loop("all"))}, {"p": "STRING"}
    )
    world = World(pipeline(root, {"comp-body": body, "comp-t": LEAF}), {"p": value})

    with pytest.raises(FinalTaskError) as caught:
        world.count("for-loop-1")

    assert str(caught.value) == (
        f"task 'for-loop-1': input 'all' holds the items of the loop and is {kind}; pass a list"
    )


def test_the_whole_list_is_visible_in_the_body() -> None:
    body = dag(
        {"t": task("comp-t", {"x": given("item"), "all": given("all")})},
        {"item": "STRING", "all": "LIST"},
    )
    root = dag({"for-loop-1": task("comp-body", {"all": ["a", "b"]}, **loop("all"))})
    component = leaf({"x": "STRING", "all": "LIST"})
    world = World(pipeline(root, {"comp-body": body, "comp-t": component}))

    assert world.inputs("for-loop-1/1/t") == {"x": "b", "all": ["a", "b"]}
    assert world.inputs("for-loop-1/1") == {"item": "b", "all": ["a", "b"]}


@pytest.mark.parametrize(
    ("kind", "item", "text"),
    [
        pytest.param("NUMBER_INTEGER", 3, "3", id="int"),
        pytest.param("NUMBER_DOUBLE", 0.5, "0.5", id="float"),
        pytest.param("BOOLEAN", True, "true", id="bool"),
        pytest.param("LIST", [1, "a"], '[1,"a"]', id="list"),
        pytest.param("STRUCT", {"a": 1}, '{"a":1}', id="dict"),
    ],
)
def test_an_item_of_unknown_type_is_what_its_reader_declares(
    kind: str, item: JsonValue, text: str
) -> None:
    name, outer = "pipelinechannel--p-loop-item", "pipelinechannel--p"
    leaves = {
        "typed": task("comp-typed", {"x": given(name)}),
        "text": task("comp-t", {"x": given(name)}),
    }
    group = dag(leaves, {name: "STRING", "other": "STRING"})
    nested = dag({"typed": task("comp-typed", {"x": given("x")})}, {"x": kind})
    condition = f"inputs.parameter_values['{name}'] == '{text}'"
    body = dag(
        {
            **leaves,
            "condition": task("comp-group", {name: given(name), "other": ""}, **when(condition)),
            "loop": task("comp-group", {name: given(name)}, **loop([1], "other")),
            "nested": task("comp-nested", {"x": given(name)}),
        },
        {name: "STRING", outer: "LIST"},
    )
    over = task("comp-body", {outer: given("p")}, **loop(outer, name))
    components = {
        "comp-body": body,
        "comp-group": group,
        "comp-nested": nested,
        "comp-t": LEAF,
        "comp-typed": leaf({"x": kind}),
    }
    world = World(pipeline(dag({"l": over}, {"p": "LIST"}), components), {"p": [item]})

    for path in ("l/0/typed", "l/0/condition/typed", "l/0/loop/0/typed", "l/0/nested/typed"):
        assert world.inputs(path) == {"x": item}
    for path in ("l/0/text", "l/0/condition/text", "l/0/loop/0/text"):
        assert world.inputs(path) == {"x": text}
    assert world.holds("l/0/condition")


def test_an_item_of_another_type_than_its_reader_declares_names_the_task() -> None:
    name = "pipelinechannel--p-loop-item"
    body = dag({"t": task("comp-t", {"x": given(name)})}, {name: "STRING", "p": "LIST"})
    over = task("comp-body", {"p": given("p")}, **loop("p", name))
    components = {"comp-body": body, "comp-t": leaf({"x": "NUMBER_INTEGER"})}
    world = World(pipeline(dag({"l": over}, {"p": "LIST"}), components), {"p": ["three"]})

    with pytest.raises(FinalTaskError) as caught:
        world.inputs("l/0/t")

    assert str(caught.value) == (
        "task 'l/0/t': input 'x' is a string, not a NUMBER_INTEGER; pass a value of that type"
    )


def test_an_item_is_picked_apart_by_selectors() -> None:
    selected = given("item", parameterExpressionSelector='parseJson(string_value)["a"]')
    body = dag({"t": task("comp-t", {"x": selected})}, {"item": "STRUCT"})
    root = dag({"for-loop-1": task("comp-body", **loop([{"a": "A"}, {"a": 1.5}]))})
    world = World(pipeline(root, {"comp-body": body, "comp-t": LEAF}))

    assert [world.inputs(f"for-loop-1/{i}/t")["x"] for i in (0, 1)] == ["A", "1.5"]


def test_artifacts_are_items_too() -> None:
    body = dag(
        {"t": task("comp-t", artifacts={"a": given_artifact("item")})},
        artifacts={"item": DATASET, "all": DATASETS},
    )
    root = dag(
        {
            "for-loop-1": task(
                "comp-body", artifacts={"all": output_artifact("before")}, **artifact_loop("all")
            ),
            "before": task("comp-b"),
        }
    )
    components = {
        "comp-body": body,
        "comp-t": leaf(artifacts={"a": DATASET}),
        "comp-b": leaf(output_artifacts={"data": DATASETS}),
    }
    world = World(pipeline(root, components))
    world.succeeded("before", data=(*dataset("s3://b/0"), *dataset("s3://b/1")))

    assert world.count("for-loop-1") == 2
    assert world.input_artifacts("for-loop-1/1/t") == {"a": ("s3://b/1",)}
    assert world.input_artifacts("for-loop-1/1") == {
        "item": ("s3://b/1",),
        "all": ("s3://b/0", "s3://b/1"),
    }


def test_siblings_of_an_iteration_see_each_other_alone() -> None:
    body = dag(
        {"t": task("comp-t", {"x": output("s")}), "s": task("comp-s", {"x": given("item")})},
        {"item": "STRING"},
    )
    root = dag({"for-loop-1": task("comp-body", **loop(["a", "b"]))})
    world = World(pipeline(root, {"comp-body": body, "comp-t": LEAF, "comp-s": LEAF}))
    world.succeeded("for-loop-1/0/s", Output=10)
    world.succeeded("for-loop-1/1/s", Output=11)

    assert [world.inputs(f"for-loop-1/{i}/t")["x"] for i in (0, 1)] == ["10", "11"]


# Collected.


def test_outputs_of_iterations_are_collected_in_the_order_of_items() -> None:
    world = looped(["a", "b", "c"])
    for index in (2, 0, 1):
        world.succeeded(f"for-loop-1/{index}/t", Output=index * 10, data=dataset(f"s3://b/{index}"))

    assert world.outputs() == {"out": [0, 10, 20]}
    assert world.output_artifacts() == {"data": ("s3://b/0", "s3://b/1", "s3://b/2")}


def test_no_iterations_give_empty_lists() -> None:
    world = looped([])

    assert world.outputs() == {"out": []}
    assert world.output_artifacts() == {"data": ()}


def nested(outer: list[Any], inner: list[Any]) -> World:
    """A loop in a loop, collected through both."""
    innermost = dag(
        {"t": task("comp-t", {"x": given("inner")})},
        {"inner": "STRING"},
        {"out": "LIST"},
        output_artifacts={"data": DATASETS},
        passes={"out": ["t.Output"]},
        passes_artifacts={"data": ["t.data"]},
    )
    body = dag(
        {"for-loop-2": task("comp-inner", **loop(inner, "inner"))},
        {"item": "STRING"},
        {"out": "LIST"},
        output_artifacts={"data": DATASETS},
        passes={"out": ["for-loop-2.out"]},
        passes_artifacts={"data": ["for-loop-2.data"]},
    )
    root = dag(
        {"for-loop-1": task("comp-body", **loop(outer))},
        None,
        {"out": "LIST"},
        output_artifacts={"data": DATASETS},
        passes={"out": ["for-loop-1.out"]},
        passes_artifacts={"data": ["for-loop-1.data"]},
    )
    return World(pipeline(root, {"comp-body": body, "comp-inner": innermost, "comp-t": LEAF}))


def test_parameters_of_nested_loops_have_a_level_for_each_and_artifacts_have_one() -> None:
    world = nested(["a", "b"], ["c", "d"])
    for outer in (0, 1):
        for inner in (0, 1):
            path = f"for-loop-1/{outer}/for-loop-2/{inner}/t"
            world.succeeded(path, Output=outer * 10 + inner, data=dataset(f"s3://b/{outer}{inner}"))

    assert world.outputs() == {"out": [[0, 1], [10, 11]]}
    assert world.output_artifacts() == {
        "data": ("s3://b/00", "s3://b/01", "s3://b/10", "s3://b/11")
    }
    assert world.outputs("for-loop-1/1/for-loop-2") == {"out": [10, 11]}


def test_an_inner_loop_without_items_is_an_empty_list() -> None:
    assert nested(["a", "b"], []).outputs() == {"out": [[], []]}


def branch(condition: str, body: Json) -> Json:
    """A DAG of the task ``condition-2`` that runs ``body`` when the item passes."""
    return dag(
        {"condition-2": task("comp-branch", {"item": given("item")}, **when(condition))},
        {"item": "NUMBER_INTEGER"},
        body["outputs"]["parameters"],
        output_artifacts=body["outputs"]["artifacts"],
        passes={name: [f"condition-2.{name}"] for name in body["outputs"]["parameters"]},
        passes_artifacts={name: [f"condition-2.{name}"] for name in body["outputs"]["artifacts"]},
    )


BIG = "int(inputs.parameter_values['item']) > 1"


def collected(body: Json, components: dict[str, Json], items: list[int]) -> World:
    """A loop whose iterations run ``body`` for items above 1."""
    outer = branch(BIG, body)
    names = outer["outputs"]["parameters"], outer["outputs"]["artifacts"]
    root = dag(
        {"for-loop-1": task("comp-outer", **loop(items))},
        None,
        dict.fromkeys(names[0], "LIST"),
        output_artifacts=dict.fromkeys(names[1], DATASETS),
        passes={name: [f"for-loop-1.{name}"] for name in names[0]},
        passes_artifacts={name: [f"for-loop-1.{name}"] for name in names[1]},
    )
    return World(pipeline(root, {"comp-outer": outer, "comp-branch": body, **components}))


def test_skipped_iterations_contribute_nothing() -> None:
    body = dag(
        {"t": task("comp-t", {"x": given("item")})},
        {"item": "NUMBER_INTEGER"},
        {"out": "NUMBER_INTEGER"},
        output_artifacts={"data": DATASET},
        passes={"out": ["t.Output"]},
        passes_artifacts={"data": ["t.data"]},
    )
    world = collected(body, {"comp-t": LEAF}, [2, 1, 3])
    for index in (0, 2):
        path = f"for-loop-1/{index}/condition-2/t"
        world.succeeded(path, Output=index, data=dataset(f"s3://b/{index}"))

    assert world.outputs() == {"out": [0, 2]}
    assert world.output_artifacts() == {"data": ("s3://b/0", "s3://b/2")}


def test_importers_in_skipped_iterations_contribute_nothing() -> None:
    body = dag(
        {"importer": task("comp-importer", {"uri": given("item")})},
        {"item": "NUMBER_INTEGER"},
        output_artifacts={"data": DATASET},
        passes_artifacts={"data": ["importer.artifact"]},
    )
    components = {
        "comp-importer": importer({"uri": "STRING"}, artifactUri={"runtimeParameter": "uri"})
    }

    world = collected(body, components, [2, 1, 3])

    assert world.output_artifacts() == {"data": ("2", "3")}


def test_a_loop_in_a_skipped_iteration_is_not_an_empty_list() -> None:
    inner = dag(
        {"t": task("comp-t", {"x": given("inner")})},
        {"inner": "STRING"},
        {"out": "LIST"},
        passes={"out": ["t.Output"]},
    )
    body = dag(
        {"for-loop-3": task("comp-inner", **loop([], "inner"))},
        {"item": "NUMBER_INTEGER"},
        {"out": "LIST"},
        passes={"out": ["for-loop-3.out"]},
    )

    world = collected(body, {"comp-inner": inner, "comp-t": LEAF}, [2, 1, 3])

    assert world.outputs() == {"out": [[], []]}


def test_an_artifact_list_survives_the_borders_of_dags() -> None:
    nested_dag = dag(
        {"t": task("comp-use", artifacts={"all": given_artifact("all")})},
        artifacts={"all": DATASETS},
    )
    world = looped(["a", "b"])
    root = dag(
        {
            "for-loop-1": task("comp-body", **loop(["a", "b"])),
            "n": task("comp-n", artifacts={"all": output_artifact("for-loop-1")}),
        }
    )
    body = dag(
        {"t": task("comp-t", {"x": given("item")})},
        {"item": "STRING"},
        output_artifacts={"data": DATASETS},
        passes_artifacts={"data": ["t.data"]},
    )
    components = {
        "comp-body": body,
        "comp-t": LEAF,
        "comp-n": nested_dag,
        "comp-use": leaf(artifacts={"all": DATASETS}),
    }
    world = World(pipeline(root, components))
    for index in (0, 1):
        world.succeeded(f"for-loop-1/{index}/t", Output=1, data=dataset(f"s3://b/{index}"))

    assert world.input_artifacts("n/t") == {"all": ("s3://b/0", "s3://b/1")}


def test_a_list_of_many_iterations_is_collected_once() -> None:
    world = looped(["a"] * 101)
    for index in range(101):
        world.succeeded(f"for-loop-1/{index}/t", Output=index, data=dataset(f"s3://b/{index}"))

    first = world.outputs(keep_collected=True), world.output_artifacts(keep_collected=True)
    world.records = records = CountedRecords(world.store, RUN)
    second = world.outputs(), world.output_artifacts()

    assert first[0] == {"out": list(range(101))}
    assert second == first
    assert records.read == []


def test_a_list_of_few_iterations_is_not_kept() -> None:
    world = looped(["a"] * 100)
    for index in range(100):
        world.succeeded(f"for-loop-1/{index}/t", Output=index)

    world.outputs(keep_collected=True)
    world.records = records = CountedRecords(world.store, RUN)
    world.outputs()

    assert len(records.read) == 100


def test_what_a_loop_that_may_have_failed_put_out_is_not_kept() -> None:
    body = dag(
        {"t": task("comp-t", {"x": given("item")})},
        {"item": "STRING"},
        {"out": "LIST"},
        passes={"out": ["t.Output"]},
    )
    optional: Json = {"parameterType": "LIST", "defaultValue": [], "isOptional": True}
    root = dag(
        {
            "for-loop-1": task("comp-body", **loop(["a"] * 101)),
            "use": task("comp-use", {"all": output("for-loop-1", "out")}, **IN_ANY_CASE),
        }
    )
    components = {"comp-body": body, "comp-t": LEAF, "comp-use": leaf({"all": optional})}
    world = World(pipeline(root, components))
    world.succeeded("for-loop-1/0/t", Output=0)

    world.inputs("use", keep_collected=True)

    assert world.resolver().outputs(TaskPath("for-loop-1")).parameters == {"out": [0]}
    world.succeeded("for-loop-1/1/t", Output=1)
    assert world.outputs("for-loop-1") == {"out": [0, 1]}


def test_records_are_read_several_at_a_time_where_that_helps() -> None:
    world = looped(["a"] * 150)
    for index in range(150):
        world.succeeded(f"for-loop-1/{index}/t", Output=index)
    world.records = records = CountedRecords(world.store, RUN)

    found = world.outputs(readers=8)

    assert found == {"out": list(range(150))}
    assert sorted(records.read) == sorted(f"for-loop-1/{i}/t" for i in range(150))


# OneOf.


def one_of(first: Json, second: Json, components: dict[str, Json], value: int) -> World:
    """A choice between two branches by the parameter ``p``."""
    wrapper = dag(
        {
            "condition-2": task(
                "comp-first", {"item": given("p")}, **when("inputs.parameter_values['item'] > 1")
            ),
            "condition-3": task(
                "comp-second",
                {"item": given("p")},
                **when("!(inputs.parameter_values['item'] > 1)"),
            ),
        },
        {"p": "NUMBER_INTEGER"},
        {"out": "NUMBER_INTEGER"},
        output_artifacts={"data": DATASET},
        passes={"out": ["condition-2.out", "condition-3.out"]},
        passes_artifacts={"data": ["condition-2.data", "condition-3.data"]},
    )
    root = dag(
        {"condition-branches-1": task("comp-branches", {"p": given("p")})},
        {"p": "NUMBER_INTEGER"},
        {"out": "NUMBER_INTEGER"},
        output_artifacts={"data": DATASET},
        passes={"out": ["condition-branches-1.out"]},
        passes_artifacts={"data": ["condition-branches-1.data"]},
    )
    made = {"comp-branches": wrapper, "comp-first": first, "comp-second": second, **components}
    return World(pipeline(root, made), {"p": value})


def branch_of(key: str, component: str, parameters: Json, **sources: Any) -> Json:
    return dag(
        {key: task(component, parameters)},
        {"item": "NUMBER_INTEGER"},
        {"out": "NUMBER_INTEGER"},
        output_artifacts={"data": DATASET},
        passes={"out": [f"{key}.Output"]},
        passes_artifacts={"data": [sources.get("data", f"{key}.data")]},
    )


@pytest.mark.parametrize(("chosen", "key"), [(2, "a"), (3, "b")])
def test_one_of_is_the_branch_that_has_a_record(chosen: int, key: str) -> None:
    first, second = (branch_of(each, "comp-t", {"x": "x"}) for each in "ab")
    world = one_of(first, second, {"comp-t": LEAF}, 2)
    path = f"condition-branches-1/condition-{chosen}/{key}"
    world.succeeded(path, Output=chosen, data=dataset(f"s3://b/{key}"))

    assert world.outputs() == {"out": chosen}
    assert world.output_artifacts() == {"data": (f"s3://b/{key}",)}


@pytest.mark.parametrize(("value", "uri"), [(2, "gs://b/first"), (1, "gs://b/second")])
def test_one_of_importers_is_the_branch_whose_condition_holds(value: int, uri: str) -> None:
    def of(name: str) -> Json:
        return importer(artifactUri={"constant": f"gs://b/{name}"})

    first = branch_of("i", "comp-i", {}, data="i.artifact")
    second = branch_of("i", "comp-j", {}, data="i.artifact")
    for made in (first, second):
        made["outputs"]["parameters"].clear()
        made["dag"]["outputs"]["parameters"].clear()
    wrapper = dag(
        {
            "condition-2": task(
                "comp-first", {"item": given("p")}, **when("inputs.parameter_values['item'] > 1")
            ),
            "condition-3": task(
                "comp-second",
                {"item": given("p")},
                **when("!(inputs.parameter_values['item'] > 1)"),
            ),
        },
        {"p": "NUMBER_INTEGER"},
        output_artifacts={"data": DATASET},
        passes_artifacts={"data": ["condition-2.data", "condition-3.data"]},
    )
    root = dag(
        {
            "branches": task("comp-branches", {"p": given("p")}),
            "use": task("comp-use", artifacts={"a": output_artifact("branches")}),
        },
        {"p": "NUMBER_INTEGER"},
    )
    components = {
        "comp-branches": wrapper,
        "comp-first": first,
        "comp-second": second,
        "comp-i": of("first"),
        "comp-j": of("second"),
        "comp-use": leaf(artifacts={"a": DATASET}),
    }
    world = World(pipeline(root, components), {"p": value})

    assert world.input_artifacts("use") == {"a": (uri,)}


def test_one_of_without_a_branch_that_ran_is_not_there() -> None:
    first, second = (branch_of(each, "comp-t", {"x": "x"}) for each in "ab")

    assert one_of(first, second, {"comp-t": LEAF}, 2).outputs() == {}


def test_one_of_is_the_first_branch_that_ran_whether_it_has_the_output_or_not() -> None:
    inner = branch_of("a", "comp-t", {"x": "x"})
    first = dag(
        {
            "inner": task(
                "comp-inner", {"item": given("item")}, **when("inputs.parameter_values['item'] > 5")
            )
        },
        {"item": "NUMBER_INTEGER"},
        {"out": "NUMBER_INTEGER"},
        output_artifacts={"data": DATASET},
        passes={"out": ["inner.out"]},
        passes_artifacts={"data": ["inner.data"]},
    )
    second = branch_of("b", "comp-t", {"x": "x"})

    def outputs_with(value: int) -> tuple[object, object]:
        world = one_of(first, second, {"comp-t": LEAF, "comp-inner": inner}, value)
        world.succeeded("condition-branches-1/condition-3/b", Output=3, data=dataset("s3://b/b"))
        return world.outputs(), world.output_artifacts()

    assert outputs_with(2) == ({}, {})
    assert outputs_with(1) == ({"out": 3}, {"data": ("s3://b/b",)})


def test_an_importer_behind_a_task_that_did_not_run_did_not_either() -> None:
    body = dag(
        {
            "importer": task("comp-importer", dependentTasks=["t"]),
            "t": task("comp-t", {"x": "x"}),
        },
        {"item": "NUMBER_INTEGER"},
        output_artifacts={"data": DATASET},
        passes_artifacts={"data": ["importer.artifact"]},
    )
    components = {"comp-importer": importer(artifactUri={"constant": "gs://b/k"}), "comp-t": LEAF}
    world = collected(body, components, [2, 3])
    world.succeeded("for-loop-1/1/condition-2/t", Output=1)

    assert world.output_artifacts() == {"data": ("gs://b/k",)}


@pytest.mark.parametrize("item", [1, 2])
def test_what_a_nested_pipeline_skipped_has_made_nothing(item: int) -> None:
    body = dag(
        {"t": task("comp-t", {"x": "x"})},
        {"item": "STRING"},
        {"out": "LIST"},
        passes={"out": ["t.Output"]},
    )
    condition = dag(
        {"importer": task("comp-importer"), "for-loop-2": task("comp-body", **loop([]))},
        {"item": "NUMBER_INTEGER"},
        {"out": "LIST"},
        output_artifacts={"data": DATASET},
        passes={"out": ["for-loop-2.out"]},
        passes_artifacts={"data": ["importer.artifact"]},
    )
    only_two = when("inputs.parameter_values['item'] == 2")
    nested = dag(
        {"condition-1": task("comp-condition", {"item": given("item")}, **only_two)},
        {"item": "NUMBER_INTEGER"},
        {"out": "LIST"},
        output_artifacts={"data": DATASET},
        passes={"out": ["condition-1.out"]},
        passes_artifacts={"data": ["condition-1.data"]},
    )
    root = dag(
        {
            "nested": task("comp-nested", {"item": given("item")}),
            "data": task("comp-data", artifacts={"a": output_artifact("nested")}),
            "list": task("comp-list", {"x": output("nested", "out")}),
        },
        {"item": "NUMBER_INTEGER"},
    )
    components = {
        "comp-nested": nested,
        "comp-condition": condition,
        "comp-body": body,
        "comp-importer": importer(artifactUri={"constant": "gs://b/k"}),
        "comp-t": LEAF,
        "comp-data": leaf(artifacts={"a": DATASET}),
        "comp-list": leaf({"x": "LIST"}),
    }
    world = World(pipeline(root, components), {"item": item})

    if item == 2:
        assert world.input_artifacts("data") == {"a": ("gs://b/k",)}
        assert world.inputs("list") == {"x": []}
        return
    with pytest.raises(FinalTaskError, match="'nested', which ended without it"):
        world.input_artifacts("data")
    with pytest.raises(FinalTaskError, match="'nested', which ended without it"):
        world.inputs("list")


# Conditions and deciding pods.


@pytest.mark.parametrize(
    ("condition", "value", "outcome"),
    [
        ("inputs.parameter_values['x'] == 'a'", "a", True),
        ("inputs.parameter_values['x'] == 'a'", "b", False),
        ("inputs.parameter_values['x'] != ''", None, True),
    ],
)
def test_a_condition_is_over_the_tasks_own_inputs(
    condition: str, value: JsonValue, outcome: bool
) -> None:
    group = dag(
        {"t": task("comp-t", {"x": given("x")})},
        {"x": {"parameterType": "STRING", "isOptional": True}},
    )
    root = dag(
        {"condition-1": task("comp-g", {"x": given("p")}, **when(condition))},
        {"p": {"parameterType": "STRING", "isOptional": True}},
    )
    world = World(pipeline(root, {"comp-g": group, "comp-t": LEAF}), {"p": value})

    assert world.holds("condition-1") is outcome
    assert decide_task(TaskPath("condition-1"), resolver=world.resolver()) == {"condition": outcome}


def test_a_condition_reads_only_the_inputs_that_it_names() -> None:
    group = dag({"t": task("comp-t", {"x": given("x")})}, {"x": "STRING", "never": "STRING"})
    condition = when("inputs.parameter_values['x'] == 'a'")
    parameters = {"x": "a", "never": output("before")}
    root = dag({"condition-1": task("comp-g", parameters, **condition), "before": task("comp-b")})
    components = {"comp-g": group, "comp-t": LEAF, "comp-b": leaf(outputs={"Output": "STRING"})}
    world = World(pipeline(root, components))

    assert world.holds("condition-1") is True


def test_a_condition_sees_artifacts() -> None:
    group = dag(
        {"t": task("comp-t", artifacts={"a": given_artifact("m")})}, artifacts={"m": DATASET}
    )
    condition = "inputs.artifacts['m'].artifacts[0].metadata['rows'] > 10.0"
    root = dag(
        {
            "condition-1": task(
                "comp-g", artifacts={"m": output_artifact("before")}, **when(condition)
            ),
            "before": task("comp-b"),
        }
    )
    components = {
        "comp-g": group,
        "comp-t": leaf(artifacts={"a": DATASET}),
        "comp-b": leaf(output_artifacts={"data": DATASET}),
    }
    world = World(pipeline(root, components))
    world.succeeded("before", data=dataset("s3://b/k", metadata={"rows": 11}))

    assert world.holds("condition-1") is True


def test_a_condition_that_fails_is_an_error_and_not_false() -> None:
    group = dag({"t": task("comp-t", {"x": given("x")})}, {"x": "STRING"})
    condition = when("int(inputs.parameter_values['x']) > 1")
    root = dag({"condition-1": task("comp-g", {"x": constant("text")}, **condition)})
    world = World(pipeline(root, {"comp-g": group, "comp-t": LEAF}))

    with pytest.raises(FinalTaskError) as caught:
        world.holds("condition-1")

    assert str(caught.value) == (
        "task 'condition-1': condition: int() cannot read 'text' as an integer (column 1 of "
        "'int(inputs.parameter_values['x']) > 1'); input 'x' is \"text\": pass what the condition "
        "takes"
    )
    assert caught.value.reason == "ConditionFailed"
    assert world.resolver().why_undecided(TaskPath("condition-1")) == str(caught.value)


def test_what_is_null_is_to_blame_for_a_condition_that_fails() -> None:
    group = dag(
        {"t": task("comp-t", {"x": given("x")})}, {"x": "NUMBER_INTEGER", "y": "NUMBER_INTEGER"}
    )
    condition = when("inputs.parameter_values['x'] > inputs.parameter_values['y']")
    root = dag(
        {"condition-1": task("comp-g", {"x": given("p"), "y": constant(1)}, **condition)},
        {"p": {"parameterType": "NUMBER_INTEGER", "isOptional": True}},
    )
    world = World(pipeline(root, {"comp-g": group, "comp-t": LEAF}))

    assert world.resolver().why_undecided(TaskPath("condition-1")) == (
        "task 'condition-1': condition: null and a number have no order (in 'inputs.parameter_"
        "values['x'] > inputs.parameter_values['y']'); input 'x' is null, pass a value"
    )


def test_a_loop_over_null_says_what_to_pass() -> None:
    root_inputs = {"p": {"parameterType": "LIST", "isOptional": True}}
    world = looped("items", parameters={"items": given("p")}, root_inputs=root_inputs)

    assert world.resolver().why_undecided(TaskPath("for-loop-1")) == (
        "task 'for-loop-1': input 'items' holds the items of the loop and is null; pass a list"
    )


def test_a_deciding_pod_tells_the_length_of_a_loop_that_runs() -> None:
    world = looped(["a", "b"])

    assert decide_task(TaskPath("for-loop-1"), resolver=world.resolver()) == {
        "condition": True,
        "length": 2,
    }
