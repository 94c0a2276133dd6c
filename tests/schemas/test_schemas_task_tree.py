"""The task tree: what lies at a path of a run, and what the IR says about it."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import pytest

from argosy_schemas.errors import Reason, UnknownTaskError
from argosy_schemas.ir.model import (
    ArtifactSpec,
    ArtifactType,
    Component,
    ComponentInput,
    Constant,
    ContainerExecutor,
    Dag,
    ImporterExecutor,
    InputItems,
    Interface,
    Iterator,
    ParameterInput,
    ParameterSpec,
    ParameterType,
    Pipeline,
    RawItems,
    RetryPolicy,
    Task,
    TriggerStrategy,
)
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import TaskPath

STRING = ParameterSpec(type=ParameterType.STRING)
DATASET = ArtifactSpec(type=ArtifactType(schema_title="system.Dataset"))
CONTAINER = ContainerExecutor(image="busybox")
IMPORTER = ImporterExecutor(uri=Constant("gs://a/b"), type=DATASET.type)
WRITTEN = ParameterInput(source=Constant("a"))


def use(key: str, component: str, **fields: object) -> Task:
    return Task(key=key, display_name="", component=component, **fields)  # type: ignore[arg-type]


def holder(name: str, *tasks: Task) -> Component:
    return Component(name=name, dag=Dag(tasks={task.key: task for task in tasks}))


def leaf(name: str, executor: ContainerExecutor | ImporterExecutor = CONTAINER) -> Component:
    return Component(
        name=name,
        inputs=Interface(parameters={"text": STRING}, artifacts={"data": DATASET}),
        executor_label=name,
        executor=executor,
    )


LOOP = Iterator(items=RawItems(items=("a", "b")), item_input="item")
DEEP_RETRY = RetryPolicy(max_count=2)
OUTER_RETRY = RetryPolicy(max_count=5)

PIPELINE = Pipeline(
    name="pipeline",
    root=holder(
        "root",
        use("train", "comp-train"),
        use("fetch", "comp-fetch"),
        use("inner", "comp-inner", retry=OUTER_RETRY),
        use("each", "comp-inner", iterator=LOOP),
        use("many", "comp-train", iterator=LOOP),
        use("nested", "comp-nested", iterator=LOOP),
        use("after", "comp-train", strategy=TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED),
    ),
    components={
        "comp-train": leaf("comp-train"),
        "comp-fetch": leaf("comp-fetch", IMPORTER),
        "comp-inner": holder(
            "comp-inner", use("train", "comp-train"), use("own", "comp-train", retry=DEEP_RETRY)
        ),
        "comp-nested": holder("comp-nested", use("each", "comp-inner", iterator=LOOP)),
    },
)


@pytest.fixture
def tree() -> TaskTree:
    return TaskTree(PIPELINE)


@pytest.mark.parametrize(
    ("path", "component", "kind"),
    [
        ("", "root", TaskKind.DAG),
        ("train", "comp-train", TaskKind.CONTAINER),
        ("fetch", "comp-fetch", TaskKind.IMPORTER),
        ("inner", "comp-inner", TaskKind.DAG),
        ("inner/train", "comp-train", TaskKind.CONTAINER),
        ("each", "comp-inner", TaskKind.LOOP),
        ("each/1", "comp-inner", TaskKind.ITERATION),
        ("each/1/train", "comp-train", TaskKind.CONTAINER),
        ("many", "comp-train", TaskKind.LOOP),
        ("many/0", "comp-train", TaskKind.ITERATION),
        ("nested/3/each", "comp-inner", TaskKind.LOOP),
        ("nested/3/each/12/own", "comp-train", TaskKind.CONTAINER),
    ],
)
def test_a_path_leads_to_a_component_and_a_kind(
    tree: TaskTree, path: str, component: str, kind: TaskKind
) -> None:
    position = tree.at(TaskPath(path))

    assert (position.path, position.component.name, position.kind) == (path, component, kind)


def test_the_root_has_no_task_and_lies_in_nothing(tree: TaskTree) -> None:
    root = tree.at(TaskPath(""))

    assert root is tree.root
    assert (root.task, root.parent, root.loop, root.index) == (None, None, None, None)
    assert root.around == ()
    assert (root.is_loop, root.has_dag, root.retry, root.display_name) == (False, True, None, "")


def test_a_task_in_a_nested_loop_knows_what_it_lies_in(tree: TaskTree) -> None:
    position = tree.at(TaskPath("nested/3/each/12/own"))

    iteration = position.parent
    assert iteration is not None
    assert iteration.loop is not None
    assert iteration.parent is not None
    assert position.task == PIPELINE.components["comp-inner"].dag.tasks["own"]  # type: ignore[union-attr]
    assert (position.loop, position.index) == (None, None)
    assert (iteration.path, iteration.index) == ("nested/3/each/12", 12)
    assert (iteration.loop.path, iteration.loop.is_loop) == ("nested/3/each", True)
    assert (iteration.parent.path, iteration.parent.index) == ("nested/3", 3)
    assert (iteration.is_loop, iteration.has_dag) == (False, True)
    assert [each.path for each in position.around] == ["nested/3/each/12", "nested/3", ""]


def test_step_by_step_is_the_same_as_by_path(tree: TaskTree) -> None:
    loop = tree.child(tree.root, "each")

    position = tree.child(tree.iteration(loop, 7), "train")

    assert position.path == "each/7/train"
    assert position.task == tree.at(TaskPath("each/7/train")).task


def test_a_display_name_is_that_of_the_task_else_its_key_with_the_index_of_an_iteration() -> None:
    named = Task(key="each", display_name="For each", component="comp-inner", iterator=LOOP)
    tree = TaskTree(Pipeline(name="p", root=holder("root", named), components=PIPELINE.components))

    names = [tree.at(TaskPath(path)).display_name for path in ("each", "each/4", "each/4/train")]

    assert names == ["For each", "For each [4]", "train"]


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        ("train", None),
        ("inner", OUTER_RETRY),
        ("inner/train", OUTER_RETRY),
        ("inner/own", DEEP_RETRY),
        ("each/0/own", DEEP_RETRY),
        ("each/0/train", None),
    ],
)
def test_a_retry_policy_is_inherited_from_the_nearest_task_around(
    tree: TaskTree, path: str, policy: RetryPolicy | None
) -> None:
    assert tree.at(TaskPath(path)).retry == policy


def test_the_trigger_strategy_says_who_ignores_upstream_failures(tree: TaskTree) -> None:
    found = [
        key
        for key in ("train", "after", "each")
        if tree.child(tree.root, key).ignores_upstream_failure
    ]

    assert found == ["after"]
    assert not tree.root.ignores_upstream_failure


def test_executors_are_told_apart(tree: TaskTree) -> None:
    found = {
        path: (tree.at(TaskPath(path)).container, tree.at(TaskPath(path)).importer)
        for path in ("", "train", "fetch")
    }

    assert found == {"": (None, None), "train": (CONTAINER, None), "fetch": (None, IMPORTER)}


def test_inputs_are_the_declared_ones_then_those_passed_besides_then_the_item() -> None:
    over_artifacts = Iterator(items=InputItems(name="list"), item_input="one", over_artifacts=True)
    tree = TaskTree(
        Pipeline(
            name="p",
            root=holder(
                "root",
                use("a", "comp-train", parameters={"besides": WRITTEN, "text": WRITTEN}),
                use("b", "comp-train", iterator=LOOP),
                use(
                    "c",
                    "comp-train",
                    artifacts={"list": ComponentInput("list")},
                    iterator=over_artifacts,
                ),
            ),
            components=PIPELINE.components,
        )
    )

    a, b, c = (tree.child(tree.root, key) for key in "abc")

    assert (a.parameter_names, a.artifact_names) == (("text", "besides"), ("data",))
    assert (b.parameter_names, b.artifact_names) == (("text", "item"), ("data",))
    assert (c.parameter_names, c.artifact_names) == (("text",), ("data", "list", "one"))


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("gone", "the pipeline holds no task 'gone'"),
        ("inner/gone", "task 'inner' holds no task 'gone'"),
        ("train/gone", "task 'train' holds no task 'gone'"),
        ("gone/train", "the pipeline holds no task 'gone'"),
        ("each/train", "loop 'each' has no iteration 'train'"),
        ("each/-1", "loop 'each' has no iteration '-1'"),
        ("each/01", "loop 'each' has no iteration '01'"),
        ("each/\u0663", "loop 'each' has no iteration '\u0663'"),
        ("each//train", "loop 'each' has no iteration ''"),
        ("inner/", "task 'inner' holds no task ''"),
        ("/train", "the path '/train' begins with a slash"),
    ],
)
def test_a_path_that_the_pipeline_lacks_is_refused(tree: TaskTree, path: str, problem: str) -> None:
    with pytest.raises(UnknownTaskError) as caught:
        tree.at(TaskPath(path))

    assert str(caught.value) == (
        f"{problem}; compile the pipeline again, workflow and IR do not belong together"
    )
    assert caught.value.reason is Reason.INTERNAL


def test_only_a_loop_has_iterations(tree: TaskTree) -> None:
    with pytest.raises(UnknownTaskError, match="task 'each/2' is not a loop"):
        tree.iteration(tree.at(TaskPath("each/2")), 0)


def test_a_position_is_kept_but_not_those_of_ten_thousand_iterations(tree: TaskTree) -> None:
    assert tree.at(TaskPath("inner/train")) is tree.at(TaskPath("inner/train"))

    for index in range(10_000):
        tree.at(TaskPath(f"each/{index}/train"))

    gc.collect()
    assert sum(isinstance(each, TaskPosition) for each in gc.get_objects()) < 2000


def test_threads_may_share_a_tree(tree: TaskTree) -> None:
    paths = [TaskPath(f"nested/{index % 40}/each/{index}/own") for index in range(5000)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(tree.at, paths))

    assert [position.path for position in found] == paths
